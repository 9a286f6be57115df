/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "core/oneway.h"
#include "core/random.h"
#include "unit.h"

enum { FORWARD = 3000000, RESIDENCE = 100000, REVERSE = 5000000, OFFSET = 77 };

static const int64_t epoch = 1700000000 * NS_PER_SEC;

/* Probe i of one each second, as a far clock ahead by offset stamps it. */
static struct oneway_probe made(uint64_t i, int64_t offset, int64_t forward, int64_t reverse)
{
	int64_t left = (int64_t)(1 + i) * NS_PER_SEC;
	int64_t received = left + forward, sent = received + RESIDENCE;

	return (struct oneway_probe){
		.sequence = i,
		.left = { left },
		.received = { received + epoch + offset },
		.sent = { sent + epoch + offset },
		.arrived = { sent + reverse },
		.own_offset = epoch,
	};
}

static struct oneway_result add(struct oneway *oneway, uint64_t i, int64_t offset)
{
	struct oneway_probe probe = made(i, offset, FORWARD, REVERSE);

	return oneway_add(oneway, &probe);
}

TEST(one_probe_bounds_each_direction_by_its_round_trip)
{
	struct oneway oneway;

	oneway_init(&oneway, 0);
	struct oneway_result result = add(&oneway, 0, OFFSET);

	assert_int_equal(result.verdict, ONEWAY_MEASURED);
	assert_int_equal(result.residence, RESIDENCE);
	assert_int_equal(result.rtt, FORWARD + REVERSE);
	assert_int_equal(result.forward.low, 0);
	assert_in_range(result.forward.high, result.rtt, result.rtt + 200);
	assert_in_range(result.forward.estimate, result.rtt / 2, result.rtt / 2 + 100);
	assert_int_equal(result.forward.pdv, 0);
	assert_false(result.forward.has_ipdv);
}

TEST(the_lowest_of_each_direction_bound_together)
{
	struct oneway oneway;

	oneway_init(&oneway, 0);
	/* Quiet on the one way, then on the other, a millisecond apart. */
	for (uint64_t i = 0; i < 2; i++) {
		struct oneway_probe probe =
			made(0, OFFSET, i ? FORWARD : 9 * FORWARD, i ? 9 * REVERSE : REVERSE);

		probe.left.ns += (int64_t)i * NS_PER_MS;
		probe.received.ns += (int64_t)i * NS_PER_MS;
		probe.sent.ns += (int64_t)i * NS_PER_MS;
		probe.arrived.ns += (int64_t)i * NS_PER_MS;
		struct oneway_result result = oneway_add(&oneway, &probe);

		if (i == 0)
			continue;
		int64_t width = result.forward.high - result.forward.low;

		assert_in_range(width, FORWARD + REVERSE, FORWARD + REVERSE + 100000);
		assert_in_range(FORWARD, result.forward.low, result.forward.high);
	}
}

TEST(variation_is_what_queueing_adds)
{
	struct oneway oneway;

	oneway_init(&oneway, 0);
	for (uint64_t i = 0; i < 50; i++)
		(void)add(&oneway, i, OFFSET);
	struct oneway_probe probe = made(50, OFFSET, FORWARD + 40000, REVERSE + 7000);
	struct oneway_result result = oneway_add(&oneway, &probe);

	assert_in_range(result.forward.pdv, 39000, 40000);
	assert_in_range(result.reverse.pdv, 6000, 7000);
	assert_true(result.forward.has_ipdv);
	assert_int_equal(result.forward.ipdv, 40000);
	assert_int_equal(result.reverse.ipdv, 7000);
	/* What follows a loss is not consecutive. */
	probe = made(52, OFFSET, FORWARD, REVERSE);
	result = oneway_add(&oneway, &probe);
	assert_false(result.forward.has_ipdv);
	assert_false(result.reverse.has_ipdv);
}

TEST(stamps_that_cannot_be_are_said_to_be_so_and_change_nothing)
{
	struct oneway oneway, before;

	oneway_init(&oneway, 0);
	(void)add(&oneway, 0, OFFSET);
	const struct oneway_probe good = made(1, OFFSET, FORWARD, REVERSE);
	struct oneway_probe bad[] = { good, good, good, good, good, good, good, good, good };

	bad[0].left.ns = 0;
	bad[1].arrived.ns = 0;
	bad[2].received.ns = 0;
	bad[3].sent.ns = 0;
	bad[4].sent.ns = bad[4].received.ns - 1;
	bad[5].sent.ns = bad[5].received.ns + RESIDENCE + FORWARD + REVERSE + 1000000;
	bad[6].received.ns = INT64_MIN;
	bad[7].sent.ns = INT64_MAX;
	bad[8].arrived.ns = bad[8].left.ns - 1;
	for (size_t i = 0; i < COUNT(bad); i++) {
		before = oneway;
		assert_int_equal(oneway_add(&oneway, &bad[i]).verdict, ONEWAY_IMPOSSIBLE);
		assert_int_equal(oneway.impossible, i + 1);
		assert_int_equal(oneway.probes, before.probes);
		assert_memory_equal(&oneway.era, &before.era, sizeof(before.era));
	}
	assert_int_equal(oneway_clock(&oneway).impossible, COUNT(bad));
}

TEST(a_clock_may_be_wrong_by_half_a_century)
{
	static const int64_t offsets[] = { -1699999999 * NS_PER_SEC, 2500000000 * NS_PER_SEC,
		                           -1699999999 * NS_PER_SEC };
	struct oneway oneway;
	uint64_t i = 0;

	oneway_init(&oneway, 0);
	for (size_t place = 0; place < COUNT(offsets); place++)
		for (int n = 0; n < 5; n++) {
			struct oneway_result result = add(&oneway, i++, offsets[place]);

			assert_in_range(FORWARD, result.forward.low, result.forward.high);
			assert_in_range(REVERSE, result.reverse.low, result.reverse.high);
		}
	assert_int_equal(oneway_clock(&oneway).steps, 2);
	assert_true(llabs(oneway_clock(&oneway).offset - offsets[2]) <
	            oneway_clock(&oneway).bound);
}

TEST(a_step_is_suspected_then_told_once)
{
	struct oneway oneway;
	unsigned suspicious = 0;

	oneway_init(&oneway, 0);
	for (uint64_t i = 0; i < 20; i++)
		assert_int_equal(add(&oneway, i, OFFSET).verdict, ONEWAY_MEASURED);
	for (uint64_t i = 20; i < 40; i++) {
		struct oneway_result result = add(&oneway, i, OFFSET - 50 * NS_PER_MS);

		suspicious += result.verdict == ONEWAY_SUSPICIOUS;
		if (result.verdict != ONEWAY_STEPPED)
			continue;
		assert_int_equal(suspicious, 2);
		assert_in_range(-result.step, 50 * NS_PER_MS - 20000, 50 * NS_PER_MS + 20000);
		assert_int_equal(result.step_since.ns, 21 * NS_PER_SEC);
		assert_int_equal(result.forward.pdv, -1);
	}
	struct oneway_clock clock = oneway_clock(&oneway);

	assert_int_equal(suspicious, 2);
	assert_int_equal(clock.steps, 1);
	assert_int_equal(clock.knowledge, ONEWAY_AFTER_STEP);
	assert_in_range(-clock.last_step, 50 * NS_PER_MS - 20000, 50 * NS_PER_MS + 20000);
}

TEST(before_anything_is_heard_nothing_is_known)
{
	struct oneway oneway;

	oneway_init(&oneway, 0);
	assert_int_equal(oneway_clock(&oneway).knowledge, ONEWAY_NOTHING);
	(void)add(&oneway, 0, OFFSET);
	assert_int_equal(oneway_clock(&oneway).knowledge, ONEWAY_BY_ROUND_TRIP);
	oneway_renew(&oneway);
	assert_int_equal(oneway_clock(&oneway).knowledge, ONEWAY_NOTHING);
}

TEST(both_ends_must_declare)
{
	struct oneway oneway;
	struct oneway_claim yes = { true, 1000 };

	oneway_init(&oneway, 0);
	for (int ends = 0; ends < 4; ends++) {
		struct oneway_probe probe = made((uint64_t)ends, 0, FORWARD, REVERSE);

		probe.own = ends & 1 ? yes : (struct oneway_claim){ 0 };
		probe.far = ends & 2 ? yes : (struct oneway_claim){ 0 };
		struct oneway_result result = oneway_add(&oneway, &probe);
		int64_t width = result.forward.high - result.forward.low;

		assert_true(ends == 3 ? width <= 8000 : width > FORWARD);
		assert_in_range(FORWARD, result.forward.low, result.forward.high);
		assert_int_equal(oneway_clock(&oneway).own_synchronised, ends & 1);
		assert_int_equal(oneway_clock(&oneway).far_synchronised, ends >> 1);
	}
	assert_int_equal(oneway_clock(&oneway).knowledge, ONEWAY_BY_DECLARATION);
	assert_in_range(oneway_clock(&oneway).bound, 0, 2000);
}

static void assert_ordered(const struct oneway_delay *delay)
{
	assert_true(delay->low >= 0);
	assert_in_range(delay->estimate, delay->low, delay->high);
	assert_true(delay->pdv >= -1);
}

TEST(whatever_the_stamps_say_no_delay_is_negative)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct random random;
		struct oneway oneway;

		random_seed(&random, seed);
		oneway_init(&oneway, (int64_t)(seed * 10));
		for (uint64_t i = 0; i < 5000; i++) {
			unsigned bits = 3 + (unsigned)(random_next(&random) % 59);
			int64_t any = (int64_t)(random_next(&random) >> bits);
			struct oneway_probe probe =
				made(i, any - epoch, any % FORWARD, REVERSE);

			probe.own.synchronised = probe.far.synchronised = any % 3;
			probe.own.error = probe.far.error = any % 70000;
			struct oneway_result result = oneway_add(&oneway, &probe);

			if (result.verdict == ONEWAY_IMPOSSIBLE)
				continue;
			assert_ordered(&result.forward);
			assert_ordered(&result.reverse);
			assert_true(oneway_clock(&oneway).bound >= 0);
		}
		assert_true(oneway.probes > 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_probe_bounds_each_direction_by_its_round_trip),
		cmocka_unit_test(the_lowest_of_each_direction_bound_together),
		cmocka_unit_test(variation_is_what_queueing_adds),
		cmocka_unit_test(stamps_that_cannot_be_are_said_to_be_so_and_change_nothing),
		cmocka_unit_test(a_clock_may_be_wrong_by_half_a_century),
		cmocka_unit_test(a_step_is_suspected_then_told_once),
		cmocka_unit_test(before_anything_is_heard_nothing_is_known),
		cmocka_unit_test(both_ends_must_declare),
		cmocka_unit_test(whatever_the_stamps_say_no_delay_is_negative),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
