/* SPDX-License-Identifier: MIT */
#include "app/key_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/target_file.h"
#include "base/parse.h"
#include "base/text.h"

static const char text_mark[] = "text:";

static int nibble(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, char_lower(c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int read_hexadecimal(const char *text, struct stamp_key *key)
{
	size_t digits = strlen(text);

	if (digits % 2 || digits / 2 > KEY_BYTES_MAX)
		return -EINVAL;
	for (size_t i = 0; i < digits; i += 2) {
		int high = nibble(text[i]), low = nibble(text[i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		key->bytes[i / 2] = (uint8_t)(high << 4 | low);
	}
	key->length = (uint8_t)(digits / 2);
	return 0;
}

static int read_key(const char *text, struct stamp_key *key)
{
	size_t mark = strlen(text_mark), length = strlen(text);

	if (strncmp(text, text_mark, mark) != 0)
		return read_hexadecimal(text, key);
	if (length - mark > KEY_BYTES_MAX)
		return -EINVAL;
	memcpy(key->bytes, text + mark, length - mark);
	key->length = (uint8_t)(length - mark);
	return 0;
}

static int read_ssid(const char *word, uint16_t *out)
{
	int64_t ssid = 0;

	if (strcmp(word, "*") == 0)
		return 0;
	if (parse_integer(word, 1, UINT16_MAX, &ssid) < 0)
		return -EINVAL;
	*out = (uint16_t)ssid;
	return 0;
}

static const struct stamp_key *find(const struct key_ring *ring, uint16_t ssid)
{
	for (size_t i = 0; i < ring->count; i++)
		if (ring->keys[i].ssid == ssid)
			return &ring->keys[i];
	return NULL;
}

/* Nothing of a line is ever repeated: who forgot the SSID has put a key in its place. */
static int take(struct key_ring *ring, const struct target_line *line, struct err *err)
{
	if (ring->count == KEYS_MAX)
		return err_set(err, -EINVAL, "more than %d keys", KEYS_MAX);
	struct stamp_key *key = &ring->keys[ring->count];

	*key = (struct stamp_key){ 0 };
	if (read_ssid(line->word, &key->ssid) < 0)
		return err_set(err, -EINVAL, "no SSID (1 to 65535, or *) before the key");
	if (!line->label || read_key(line->label, key) < 0 || key->length < KEY_BYTES_MIN)
		return err_set(
			err, -EINVAL,
			"no key of %d to %d bytes (hexadecimal, or text:WORDS) behind the "
			"SSID",
			KEY_BYTES_MIN, KEY_BYTES_MAX);
	if (find(ring, key->ssid))
		return err_set(err, -EINVAL, "a second key for this SSID");
	ring->count++;
	return 0;
}

static int take_line(struct key_ring *ring, char *text, size_t length, struct err *err)
{
	struct target_line line = { 0 };

	if (length > TARGET_LINE_MAX)
		return err_set(err, -EINVAL, "longer than %d bytes", TARGET_LINE_MAX);
	if (memchr(text, '\0', length))
		return err_set(err, -EINVAL, "no line of text");
	int result = target_line_read(text, length, &line, err);

	return result < 0 || !line.word ? result : take(ring, &line, err);
}

static void wipe_and_free(char *text, size_t room)
{
	if (text)
		explicit_bzero(text, room);
	free(text);
}

static int take_lines(struct key_ring *ring, FILE *file, const char *path, struct err *err)
{
	char *text = NULL;
	size_t room = 0;
	int result = 0;
	ssize_t length;

	for (size_t number = 1; result == 0 && (length = getline(&text, &room, file)) > 0;
	     number++) {
		struct err why = { 0 };

		result = take_line(ring, text, (size_t)length, &why);
		if (result < 0)
			result = err_set(err, result, "%s:%zu: %s", quote(path).text, number,
			                 why.text);
	}
	wipe_and_free(text, room);
	if (result == 0 && ferror(file))
		result = err_set(err, -errno, "cannot read '%s': %s", quote(path).text,
		                 err_reason(errno).text);
	return result;
}

static int check_mode(FILE *file, const char *path, struct err *err)
{
	struct stat status;

	if (fstat(fileno(file), &status) < 0 || !S_ISREG(status.st_mode) ||
	    !(status.st_mode & S_IRWXO))
		return 0;
	return err_set(err, -EACCES,
	               "'%s' is open to everybody: keys must not be (chmod o= '%s')",
	               quote(path).text, quote(path).text);
}

static int read_file(struct key_ring *ring, const char *path, struct err *err)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return err_set(err, -errno, "cannot open '%s': %s", quote(path).text,
		               err_reason(errno).text);
	/* No copy of a key stays in a buffer that nobody wipes. */
	(void)setvbuf(file, NULL, _IONBF, 0);
	int result = check_mode(file, path, err);

	if (result == 0)
		result = take_lines(ring, file, path, err);
	(void)fclose(file);
	return result;
}

int key_file_read(const char *path, struct key_ring *out, struct err *err)
{
	struct key_ring ring = { .keys = calloc(KEYS_MAX, sizeof(struct stamp_key)) };

	if (!ring.keys)
		return err_set(err, -ENOMEM, "cannot read '%s': out of memory",
		               quote(path).text);
	int result = read_file(&ring, path, err);

	if (result == 0 && ring.count == 0)
		result = err_set(err, -EINVAL, "'%s' holds no key", quote(path).text);
	if (result < 0) {
		key_ring_done(&ring);
		return result;
	}
	*out = ring;
	return 0;
}

void key_ring_done(struct key_ring *ring)
{
	if (ring->keys)
		explicit_bzero(ring->keys, KEYS_MAX * sizeof(struct stamp_key));
	free(ring->keys);
	*ring = (struct key_ring){ 0 };
}

const struct stamp_key *key_ring_find(const struct key_ring *ring, uint16_t ssid)
{
	const struct stamp_key *key = find(ring, ssid);

	if (key)
		return key;
	if (ssid == 0 && ring->count == 1)
		return &ring->keys[0];
	return find(ring, 0);
}
