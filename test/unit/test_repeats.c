/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <string.h>

#include "service/repeats.h"
#include "unit.h"

enum { LARGEST = 65507 };

static uint8_t payload[LARGEST];

static struct address at(const char *literal, uint16_t port)
{
	struct address address;

	assert_int_equal(address_parse(literal, &address), 0);
	address_set_port(&address, port);
	return address;
}

static struct repeats *fresh(void)
{
	struct repeats *repeats = NULL;

	assert_int_equal(repeats_new(&repeats), 0);
	memset(payload, 0, sizeof(payload));
	return repeats;
}

static bool drops(struct repeats *repeats, const struct address *from, size_t length)
{
	return repeats_complete_row(repeats, from, payload, length);
}

/* How many of count alike are dropped. */
static int dropped(struct repeats *repeats, const struct address *from, size_t length,
                   int count)
{
	int total = 0;

	for (int i = 0; i < count; i++)
		total += drops(repeats, from, length);
	return total;
}

static void assert_last_of_each_thousand(const char *host, size_t length)
{
	struct address from = at(host, 9);
	struct repeats *repeats = fresh();

	for (int thousand = 0; thousand < 3; thousand++) {
		assert_int_equal(dropped(repeats, &from, length, REPEATS_ROW - 1), 0);
		assert_true(drops(repeats, &from, length));
	}
	repeats_free(repeats);
}

TEST(of_each_thousand_alike_the_last_is_dropped)
{
	static const size_t lengths[] = { 0, 1, 63, 64, 65, 1472, LARGEST };

	for (size_t i = 0; i < COUNT(lengths); i++) {
		assert_last_of_each_thousand("192.0.2.1", lengths[i]);
		assert_last_of_each_thousand("2001:db8::1", lengths[i]);
	}
}

/* A counter of one byte, wherever it is, is variation enough. */
TEST(a_payload_that_varies_in_a_single_byte_is_never_dropped)
{
	static const size_t places[] = { 0, 7, 63, 64, 65, 1000, 32768, LARGEST - 1 };
	struct address from = at("192.0.2.1", 9);

	for (size_t i = 0; i < COUNT(places); i++) {
		struct repeats *repeats = fresh();

		for (int sent = 0; sent < 3 * REPEATS_ROW; sent++) {
			payload[places[i]] ^= 1;
			assert_false(drops(repeats, &from, places[i] + 1));
		}
		repeats_free(repeats);
	}
}

TEST(a_row_ends_with_the_first_that_differs_in_any_byte_or_in_length)
{
	static const size_t places[] = { 0, 63, 64, 199 };
	struct address from = at("2001:db8::1", 9);

	for (size_t i = 0; i < COUNT(places); i++) {
		struct repeats *repeats = fresh();

		assert_int_equal(dropped(repeats, &from, 200, REPEATS_ROW - 1), 0);
		payload[places[i]] ^= 0x80;
		assert_false(drops(repeats, &from, 200));
		payload[places[i]] ^= 0x80;
		assert_int_equal(dropped(repeats, &from, 200, REPEATS_ROW - 1), 0);
		assert_false(drops(repeats, &from, 199));
		assert_int_equal(dropped(repeats, &from, 200, REPEATS_ROW - 1), 0);
		assert_true(drops(repeats, &from, 200));
		repeats_free(repeats);
	}
}

TEST(each_source_has_a_row_of_its_own)
{
	struct address sources[] = {
		at("192.0.2.1", 9),   at("192.0.2.1", 10),   at("192.0.2.2", 9),
		at("2001:db8::1", 9), at("2001:db8::1", 10), at("2001:db8::2", 9),
	};
	struct repeats *repeats = fresh();

	for (int i = 1; i < REPEATS_ROW; i++)
		for (size_t s = 0; s < COUNT(sources); s++)
			assert_false(drops(repeats, &sources[s], 64));
	for (size_t s = 0; s < COUNT(sources); s++)
		assert_true(drops(repeats, &sources[s], 64));
	repeats_free(repeats);
}

/* Between two datagrams of a loop come a hundred of others, each from a port never seen before. */
TEST(a_row_outlasts_a_crowd_of_strangers)
{
	struct address loop = at("192.0.2.1", 9), stranger = at("198.51.100.1", 0);
	struct repeats *repeats = fresh();
	uint32_t host = 0;
	int total = 0;

	for (int i = 0; i < REPEATS_ROW; i++) {
		total += drops(repeats, &loop, 64);
		for (int s = 0; s < 100; s++) {
			stranger.v4.sin_addr.s_addr = htonl(0xc6336400U + host++);
			assert_false(drops(repeats, &stranger, 64));
		}
	}
	assert_int_equal(total, 1);
	repeats_free(repeats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_each_thousand_alike_the_last_is_dropped),
		cmocka_unit_test(a_payload_that_varies_in_a_single_byte_is_never_dropped),
		cmocka_unit_test(
			a_row_ends_with_the_first_that_differs_in_any_byte_or_in_length),
		cmocka_unit_test(each_source_has_a_row_of_its_own),
		cmocka_unit_test(a_row_outlasts_a_crowd_of_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
