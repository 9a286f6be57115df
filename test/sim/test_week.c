/* SPDX-License-Identifier: MIT */
/* What is measured for a week takes the memory of what is measured for a minute. */
#include "core/losses.h"
#include "core/stats.h"
#include "memory.h"
#include "sim/brisk.h"
#include "unit.h"

/* A millisecond each.  A sanitizer takes ten times as long. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SAMPLES = 2000000, PROBES = 300000 };
#else
enum { SAMPLES = 20000000, PROBES = 3000000 };
#endif
enum { MINUTE = 60000, LOSE = 50 /* of so many, two: over a thousand outages a minute */ };
enum { LOST = 2 * (PROBES / LOSE) };

/* What malloc() rounds up is not ours. */
enum { ROUNDED_UP = 64 };

struct measured {
	struct stats stats;
	struct losses losses;
	struct random random;
};

static void measure(struct measured *measured, uint64_t from, uint64_t to)
{
	struct loss_run ended;

	for (uint64_t i = from; i < to; i++) {
		struct mono sent = { (int64_t)i * NS_PER_MS };
		int64_t rtt = 1 + (int64_t)(random_next(&measured->random) >> (20 + i % 40));

		if (i % LOSE < 2) {
			(void)losses_lost(&measured->losses, i, i, sent, NS_PER_MS, &ended);
			continue;
		}
		(void)losses_kept(&measured->losses, i, &ended);
		stats_add(&measured->stats, i, rtt);
	}
}

static void assert_constant(enum stats_thrift thrift)
{
	struct measured measured = { 0 };
	int64_t before = memory()->held;

	random_seed(&measured.random, 1);
	assert_int_equal(stats_init(&measured.stats, 0, thrift), 0);
	measure(&measured, 1, MINUTE);
	int64_t held = memory()->held;
	uint64_t taken = memory()->taken;

	measure(&measured, MINUTE, SAMPLES);
	assert_int_equal(memory()->held, held);
	assert_int_equal(memory()->taken, taken);
	assert_in_range(held - before, 1,
	                stats_bytes(0, thrift) + losses_bytes(0) + ROUNDED_UP);
	assert_int_equal(measured.stats.count, measured.stats.histogram->count);
	assert_int_equal(losses_counts(&measured.losses).outages, SAMPLES / LOSE - 1);
	assert_int_equal(losses_count(&measured.losses), LOSSES_KEPT);
	stats_done(&measured.stats);
	losses_done(&measured.losses);
	assert_int_equal(memory()->held, before);
}

TEST(statistics_take_no_more_memory_after_a_minute)
{
	assert_constant(STATS_AMPLE);
}

TEST(nor_do_those_of_one_target_of_thousands)
{
	assert_constant(STATS_FRUGAL);
}

static struct session_options endless(struct brisk *brisk)
{
	return (struct session_options){
		.probe = { .size = 56, .interval = NS_PER_MS, .timeout = 200 * NS_PER_MS },
		.loop = &brisk->loop,
		.seeded = true,
		.seed = 1,
	};
}

static void assert_session_constant(bool stamped)
{
	struct brisk brisk;
	int64_t before = memory()->held;

	assert_int_equal(brisk_init(&brisk, 1024), 0);
	brisk.delay = 20 * NS_PER_MS;
	brisk.spread = 20 * NS_PER_MS;
	brisk.lose = LOSE;
	brisk.stamped = stamped;
	struct session_options options = endless(&brisk);

	assert_int_equal(session_new(&brisk.session, &options), 0);
	assert_int_equal(brisk_add(&brisk, 0, 0), 0);
	brisk_run(&brisk, MINUTE);
	int64_t held = memory()->held;
	uint64_t taken = memory()->taken;

	brisk_run(&brisk, PROBES);
	assert_int_equal(memory()->held, held);
	assert_int_equal(memory()->taken, taken);
	const struct target *target = brisk.session->targets[0];

	assert_int_equal(target->tally.transmitted, PROBES);
	assert_true(target->tally.received > (uint64_t)PROBES * 9 / 10);
	assert_in_range(target->tally.lost, LOST - 20, LOST);
	session_free(brisk.session);
	brisk_done(&brisk);
	assert_int_equal(memory()->held, before);
}

TEST(a_session_takes_no_more_memory_after_a_minute)
{
	assert_session_constant(false);
}

TEST(nor_does_one_with_the_kernels_stamps)
{
	assert_session_constant(true);
}

TEST(nor_does_one_that_tells_every_ten_seconds_and_it_said_how_much)
{
	struct brisk brisk;
	int64_t most = 0, later = 0;

	assert_int_equal(brisk_init(&brisk, 1024), 0);
	int64_t before = memory()->held;
	struct session_options options = endless(&brisk);

	options.report = 10 * NS_PER_SEC;
	brisk.lose = LOSE;
	assert_int_equal(session_new(&brisk.session, &options), 0);
	assert_int_equal(brisk_add(&brisk, 0, 0), 0);
	/* Every second: an interval begins, and another one is told. */
	for (uint64_t sent = 0; sent < PROBES; sent += 1000) {
		int64_t *held = sent < UINT64_C(2) * MINUTE ? &most : &later;

		brisk_run(&brisk, sent);
		*held = span_max(*held, memory()->held - before);
	}
	assert_in_range(later, 1, most);
	assert_in_range(most, 1, session_memory(brisk.session) + ROUNDED_UP);
	session_free(brisk.session);
	assert_int_equal(memory()->held, before);
	brisk_done(&brisk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statistics_take_no_more_memory_after_a_minute),
		cmocka_unit_test(nor_do_those_of_one_target_of_thousands),
		cmocka_unit_test(a_session_takes_no_more_memory_after_a_minute),
		cmocka_unit_test(nor_does_one_with_the_kernels_stamps),
		cmocka_unit_test(
			nor_does_one_that_tells_every_ten_seconds_and_it_said_how_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
