/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/inflight.h"
#include "core/random.h"
#include "unit.h"

static struct inflight table_of(size_t room)
{
	struct inflight inflight = { 0 };

	assert_int_equal(inflight_reserve(&inflight, room), 0);
	return inflight;
}

/* Sends one more probe, which remembers its own key. */
static uint64_t send_one(struct inflight *inflight)
{
	uint64_t key = 0;
	struct flight *flight = inflight_open(inflight, &key);

	assert_non_null(flight);
	flight_note(flight)->sequence = (uint32_t)key;
	return key;
}

TEST(keys_count_from_one)
{
	struct inflight inflight = table_of(8);

	for (uint64_t key = 1; key <= 8; key++)
		assert_int_equal(send_one(&inflight), key);
	assert_null(inflight_find(&inflight, 0));
	assert_null(inflight_find(&inflight, 9));
	assert_null(inflight_find(&inflight, UINT64_MAX));
	assert_int_equal(flight_more(inflight_find(&inflight, 3))->sequence, 3);
	inflight_done(&inflight);
}

TEST(an_open_probe_is_never_overwritten)
{
	struct inflight inflight = table_of(8);
	uint64_t key = 0;

	for (int i = 0; i < 8; i++)
		(void)send_one(&inflight);
	assert_null(inflight_open(&inflight, &key));
	inflight_settle(inflight_find(&inflight, 2), FATE_LOST);
	assert_null(inflight_open(&inflight, &key)); /* the slot that is needed is that of 1 */
	inflight_settle(inflight_find(&inflight, 1), FATE_ANSWERED);
	assert_int_equal(send_one(&inflight), 9);
	assert_null(inflight_find(&inflight, 1));
	inflight_done(&inflight);
}

TEST(when_a_probe_was_queued_is_kept_beside_it)
{
	struct inflight inflight = { .queueing = true };

	assert_int_equal(inflight_reserve(&inflight, 4), 0);
	for (int64_t i = 1; i <= 4; i++) {
		const struct flight *flight = inflight_find(&inflight, send_one(&inflight));

		assert_false(mono_known(inflight_queued(&inflight, flight)));
		inflight_note_queued(&inflight, flight, (struct mono){ 10 * i });
		inflight_note_queued(&inflight, flight, (struct mono){ 10 * i + 1 });
	}
	assert_int_equal(inflight_reserve(&inflight, 8), 0);
	for (uint64_t key = 1; key <= 4; key++)
		assert_int_equal(inflight_queued(&inflight, inflight_find(&inflight, key)).ns,
		                 10 * key);
	for (uint64_t key = 1; key <= 4; key++)
		inflight_settle(inflight_find(&inflight, key), FATE_ANSWERED);
	for (uint64_t key = 5; key <= 9; key++)
		(void)send_one(&inflight);
	/* Nobody inherits it. */
	assert_int_equal(inflight_queued(&inflight, inflight_find(&inflight, 9)).ns, 0);
	inflight_done(&inflight);
}

TEST(where_nobody_asks_it_is_not_kept)
{
	struct inflight inflight = table_of(8);
	const struct flight *flight = inflight_find(&inflight, send_one(&inflight));

	inflight_note_queued(&inflight, flight, (struct mono){ 10 });
	assert_false(mono_known(inflight_queued(&inflight, flight)));
	inflight_done(&inflight);
}

TEST(late_answer_still_finds_its_probe)
{
	struct inflight inflight = table_of(8);
	uint64_t first = send_one(&inflight);

	inflight_settle(inflight_find(&inflight, first), FATE_LOST);
	for (int i = 0; i < 7; i++)
		inflight_settle(inflight_find(&inflight, send_one(&inflight)), FATE_ANSWERED);
	struct flight *flight = inflight_find(&inflight, first);

	assert_non_null(flight);
	assert_false(flight->open);
	assert_int_equal(flight->fate, FATE_LOST);
	assert_int_equal(flight_more(flight)->sequence, first);
	(void)send_one(&inflight);
	assert_null(inflight_find(&inflight, first));
	inflight_done(&inflight);
}

TEST(the_oldest_is_the_first_that_is_still_open)
{
	struct inflight inflight = table_of(8);
	uint64_t key = 0;

	assert_null(inflight_oldest(&inflight, &key));
	for (int i = 0; i < 5; i++)
		(void)send_one(&inflight);
	inflight_settle(inflight_find(&inflight, 2), FATE_ANSWERED);
	assert_non_null(inflight_oldest(&inflight, &key));
	assert_int_equal(key, 1);
	inflight_settle(inflight_find(&inflight, 1), FATE_ANSWERED);
	assert_non_null(inflight_oldest(&inflight, &key));
	assert_int_equal(key, 3);
	for (uint64_t k = 3; k <= 5; k++)
		inflight_settle(inflight_find(&inflight, k), FATE_LOST);
	assert_null(inflight_oldest(&inflight, &key));
	assert_int_equal(send_one(&inflight), 6);
	assert_non_null(inflight_oldest(&inflight, &key));
	assert_int_equal(key, 6);
	inflight_done(&inflight);
}

TEST(a_withdrawn_key_is_given_again)
{
	struct inflight inflight = table_of(8);
	uint64_t key = 0;

	assert_int_equal(send_one(&inflight), 1);
	inflight_withdraw(&inflight);
	assert_null(inflight_find(&inflight, 1));
	assert_null(inflight_oldest(&inflight, &key));
	assert_int_equal(send_one(&inflight), 1);
	assert_non_null(inflight_oldest(&inflight, &key));
	assert_int_equal(key, 1);
	inflight_done(&inflight);
}

TEST(more_room_keeps_what_is_in_flight)
{
	struct inflight inflight = table_of(8);

	for (int i = 0; i < 20; i++) {
		uint64_t key = send_one(&inflight);

		if (key <= 15)
			inflight_settle(inflight_find(&inflight, key), FATE_ANSWERED);
	}
	assert_int_equal(inflight_reserve(&inflight, 100), 0);
	assert_int_equal(inflight.room, 128);
	for (uint64_t key = 13; key <= 20; key++) {
		assert_int_equal(flight_more(inflight_find(&inflight, key))->sequence, key);
		assert_int_equal(inflight_find(&inflight, key)->open, key > 15);
	}
	for (int i = 0; i < 100; i++)
		(void)send_one(&inflight);
	assert_int_equal(flight_more(inflight_find(&inflight, 16))->sequence, 16);
	assert_int_equal(inflight_reserve(&inflight, 8), 0); /* it never shrinks */
	assert_int_equal(inflight.room, 128);
	inflight_done(&inflight);
}

TEST(lean_it_takes_half_as_much_and_forgets_no_nonce)
{
	struct inflight lean = { .lean = true }, whole = { 0 };
	uint64_t key = 0;

	assert_int_equal(inflight_reserve(&lean, 8), 0);
	assert_int_equal(inflight_reserve(&whole, 8), 0);
	for (uint64_t i = 1; i <= 20; i++) {
		struct flight *flight = inflight_open(&lean, &key);

		assert_non_null(flight);
		assert_int_equal(key, i);
		assert_int_equal(flight->nonce, 0);
		flight->nonce = i * i;
		flight->due = (struct mono){ (int64_t)i };
		if (i == 8)
			assert_int_equal(inflight_reserve(&lean, 16), 0);
		if (i >= 8)
			inflight_settle(inflight_find(&lean, i - 7), FATE_ANSWERED);
	}
	inflight_withdraw(&lean);
	assert_null(inflight_find(&lean, 20));
	for (uint64_t i = 5; i < 20; i++) {
		assert_int_equal(inflight_find(&lean, i)->nonce, i * i);
		assert_int_equal(inflight_find(&lean, i)->due.ns, i);
		assert_int_equal(inflight_find(&lean, i)->open, i > 13);
	}
	assert_non_null(inflight_oldest(&lean, &key));
	assert_int_equal(key, 14);
	assert_int_equal(inflight_bytes(&lean), 16 * 32);
	assert_int_equal(inflight_bytes(&whole), 8 * 64);
	inflight_done(&lean);
	inflight_done(&whole);
}

TEST(a_million_lean_ones_take_32_megabytes)
{
	struct inflight inflight = { .lean = true };

	assert_int_equal(inflight_reserve(&inflight, 1 << 20), 0);
	assert_int_equal(inflight_bytes(&inflight), 32 << 20);
	inflight_done(&inflight);
}

TEST(a_place_that_is_taken_again_begins_anew)
{
	struct inflight inflight = table_of(2);

	for (int i = 0; i < 4; i++) {
		uint64_t key = send_one(&inflight);
		struct flight *flight = inflight_find(&inflight, key);

		assert_int_equal(flight_more(flight)->delay, 0);
		assert_int_equal(flight_more(flight)->hardware, 0);
		assert_false(mono_known(flight_more(flight)->left));
		flight_note(flight)->delay = 1;
		flight_note(flight)->hardware = 2;
		flight_note(flight)->left = (struct mono){ 3 };
		inflight_settle(flight, FATE_ANSWERED);
	}
	assert_int_equal(inflight_bytes(&inflight), 2 * 64);
	inflight_done(&inflight);
}

/* --- where keys may be left out --- */

TEST(a_key_whose_slot_is_taken_is_left_out)
{
	struct inflight inflight = table_of(8);
	uint64_t key = 0;

	inflight.skips = true;
	for (int i = 0; i < 8; i++)
		(void)send_one(&inflight);
	for (uint64_t k = 3; k <= 8; k++)
		inflight_settle(inflight_find(&inflight, k), FATE_ANSWERED);
	/* 1 and 2 stand in the way of 9 and 10. */
	assert_int_equal(send_one(&inflight), 11);
	assert_null(inflight_find(&inflight, 9));
	assert_null(inflight_find(&inflight, 10));
	assert_non_null(inflight_oldest(&inflight, &key));
	assert_int_equal(key, 1);
	inflight_settle(inflight_find(&inflight, 1), FATE_LOST);
	assert_non_null(inflight_oldest(&inflight, &key));
	assert_int_equal(key, 2);
	inflight_done(&inflight);
}

TEST(who_finds_no_slot_takes_no_key)
{
	struct inflight inflight = table_of(8);
	uint64_t key = 0;

	inflight.skips = true;
	for (int i = 0; i < 8; i++)
		(void)send_one(&inflight);
	assert_null(inflight_open(&inflight, &key));
	assert_int_equal(inflight.next, 9);
	assert_int_equal(inflight_reserve(&inflight, 16), 0);
	assert_int_equal(send_one(&inflight), 9);
	inflight_done(&inflight);
}

TEST(a_key_that_was_left_out_and_withdrawn_leaves_all_as_it_was)
{
	struct inflight inflight = table_of(8);

	inflight.skips = true;
	for (int i = 0; i < 8; i++)
		(void)send_one(&inflight);
	inflight_settle(inflight_find(&inflight, 2), FATE_ANSWERED);
	assert_int_equal(send_one(&inflight), 10);
	inflight_withdraw(&inflight);
	assert_null(inflight_find(&inflight, 10));
	assert_int_equal(send_one(&inflight), 10);
	inflight_done(&inflight);
}

static void assert_oldest(struct inflight *inflight, const bool *open, uint64_t newest)
{
	uint64_t oldest = 1, found = newest + 1;

	while (oldest <= newest && !open[oldest])
		oldest++;
	(void)inflight_oldest(inflight, &found);
	assert_int_equal(found, oldest);
}

/* Against a list of what is open: with skips, growth and any order of settling. */
TEST(however_it_skips_and_grows_nobody_is_lost)
{
	enum { MOST = 4096 };
	static bool open[MOST + 1]; /* by key */
	struct inflight inflight = table_of(4);
	struct random random;
	uint64_t key = 0, last = 0;

	memset(open, 0, sizeof(open));
	random_seed(&random, 5);
	inflight.skips = true;
	for (;;) {
		const struct flight *flight = inflight_open(&inflight, &key);

		if (!flight) {
			assert_int_equal(inflight_reserve(&inflight, 2 * inflight.room), 0);
			continue;
		}
		assert_true(key > last);
		if (key > MOST)
			break;
		last = key;
		open[key] = true;
		while (random_next(&random) % 9 < 4) {
			uint64_t other = key - random_next(&random) % 256;

			if (other > key || !open[other])
				continue;
			assert_true(inflight_find(&inflight, other)->open);
			inflight_settle(inflight_find(&inflight, other), FATE_ANSWERED);
			open[other] = false;
		}
		assert_oldest(&inflight, open, key);
	}
	inflight_done(&inflight);
}

static void assert_unwraps(unsigned bits, uint64_t sent)
{
	struct inflight inflight = table_of(8);
	uint64_t mask = (UINT64_C(1) << bits) - 1;

	inflight.next = sent + 1;
	for (uint64_t behind = 0; behind < 8; behind++)
		assert_int_equal(inflight_unwrap(&inflight, (sent - behind) & mask, bits),
		                 sent - behind);
	/* What was not sent yet is the one a whole turn before, if there was such a turn. */
	assert_int_equal(inflight_unwrap(&inflight, (sent + 1) & mask, bits),
	                 sent > mask ? sent - mask : 0);
	inflight_done(&inflight);
}

TEST(a_wire_of_16_or_32_bits_wraps_without_a_doubt)
{
	static const uint64_t keys[] = { 8,       0x7fff,     0xfff0,    0xffff,
		                         0x10000, 0x10001,    0x10007,   0x1ffff,
		                         0x20003, 0xfffffff0, 0xffffffff };

	for (size_t i = 0; i < COUNT(keys); i++) {
		assert_unwraps(16, keys[i]);
		assert_unwraps(32, keys[i]);
		assert_unwraps(32, keys[i] + 0x100000000);
	}
}

TEST(nothing_sent_means_no_key_at_all)
{
	struct inflight inflight = table_of(8);

	for (uint64_t wire = 0; wire < 0x10000; wire++)
		assert_int_equal(inflight_unwrap(&inflight, wire, 16), 0);
	inflight_done(&inflight);
}

TEST(a_full_table_of_16_bits_knows_every_key_on_the_wire)
{
	struct inflight inflight = table_of(1 << 16);

	for (int i = 0; i < 3 << 16; i++)
		inflight_settle(inflight_find(&inflight, send_one(&inflight)), FATE_ANSWERED);
	for (uint64_t wire = 0; wire < 1 << 16; wire++) {
		uint64_t key = inflight_unwrap(&inflight, wire, 16);
		struct flight *flight = inflight_find(&inflight, key);

		assert_non_null(flight);
		assert_int_equal(flight_more(flight)->sequence & 0xffff, wire);
	}
	inflight_done(&inflight);
}

TEST(whatever_order_they_end_in_the_oldest_is_right)
{
	struct inflight inflight = table_of(64);
	bool open[4096] = { false };
	struct random random;
	uint64_t newest = 0, key = 0;

	random_seed(&random, 5);
	for (int i = 0; i < 8000 && newest + 1 < COUNT(open); i++) {
		uint64_t low = newest > 50 ? newest - 50 : 1;

		if (random_next(&random) % 2 && !open[low]) {
			newest = send_one(&inflight);
			open[newest] = true;
		} else if (newest > 0) {
			uint64_t one = low + random_next(&random) % (newest - low + 1);

			one = open[low] ? low : one;
			inflight_settle(inflight_find(&inflight, one), FATE_ANSWERED);
			open[one] = false;
		}
		uint64_t expected = 1;

		while (expected <= newest && !open[expected])
			expected++;
		assert_int_equal(inflight_oldest(&inflight, &key) != NULL, expected <= newest);
		assert_true(expected > newest || key == expected);
	}
	inflight_done(&inflight);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lean_it_takes_half_as_much_and_forgets_no_nonce),
		cmocka_unit_test(a_million_lean_ones_take_32_megabytes),
		cmocka_unit_test(a_place_that_is_taken_again_begins_anew),
		cmocka_unit_test(keys_count_from_one),
		cmocka_unit_test(an_open_probe_is_never_overwritten),
		cmocka_unit_test(when_a_probe_was_queued_is_kept_beside_it),
		cmocka_unit_test(where_nobody_asks_it_is_not_kept),
		cmocka_unit_test(late_answer_still_finds_its_probe),
		cmocka_unit_test(the_oldest_is_the_first_that_is_still_open),
		cmocka_unit_test(a_withdrawn_key_is_given_again),
		cmocka_unit_test(more_room_keeps_what_is_in_flight),
		cmocka_unit_test(a_key_whose_slot_is_taken_is_left_out),
		cmocka_unit_test(who_finds_no_slot_takes_no_key),
		cmocka_unit_test(a_key_that_was_left_out_and_withdrawn_leaves_all_as_it_was),
		cmocka_unit_test(however_it_skips_and_grows_nobody_is_lost),
		cmocka_unit_test(a_wire_of_16_or_32_bits_wraps_without_a_doubt),
		cmocka_unit_test(nothing_sent_means_no_key_at_all),
		cmocka_unit_test(a_full_table_of_16_bits_knows_every_key_on_the_wire),
		cmocka_unit_test(whatever_order_they_end_in_the_oldest_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
