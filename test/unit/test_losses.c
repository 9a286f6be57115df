/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "core/losses.h"
#include "core/random.h"
#include "memory.h"
#include "unit.h"

enum { PACE = 1000 };

/* The instant at which the probe with this sequence is sent. */
static struct mono sent_at(uint64_t sequence)
{
	return (struct mono){ NS_PER_SEC + (int64_t)sequence * PACE };
}

static bool lose(struct losses *losses, uint64_t ordinal, struct loss_run *ended)
{
	return losses_lost(losses, ordinal, ordinal, sent_at(ordinal), PACE, ended);
}

/* Tells fates in order, '#' for lost and '.' for not; how many outages ended. */
static unsigned tell(struct losses *losses, const char *fates)
{
	struct loss_run ended;
	unsigned outages = 0;

	for (uint64_t i = 1; fates[i - 1]; i++)
		outages += fates[i - 1] == '#' ? lose(losses, i, &ended)
		                               : losses_kept(losses, i, &ended);
	return outages;
}

TEST(runs_are_counted_with_start_and_length)
{
	struct losses losses = { 0 };

	assert_int_equal(tell(&losses, "..###..#."), 1);
	assert_int_equal(losses_counts(&losses).runs, 2);
	assert_int_equal(losses_counts(&losses).outages, 1);
	assert_int_equal(losses_counts(&losses).longest, 3);
	assert_int_equal(losses_count(&losses), 1);
	const struct loss_run *outage = losses_at(&losses, 0);

	assert_int_equal(outage->first, 3);
	assert_int_equal(outage->length, 3);
	assert_int_equal(outage->start.ns, sent_at(3).ns);
	assert_int_equal(outage->span, 3 * PACE);
	losses_done(&losses);
}

TEST(one_that_lasts_ends_with_the_probes)
{
	struct losses losses = { 0 };
	struct loss_run ended;

	assert_int_equal(tell(&losses, ".####"), 0);
	assert_int_equal(losses_counts(&losses).longest, 4);
	assert_int_equal(losses_counts(&losses).runs, 0);
	assert_true(losses_end(&losses, &ended));
	assert_int_equal(ended.length, 4);
	assert_int_equal(losses_counts(&losses).runs, 1);
	assert_false(losses_end(&losses, &ended));
	assert_int_equal(losses_counts(&losses).runs, 1);
	losses_done(&losses);
}

TEST(a_single_loss_is_a_run_but_no_outage)
{
	struct losses losses = { 0 };
	struct loss_run ended;

	assert_int_equal(tell(&losses, "#.#.#"), 0);
	assert_false(losses_end(&losses, &ended));
	assert_int_equal(losses_counts(&losses).runs, 3);
	assert_int_equal(losses_counts(&losses).outages, 0);
	assert_int_equal(losses_count(&losses), 0);
	losses_done(&losses);
}

TEST(an_answer_that_overtook_the_time_out_ends_the_run_at_once)
{
	struct losses losses = { 0 };
	struct loss_run ended;

	assert_false(losses_kept(&losses, 3, &ended));
	assert_false(lose(&losses, 1, &ended));
	assert_true(lose(&losses, 2, &ended));
	assert_int_equal(ended.first, 1);
	assert_int_equal(ended.length, 2);
	losses_done(&losses);
}

TEST(an_answer_is_remembered_for_as_many_probes_as_the_window_has)
{
	for (uint64_t ahead = LOSSES_WINDOW - 2; ahead <= LOSSES_WINDOW; ahead++) {
		struct losses losses = { 0 };
		struct loss_run ended;

		assert_false(losses_kept(&losses, 3, &ended));
		assert_false(losses_kept(&losses, 3 + ahead, &ended));
		assert_false(lose(&losses, 1, &ended));
		assert_int_equal(lose(&losses, 2, &ended), ahead < LOSSES_WINDOW);
		losses_done(&losses);
	}
}

TEST(what_was_never_sent_neither_makes_nor_ends_a_run)
{
	struct losses losses = { 0 };
	struct loss_run ended;

	/* The 2nd to leave has sequence 2, the 3rd has 7. */
	assert_false(losses_lost(&losses, 1, 1, sent_at(1), PACE, &ended));
	assert_false(losses_lost(&losses, 2, 2, sent_at(2), PACE, &ended));
	assert_false(losses_lost(&losses, 3, 7, sent_at(7), PACE, &ended));
	assert_true(losses_kept(&losses, 4, &ended));
	assert_int_equal(ended.first, 1);
	assert_int_equal(ended.length, 3);
	assert_int_equal(ended.span, 7 * PACE);
	losses_done(&losses);
}

TEST(an_old_loss_is_left_out)
{
	struct losses losses = { 0 };
	struct loss_run ended;

	assert_false(lose(&losses, 5, &ended));
	assert_false(lose(&losses, 5, &ended));
	assert_false(lose(&losses, 2, &ended));
	assert_int_equal(losses_counts(&losses).longest, 1);
	assert_false(losses_end(&losses, &ended));
	assert_int_equal(losses_counts(&losses).runs, 1);
	losses_done(&losses);
}

TEST(the_newest_thousand_are_kept_and_the_rest_counted)
{
	enum { OUTAGES = 2500 };
	struct losses losses = { 0 };
	struct loss_run ended;
	int64_t held = memory()->held;

	for (uint64_t i = 0; i < OUTAGES; i++) {
		assert_false(lose(&losses, 3 * i + 1, &ended));
		assert_false(lose(&losses, 3 * i + 2, &ended));
		assert_true(losses_kept(&losses, 3 * i + 3, &ended));
		assert_int_equal(losses_count(&losses), size_min(i + 1, LOSSES_KEPT));
		assert_int_equal(losses_at(&losses, losses_count(&losses) - 1)->first,
		                 3 * i + 1);
	}
	assert_int_equal(losses_counts(&losses).outages, OUTAGES);
	for (size_t i = 0; i < LOSSES_KEPT; i++)
		assert_int_equal(losses_at(&losses, i)->first,
		                 3 * (OUTAGES - LOSSES_KEPT + i) + 1);
	assert_true(memory()->held - held <= (int64_t)losses_bytes(0));
	losses_done(&losses);
	assert_int_equal(memory()->held, held);
}

TEST(where_memory_is_short_outages_are_forgotten_and_nothing_else)
{
	enum { OUTAGES = 300 };
	struct losses losses = { 0 };
	struct loss_run ended;

	for (uint64_t i = 0; i < OUTAGES; i++) {
		/* None at first, then some, then none again, then all that is asked for. */
		assert_false(lose(&losses, 3 * i + 1, &ended));
		memory()->fails = i < 10 || (i >= 20 && i < 100);
		assert_false(lose(&losses, 3 * i + 2, &ended));
		assert_true(losses_kept(&losses, 3 * i + 3, &ended));
		assert_int_equal(ended.first, 3 * i + 1);
		memory()->fails = false;
		size_t count = losses_count(&losses);

		assert_true(i < 10 ? count == 0 : count > 0);
		for (size_t n = 0; n < count; n++)
			assert_int_equal(losses_at(&losses, n)->first,
			                 3 * (i - count + n + 1) + 1);
	}
	assert_int_equal(losses_counts(&losses).outages, OUTAGES);
	assert_int_equal(losses_counts(&losses).runs, OUTAGES);
	assert_true(losses_count(&losses) >= 200);
	losses_done(&losses);
}

TEST(without_memory_for_the_first_loss_no_run_is_known_and_nothing_breaks)
{
	struct losses losses = { 0 };
	struct loss_run ended;

	memory()->fails = true;
	assert_false(lose(&losses, 1, &ended));
	assert_false(losses_kept(&losses, 2, &ended));
	assert_false(losses_end(&losses, &ended));
	memory()->fails = false;
	assert_int_equal(losses_counts(&losses).runs, 0);
	assert_int_equal(losses_count(&losses), 0);
	/* Later there is some again. */
	assert_false(lose(&losses, 3, &ended));
	assert_false(lose(&losses, 4, &ended));
	assert_true(losses_kept(&losses, 5, &ended));
	assert_int_equal(ended.first, 3);
	losses_done(&losses);
}

/* --- against a model that knows all fates at once --- */

enum { PROBES = 3000 };

struct story {
	struct random random;
	bool lost[PROBES + 2]; /* by ordinal, from 1 */
	uint64_t sequence[PROBES + 2];
	uint64_t told[PROBES + 1]; /* when */
	uint64_t order[PROBES];    /* ordinals as they are told */
};

static uint64_t below(struct story *story, uint64_t limit)
{
	return random_next(&story->random) % limit;
}

/* Long stretches of either fate; every so often a probe that is not sent; answers come up to ahead
 * probes before their turn among the time-outs. */
static void invent(struct story *story, uint64_t seed, uint64_t ahead)
{
	uint64_t sequence = 0, share = 0;

	random_seed(&story->random, seed);
	for (uint64_t i = 1; i <= PROBES; i++) {
		if (i % 50 == 1)
			share = below(story, 11);
		sequence += 1 + (below(story, 10) == 0 ? below(story, 3) : 0);
		story->lost[i] = below(story, 10) < share;
		story->sequence[i] = sequence;
		story->told[i] =
			PROBES * (uint64_t)2 + i - (story->lost[i] ? 0 : below(story, ahead));
	}
	story->lost[PROBES + 1] = false;
}

static int compare(const void *a, const void *b, void *told)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
	uint64_t first = ((const uint64_t *)told)[one],
		 second = ((const uint64_t *)told)[other];

	/* Those told at the same time keep the order of their ordinals. */
	return first == second ? (one > other) - (one < other)
	                       : (first > second) - (first < second);
}

static void put_in_order(struct story *story)
{
	for (size_t n = 0; n < PROBES; n++)
		story->order[n] = n + 1;
	qsort_r(story->order, PROBES, sizeof(uint64_t), compare, story->told);
}

/* The runs as the fates have them; returns how many there are. */
static size_t true_runs(const struct story *story, struct loss_run *runs)
{
	size_t count = 0;

	for (uint64_t i = 1; i <= PROBES; i++) {
		struct mono sent = sent_at(story->sequence[i]);

		if (!story->lost[i])
			continue;
		if (i == 1 || !story->lost[i - 1])
			runs[count++] = (struct loss_run){
				.first = story->sequence[i],
				.start = sent,
			};
		runs[count - 1].length++;
		runs[count - 1].span = mono_since(sent, runs[count - 1].start) + PACE;
	}
	return count;
}

static void assert_run(const struct loss_run *run, const struct loss_run *expected)
{
	assert_int_equal(run->first, expected->first);
	assert_int_equal(run->length, expected->length);
	assert_int_equal(run->start.ns, expected->start.ns);
	assert_int_equal(run->span, expected->span);
}

/* No run lasts beyond the moment at which its end can be known: the next loss, or the fate of the
 * probe after it. */
static void assert_ended(const struct losses *losses, const bool *told, uint64_t begun,
                         uint64_t last)
{
	uint64_t lasts = begun > 0 && !told[last + 1];

	assert_int_equal(losses_counts(losses).runs, begun - lasts);
}

/* Tells a story; the outages in order of their end. */
static size_t tell_story(struct losses *losses, const struct story *story, bool at_once,
                         struct loss_run *outages)
{
	bool told[PROBES + 2] = { [0] = true };
	uint64_t begun = 0, last = 0;
	size_t count = 0;

	for (size_t n = 0; n < PROBES; n++) {
		uint64_t i = story->order[n];
		struct loss_run *ended = &outages[count];

		told[i] = true;
		if (story->lost[i]) {
			begun += i == 1 || !story->lost[i - 1];
			last = i;
			count += losses_lost(losses, i, story->sequence[i],
			                     sent_at(story->sequence[i]), PACE, ended);
		} else {
			count += losses_kept(losses, i, ended);
		}
		if (at_once)
			assert_ended(losses, told, begun, last);
	}
	count += losses_end(losses, &outages[count]);
	return count;
}

static void assert_story(uint64_t seed, uint64_t ahead)
{
	static struct story story;
	static struct loss_run expected[PROBES], outages[PROBES];
	struct losses losses = { 0 };
	uint64_t longest = 0;
	size_t found = 0;

	memset(&story, 0, sizeof(story));
	invent(&story, seed, ahead);
	put_in_order(&story);
	size_t runs = true_runs(&story, expected);
	size_t ended = tell_story(&losses, &story, ahead <= LOSSES_WINDOW, outages);

	for (size_t i = 0; i < runs; i++) {
		longest = expected[i].length > longest ? expected[i].length : longest;
		if (expected[i].length < OUTAGE_LENGTH)
			continue;
		assert_run(&outages[found], &expected[i]);
		assert_run(losses_at(&losses, found++), &expected[i]);
	}
	assert_int_equal(ended, found);
	assert_int_equal(losses_counts(&losses).outages, found);
	assert_int_equal(losses_counts(&losses).runs, runs);
	assert_int_equal(losses_counts(&losses).longest, longest);
	losses_done(&losses);
}

TEST(within_the_window_runs_are_those_of_the_fates_and_end_at_once)
{
	for (uint64_t seed = 1; seed <= 200; seed++)
		assert_story(seed, 1 + seed % LOSSES_WINDOW);
}

TEST(beyond_the_window_a_run_may_end_late_but_never_wrongly)
{
	for (uint64_t seed = 1; seed <= 200; seed++)
		assert_story(seed, LOSSES_WINDOW + 8 * seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_are_counted_with_start_and_length),
		cmocka_unit_test(one_that_lasts_ends_with_the_probes),
		cmocka_unit_test(a_single_loss_is_a_run_but_no_outage),
		cmocka_unit_test(an_answer_that_overtook_the_time_out_ends_the_run_at_once),
		cmocka_unit_test(an_answer_is_remembered_for_as_many_probes_as_the_window_has),
		cmocka_unit_test(what_was_never_sent_neither_makes_nor_ends_a_run),
		cmocka_unit_test(an_old_loss_is_left_out),
		cmocka_unit_test(the_newest_thousand_are_kept_and_the_rest_counted),
		cmocka_unit_test(
			without_memory_for_the_first_loss_no_run_is_known_and_nothing_breaks),
		cmocka_unit_test(where_memory_is_short_outages_are_forgotten_and_nothing_else),
		cmocka_unit_test(within_the_window_runs_are_those_of_the_fates_and_end_at_once),
		cmocka_unit_test(beyond_the_window_a_run_may_end_late_but_never_wrongly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
