/* SPDX-License-Identifier: MIT */
/* What a load takes from the heap is taken before it begins. */
#include "core/random.h"
#include "memory.h"
#include "sim/loading.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SAMPLES = 1000000 };
#else
enum { SAMPLES = 10000000 };
#endif

TEST(nothing_is_allocated_while_it_runs)
{
	struct load load;

	load_prepare(&load, &server_datagrams, load_fair());
	load_pace(&load, LOAD_POISSON, SAMPLES / 10.0, SAMPLES / 10.0);
	load.plan.connections = 10;
	load.plan.depth = 100;
	server_begin(&load.server, &load.plan);
	int64_t held = memory()->held;
	uint64_t taken = memory()->taken;
	const struct load_tally *tally = server_finish(&load.server);

	assert_true(tally->counts.answered > SAMPLES / 5);
	assert_int_equal(memory()->held, held);
	assert_int_equal(memory()->taken, taken);
	server_done(&load.server);
}

TEST(a_thousand_million_samples_take_the_memory_of_one)
{
	struct load_tally once, all;
	struct random random;

	random_seed(&random, 3);
	assert_int_equal(load_tally_init(&once), 0);
	assert_int_equal(load_tally_init(&all), 0);
	int64_t held = memory()->held;
	uint64_t taken = memory()->taken;

	for (int i = 0; i < SAMPLES; i++)
		load_times_add(&once.corrected,
		               (int64_t)(random_next(&random) >> (20 + i % 40)));
	for (int i = 0; i < 1000000000 / SAMPLES; i++)
		load_tally_merge(&all, &once);
	assert_int_equal(all.corrected.histogram.count, 1000000000);
	assert_int_equal(histogram_quantile(&all.corrected.histogram, 0.999),
	                 histogram_quantile(&once.corrected.histogram, 0.999));
	assert_int_equal(memory()->held, held);
	assert_int_equal(memory()->taken, taken);
	load_tally_done(&once);
	load_tally_done(&all);
}

TEST(what_is_in_flight_has_a_place_of_a_fixed_size)
{
	struct load load;

	load_prepare(&load, &server_datagrams, load_fair());
	load.plan.depth = 1 << 20;
	int64_t before = memory()->held;

	server_begin(&load.server, &load.plan);
	struct load_room room = driver_room(load.server.driver);

	assert_int_equal(room.entries, 1 << 20);
	assert_in_range(memory()->held - before, room.bytes, room.bytes + (1 << 20));
	server_done(&load.server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_allocated_while_it_runs),
		cmocka_unit_test(a_thousand_million_samples_take_the_memory_of_one),
		cmocka_unit_test(what_is_in_flight_has_a_place_of_a_fixed_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
