/* SPDX-License-Identifier: MIT */
/* Loss by direction over a simulated network whose truth is known: each claim for many seeds. */
#include <stdlib.h>
#include <string.h>

#include "core/direction.h"
#include "sim/ways.h"
#include "unit.h"

enum { PROBES = 10000, SEEDS = 40, INTERVAL_PROBES = 500, INTERVALS = 64 };

/* The network of the claims: loss both ways at once, in order, once each. */
static struct ways_options fair(uint64_t seed)
{
	return (struct ways_options){
		.seed = seed,
		.probes = PROBES + DIRECTION_CLOSING,
		.closing = DIRECTION_CLOSING,
		.interval = NS_PER_MS,
		.forward_loss = 0.05,
		.reverse_loss = 0.02,
	};
}

static struct ways_options foul(uint64_t seed)
{
	struct ways_options options = fair(seed);

	options.spread = 7 * NS_PER_MS;
	options.reverse_twice = 0.02;
	return options;
}

struct run {
	struct ways ways;
	struct direction direction;
	struct direction_counts truth, told;
	struct direction_counts intervals[INTERVALS], true_intervals[INTERVALS];
	size_t taken, marked;
	size_t heard; /* replies so far */
	bool by_intervals;
};

static uint64_t counted(const struct run *run)
{
	return run->ways.options.probes - run->ways.options.closing;
}

static void add_truth(struct direction_counts *counts, uint8_t truth)
{
	counts->sent++;
	counts->forward_lost += truth == WAYS_LOST_FORWARD;
	counts->reverse_lost += truth == WAYS_LOST_REVERSE;
	counts->received += truth == WAYS_RECEIVED;
}

static void find_truth(struct run *run)
{
	for (uint64_t i = 0; i < counted(run); i++) {
		add_truth(&run->truth, run->ways.truth[i]);
		add_truth(&run->true_intervals[i / INTERVAL_PROBES], run->ways.truth[i]);
	}
}

static void assert_sums_up(const struct direction_counts *counts)
{
	assert_int_equal(counts->sent, counts->received + counts->forward_lost +
	                                       counts->reverse_lost + counts->undetermined);
}

static void hear_until(struct run *run, int64_t at)
{
	for (; run->heard < run->ways.count && run->ways.replies[run->heard].at <= at;
	     run->heard++) {
		const struct ways_reply *reply = &run->ways.replies[run->heard];
		struct direction_counts counts;

		(void)direction_heard(&run->direction, reply->probe, reply->reflector);
		counts = direction_counts(&run->direction);
		assert_sums_up(&counts);
	}
}

/* The intervals whose probes have had all their time. */
static void take(struct run *run, int64_t now)
{
	while (run->taken < run->marked) {
		uint64_t last = (run->taken + 1) * INTERVAL_PROBES - 1;

		if (now < ways_leaves(&run->ways, last) + 2 * run->ways.slowest)
			return;
		assert_true(direction_take(&run->direction, &run->intervals[run->taken++]));
	}
}

static void play(struct run *run)
{
	for (uint64_t i = 0; i < run->ways.options.probes; i++) {
		int64_t leaves = ways_leaves(&run->ways, i);

		hear_until(run, leaves);
		if (run->by_intervals)
			take(run, leaves);
		if (i == counted(run))
			direction_close(&run->direction);
		else if (run->by_intervals && i > 0 && i < counted(run) &&
		         i % INTERVAL_PROBES == 0)
			run->marked += direction_mark(&run->direction);
		direction_sent(&run->direction);
	}
	hear_until(run, INT64_MAX);
	if (run->ways.options.closing == 0)
		direction_close(&run->direction);
	while (run->by_intervals &&
	       direction_take(&run->direction, &run->intervals[run->taken]))
		run->taken++;
	run->told = direction_counts(&run->direction);
}

static struct run *begin(const struct ways_options *options, bool by_intervals)
{
	struct run *run = calloc(1, sizeof(*run));

	run->by_intervals = by_intervals;
	ways_init(&run->ways, options);
	assert_int_equal(direction_init(&run->direction), 0);
	find_truth(run);
	play(run);
	return run;
}

static void end(struct run *run)
{
	direction_done(&run->direction);
	ways_done(&run->ways);
	free(run);
}

static void assert_exact(const struct direction_counts *told,
                         const struct direction_counts *truth)
{
	assert_true(told->is_known);
	assert_int_equal(told->sent, truth->sent);
	assert_int_equal(told->received, truth->received);
	assert_int_equal(told->undetermined, 0);
	assert_int_equal(told->forward_lost, truth->forward_lost);
	assert_int_equal(told->reverse_lost, truth->reverse_lost);
}

/* What is claimed is true, and the rest is within what is open. */
static void assert_honest(const struct direction_counts *told,
                          const struct direction_counts *truth)
{
	assert_sums_up(told);
	assert_int_equal(told->sent, truth->sent);
	assert_int_equal(told->received, truth->received);
	assert_in_range(truth->forward_lost, told->forward_lost,
	                told->forward_lost + told->undetermined);
	assert_in_range(truth->reverse_lost, told->reverse_lost,
	                told->reverse_lost + told->undetermined);
}

/* Exact, unless the first closing probe was lost: its reply may be the one that is missing. */
static void assert_closed(const struct run *run)
{
	if (run->ways.truth[PROBES] == WAYS_RECEIVED)
		assert_exact(&run->told, &run->truth);
	assert_honest(&run->told, &run->truth);
	assert_in_range(run->told.undetermined, 0, DIRECTION_CLOSING - 1);
}

TEST(loss_on_both_ways_at_once_is_exact)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct ways_options options = fair(seed);
		struct run *run = begin(&options, false);

		assert_true(run->truth.forward_lost > PROBES / 25);
		assert_true(run->truth.reverse_lost > PROBES / 100);
		assert_exact(&run->told, &run->truth);
		end(run);
	}
}

TEST(and_so_it_is_with_reordering_and_duplicated_replies)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct ways_options options = foul(seed);
		struct run *run = begin(&options, false);

		assert_closed(run);
		end(run);
	}
}

TEST(forward_duplicates_leave_undetermined_what_they_hide)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct ways_options options = foul(seed);

		options.forward_twice = 0.01;
		struct run *run = begin(&options, false);

		assert_true(run->ways.masked > 0);
		assert_true(run->told.is_known);
		assert_honest(&run->told, &run->truth);
		assert_in_range(run->told.undetermined, 0, PROBES / 400);
		end(run);
	}
}

TEST(forward_duplicates_whose_replies_all_arrive_hide_little)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct ways_options options = foul(seed);

		options.forward_twice = 0.01;
		options.reverse_loss = 0;
		struct run *run = begin(&options, false);

		assert_exact(&run->told, &run->truth);
		end(run);
	}
}

static void assert_intervals(const struct run *run)
{
	struct direction_counts sum = { 0 };

	assert_int_equal(run->taken, PROBES / INTERVAL_PROBES);
	for (size_t i = 0; i < run->taken; i++) {
		assert_honest(&run->intervals[i], &run->true_intervals[i]);
		sum.undetermined += run->intervals[i].undetermined;
		sum.sent += run->intervals[i].sent;
		sum.received += run->intervals[i].received;
	}
	assert_int_equal(sum.sent, run->told.sent);
	assert_int_equal(sum.received, run->told.received);
	assert_in_range(sum.undetermined, 0, 3 * run->taken);
}

TEST(each_interval_has_the_losses_of_its_own_probes)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct ways_options options = fair(seed);
		struct run *run = begin(&options, true);

		assert_intervals(run);
		assert_closed(run);
		end(run);
	}
}

TEST(with_reordering_across_its_ends_too)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct ways_options options = foul(seed);
		struct run *run = begin(&options, true);

		assert_intervals(run);
		assert_closed(run);
		end(run);
	}
}

TEST(the_tail_is_open_until_a_closing_probe_is_answered)
{
	unsigned with_tail = 0;

	for (uint64_t seed = 1; seed <= UINT64_C(10) * SEEDS; seed++) {
		struct ways_options options = fair(seed);

		options.probes = 200;
		options.closing = 0;
		options.forward_loss = options.reverse_loss = 0.2;
		struct run *run = begin(&options, false);

		assert_honest(&run->told, &run->truth);
		with_tail += run->told.undetermined > 0;
		end(run);
	}
	assert_in_range(with_tail, SEEDS, 9 * SEEDS);
}

TEST(closing_probes_that_are_lost_too_never_make_it_guess)
{
	for (uint64_t seed = 1; seed <= UINT64_C(20) * SEEDS; seed++) {
		struct ways_options options = fair(seed);

		options.probes = 100 + DIRECTION_CLOSING;
		options.forward_loss = options.reverse_loss = 0.3;
		struct run *run = begin(&options, false);

		assert_honest(&run->told, &run->truth);
		end(run);
	}
}

TEST(a_restart_opens_only_what_was_lost_around_it)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct ways_options options = foul(seed);

		options.restart = UINT64_C(2) * DIRECTION_REACH + (seed - 1) * 240;
		struct run *run = begin(&options, true);

		assert_int_equal(run->direction.restarts, 1);
		assert_true(run->told.is_known);
		assert_honest(&run->told, &run->truth);
		assert_in_range(run->told.undetermined, 0, 20);
		end(run);
	}
}

TEST(of_a_reflector_that_copies_nothing_is_claimed)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct ways_options options = foul(seed);

		options.copies = true;
		options.forward_twice = 0.01;
		struct run *run = begin(&options, false);

		assert_false(run->told.is_known);
		assert_int_equal(run->told.forward_lost, 0);
		assert_int_equal(run->told.reverse_lost, 0);
		assert_int_equal(run->told.undetermined,
		                 run->truth.forward_lost + run->truth.reverse_lost);
		assert_int_equal(run->told.received, run->truth.received);
		end(run);
	}
}

TEST(a_session_that_was_there_before_does_not_confuse)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct ways_options options = fair(seed);

		options.first = UINT32_MAX - (uint32_t)(seed * 100);
		struct run *run = begin(&options, false);

		assert_honest(&run->told, &run->truth);
		assert_in_range(run->told.undetermined, 0, 5);
		end(run);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loss_on_both_ways_at_once_is_exact),
		cmocka_unit_test(and_so_it_is_with_reordering_and_duplicated_replies),
		cmocka_unit_test(forward_duplicates_leave_undetermined_what_they_hide),
		cmocka_unit_test(forward_duplicates_whose_replies_all_arrive_hide_little),
		cmocka_unit_test(each_interval_has_the_losses_of_its_own_probes),
		cmocka_unit_test(with_reordering_across_its_ends_too),
		cmocka_unit_test(the_tail_is_open_until_a_closing_probe_is_answered),
		cmocka_unit_test(closing_probes_that_are_lost_too_never_make_it_guess),
		cmocka_unit_test(a_restart_opens_only_what_was_lost_around_it),
		cmocka_unit_test(of_a_reflector_that_copies_nothing_is_claimed),
		cmocka_unit_test(a_session_that_was_there_before_does_not_confuse),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
