/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/key_file.h"
#include "app/target_file.h"
#include "unit.h"

#define HEX "00112233445566778899aabbccddeeff"

enum { LINE_ROOM = 48 };

struct written {
	char path[32];
};

static struct written write_file(const char *text, size_t length, mode_t mode)
{
	struct written file = { "/tmp/sounder-keys-XXXXXX" };
	int fd = mkstemp(file.path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, length), length);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
	return file;
}

static int read_text(const char *text, struct key_ring *ring, struct err *err)
{
	struct written file = write_file(text, strlen(text), 0600);
	int result = key_file_read(file.path, ring, err);

	assert_int_equal(unlink(file.path), 0);
	return result;
}

static void assert_key(const struct stamp_key *key, uint16_t ssid, const void *bytes,
                       size_t length)
{
	assert_non_null(key);
	assert_int_equal(key->ssid, ssid);
	assert_int_equal(key->length, length);
	assert_memory_equal(key->bytes, bytes, length);
}

TEST(keys_are_hexadecimal_or_words)
{
	struct key_ring ring;

	assert_int_equal(read_text("# keys\n\n"
	                           "17     0011223344556677\n"
	                           "0x1f\ttext:correct horse # a comment\r\n"
	                           "*      FFeeDDccBBaa99887766\n"
	                           "65535  text:text:12345",
	                           &ring, NULL),
	                 0);
	assert_int_equal(ring.count, 4);
	assert_key(key_ring_find(&ring, 17), 17, "\x00\x11\x22\x33\x44\x55\x66\x77", 8);
	assert_key(key_ring_find(&ring, 31), 31, "correct horse", 13);
	assert_key(key_ring_find(&ring, 65535), 65535, "text:12345", 10);
	assert_key(key_ring_find(&ring, 4), 0, "\xff\xee\xdd\xcc\xbb\xaa\x99\x88\x77\x66", 10);
	key_ring_done(&ring);
}

TEST(without_a_star_a_session_without_a_line_has_no_key)
{
	struct key_ring ring;

	assert_int_equal(read_text("17 " HEX "\n18 text:eight ok\n", &ring, NULL), 0);
	assert_null(key_ring_find(&ring, 19));
	assert_null(key_ring_find(&ring, 0));
	key_ring_done(&ring);
}

TEST(who_names_no_session_takes_the_only_key_or_the_stars)
{
	struct key_ring ring;

	assert_int_equal(read_text("17 " HEX "\n", &ring, NULL), 0);
	assert_int_equal(key_ring_find(&ring, 0)->ssid, 17);
	assert_null(key_ring_find(&ring, 18));
	key_ring_done(&ring);
	assert_int_equal(read_text("17 " HEX "\n* text:12345678\n", &ring, NULL), 0);
	assert_key(key_ring_find(&ring, 0), 0, "12345678", 8);
	key_ring_done(&ring);
}

TEST(a_key_has_8_to_64_bytes)
{
	char longest[256] = "1 ", words[256] = "1 text:";
	struct key_ring ring;

	memset(longest + 2, 'a', 128);
	memset(words + 7, 'x', 64);
	assert_int_equal(read_text(longest, &ring, NULL), 0);
	assert_int_equal(key_ring_find(&ring, 1)->length, 64);
	key_ring_done(&ring);
	assert_int_equal(read_text(words, &ring, NULL), 0);
	assert_int_equal(key_ring_find(&ring, 1)->length, 64);
	key_ring_done(&ring);
	memset(longest + 2, 'a', 130);
	assert_int_equal(read_text(longest, &ring, NULL), -EINVAL);
	words[7 + 64] = 'x';
	assert_int_equal(read_text(words, &ring, NULL), -EINVAL);
	assert_int_equal(read_text("1 text:1234567", &ring, NULL), -EINVAL);
	assert_int_equal(read_text("1 00112233445566", &ring, NULL), -EINVAL);
}

/* Each of them holds the word "secret", or its digits, somewhere. */
static const char *const wrong[] = {
	"text:secret words\n", /* no SSID */
	"5ec4e75ec4e75ec4e7\n",
	"0 text:secret words\n",
	"65536 text:secret words\n",
	"-1 text:secret words\n",
	"** text:secret words\n",
	"secret\n",
	"17\n",
	"17 secret words without a mark\n",
	"17 5ec4e75ec4e75ec4e\n", /* an odd digit */
	"17 5ec4e75ec4e75ec4eg\n",
	"17 0x5ec4e75ec4e75ec4e7\n",
	"17 text:secret\n",
	"17 text:secret words\n17 text:secret words\n",
	"* text:secret words\n* 5ec4e75ec4e75ec4e7\n",
	"17 text:secret words\n18 secret\n",
};

TEST(what_is_no_key_is_refused_by_file_and_line_and_never_repeated)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct key_ring ring;
		struct err err = { 0 };

		assert_int_equal(read_text(wrong[i], &ring, &err), -EINVAL);
		assert_null(strstr(err.text, "secret"));
		assert_null(strstr(err.text, "5ec4e7"));
		assert_non_null(strstr(err.text, "/tmp/sounder-keys-"));
		assert_true(strstr(err.text, ":1: ") || strstr(err.text, ":2: "));
	}
}

TEST(what_is_no_line_is_not_repeated_either)
{
	char text[TARGET_LINE_MAX + 64];
	struct key_ring ring;
	struct err err = { 0 };

	memset(text, 's', sizeof(text));
	struct written file = write_file(text, sizeof(text), 0600);

	assert_int_equal(key_file_read(file.path, &ring, &err), -EINVAL);
	assert_null(strstr(err.text, "sss"));
	assert_int_equal(unlink(file.path), 0);
	file = write_file("17 se\0cret\n", 11, 0600);
	assert_int_equal(key_file_read(file.path, &ring, &err), -EINVAL);
	assert_null(strstr(err.text, "17 se"));
	assert_int_equal(unlink(file.path), 0);
}

TEST(a_file_without_keys_is_none)
{
	struct key_ring ring;
	struct err err = { 0 };

	assert_int_equal(read_text("", &ring, &err), -EINVAL);
	assert_int_equal(read_text("# nothing\n\n", &ring, &err), -EINVAL);
	assert_non_null(strstr(err.text, "holds no key"));
	assert_int_equal(key_file_read("/nonexistent/keys", &ring, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/keys"));
	assert_int_equal(key_file_read("/", &ring, &err), -EISDIR);
}

TEST(a_file_that_everybody_may_read_or_write_is_refused)
{
	static const mode_t open_to_all[] = { 0604, 0602, 0601, 0666, 0777 };
	static const mode_t closed[] = { 0600, 0400, 0640, 0660 };
	const char *text = "17 " HEX "\n";
	struct key_ring ring;

	for (size_t i = 0; i < sizeof(open_to_all) / sizeof(open_to_all[0]); i++) {
		struct written file = write_file(text, strlen(text), open_to_all[i]);
		struct err err = { 0 };

		assert_int_equal(key_file_read(file.path, &ring, &err), -EACCES);
		assert_non_null(strstr(err.text, "chmod o="));
		assert_int_equal(unlink(file.path), 0);
	}
	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
		struct written file = write_file(text, strlen(text), closed[i]);

		assert_int_equal(key_file_read(file.path, &ring, NULL), 0);
		key_ring_done(&ring);
		assert_int_equal(unlink(file.path), 0);
	}
}

static char *many_lines(size_t count)
{
	char *text = calloc(count, LINE_ROOM);
	size_t length = 0;

	assert_non_null(text);
	for (size_t i = 1; i <= count; i++)
		length += (size_t)snprintf(text + length, LINE_ROOM, "%zu text:12345678\n", i);
	return text;
}

TEST(there_are_4096_keys_at_the_most)
{
	struct key_ring ring;
	char *text = many_lines(KEYS_MAX), *more = many_lines(KEYS_MAX + 1);

	assert_int_equal(read_text(text, &ring, NULL), 0);
	assert_int_equal(ring.count, KEYS_MAX);
	key_ring_done(&ring);
	assert_int_equal(read_text(more, &ring, NULL), -EINVAL);
	free(text);
	free(more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_hexadecimal_or_words),
		cmocka_unit_test(without_a_star_a_session_without_a_line_has_no_key),
		cmocka_unit_test(who_names_no_session_takes_the_only_key_or_the_stars),
		cmocka_unit_test(a_key_has_8_to_64_bytes),
		cmocka_unit_test(what_is_no_key_is_refused_by_file_and_line_and_never_repeated),
		cmocka_unit_test(what_is_no_line_is_not_repeated_either),
		cmocka_unit_test(a_file_without_keys_is_none),
		cmocka_unit_test(a_file_that_everybody_may_read_or_write_is_refused),
		cmocka_unit_test(there_are_4096_keys_at_the_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
