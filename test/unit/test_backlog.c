/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "service/backlog.h"
#include "unit.h"

/* The byte that stands at a place of an endless stream. */
static uint8_t byte_at(size_t place)
{
	return (uint8_t)(place * 7 + place / 251);
}

static void add(struct backlog *backlog, size_t *written, size_t length)
{
	uint8_t bytes[4096];

	for (size_t i = 0; i < length; i++)
		bytes[i] = byte_at(*written + i);
	assert_int_equal(backlog_add(backlog, bytes, length), 0);
	*written += length;
}

static void drop(struct backlog *backlog, size_t *read, size_t length)
{
	for (size_t i = 0; i < length; i++)
		assert_int_equal(backlog_bytes(backlog)[i], byte_at(*read + i));
	backlog_drop(backlog, length);
	*read += length;
}

TEST(what_goes_in_comes_out_in_order)
{
	struct backlog backlog = { 0 };
	size_t written = 0, read = 0;

	for (size_t i = 1; i < 2000; i++) {
		add(&backlog, &written, i * 37 % 4096);
		drop(&backlog, &read, size_min(i * 53 % 3000, backlog.length));
		if (backlog.length > BACKLOG_MAX - 4096)
			drop(&backlog, &read, backlog.length / 2);
	}
	drop(&backlog, &read, backlog.length);
	assert_int_equal(read, written);
	assert_null(backlog.data);
}

TEST(an_empty_backlog_owns_nothing)
{
	struct backlog backlog = { 0 };
	size_t written = 0, read = 0;

	assert_int_equal(backlog_add(&backlog, "", 0), 0);
	assert_null(backlog.data);
	add(&backlog, &written, 1);
	assert_non_null(backlog.data);
	drop(&backlog, &read, 1);
	assert_null(backlog.data);
	assert_int_equal(backlog.room, 0);
}

TEST(beyond_the_written_maximum_nothing_is_added_and_nothing_lost)
{
	static const uint8_t bytes[1024] = { 1 };
	struct backlog backlog = { 0 };

	for (size_t i = 0; i < BACKLOG_MAX / sizeof(bytes); i++)
		assert_int_equal(backlog_add(&backlog, bytes, sizeof(bytes)), 0);
	assert_int_equal(backlog_add(&backlog, bytes, 1), -ENOBUFS);
	assert_int_equal(backlog.length, BACKLOG_MAX);
	assert_true(backlog.room <= BACKLOG_MAX);
	backlog_drop(&backlog, 1);
	assert_int_equal(backlog_add(&backlog, bytes, 1), 0);
	backlog_done(&backlog);
}

TEST(memory_shrinks_as_it_drains)
{
	struct backlog backlog = { 0 };
	size_t written = 0, read = 0;

	for (int i = 0; i < 64; i++)
		add(&backlog, &written, 4096);
	while (backlog.length > 8192) {
		drop(&backlog, &read, 1000);
		assert_true(backlog.room <= 4 * backlog.length + 4096);
	}
	backlog_done(&backlog);
}

TEST(half_a_request_costs_less_than_a_page)
{
	struct backlog backlog = { 0 };

	assert_int_equal(backlog_add(&backlog, "pin", 3), 0);
	assert_true(backlog.room <= 128);
	backlog_done(&backlog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out_in_order),
		cmocka_unit_test(an_empty_backlog_owns_nothing),
		cmocka_unit_test(beyond_the_written_maximum_nothing_is_added_and_nothing_lost),
		cmocka_unit_test(memory_shrinks_as_it_drains),
		cmocka_unit_test(half_a_request_costs_less_than_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
