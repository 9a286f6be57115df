/* SPDX-License-Identifier: MIT */
/* What people read of a reflector: never more than is known. */
#include "probe/reflection.h"
#include "report/reflected.h"
#include "reports.h"

enum { OUT = 100000, RESIDENCE = 50000, BACK = 100000 };

#define HOUR (3600 * NS_PER_SEC)
#define WALL (INT64_C(1700000000) * NS_PER_SEC)

struct page {
	struct asked asked;
	struct paper paper;
	struct reflection *reflection;
};

static void begin(struct page *page)
{
	*page = (struct page){ 0 };
	asked_init(&page->asked, "stamp://192.0.2.7:862", NULL);
	assert_int_equal(reflection_new(&page->reflection, 0, STATS_AMPLE, 0), 0);
	page->asked.target->reflection = page->reflection;
	paper_open(&page->paper);
}

static void end(struct page *page)
{
	paper_close(&page->paper);
	reflection_free(page->reflection);
	asked_done(&page->asked);
}

struct lore {
	int64_t offset;
	bool synchronised;
	bool backwards; /* T3 before T2 */
};

/* The answer to a probe, with this number, by such a clock. */
static struct sample hear(struct page *page, uint64_t sequence, uint32_t number,
                          const struct lore *lore)
{
	struct sample sample =
		unit_sample(&page->asked, sequence, FATE_ANSWERED, OUT + RESIDENCE + BACK);
	struct far far = {
		.received = { sample.left.ns + OUT + WALL + lore->offset },
		.asked = (uint32_t)sequence - 1,
		.sequence = number,
		.own = { lore->synchronised, 10000 },
		.clock = { lore->synchronised, 10000 },
		.ttl = 61,
		.tos = -1,
		.dscp = -1,
	};

	far.sent.ns = far.received.ns + (lore->backwards ? -1 : RESIDENCE);
	sample.far = &far;
	(void)reflection_heard(page->reflection, &sample, WALL);
	reflected_line(page->paper.out, page->asked.target, &sample);
	sample.far = NULL;
	return sample;
}

static void hear_many(struct page *page, uint64_t count, const struct lore *lore)
{
	for (uint64_t s = 1; s <= count; s++) {
		reflection_sent(page->reflection);
		(void)hear(page, s, (uint32_t)s - 1, lore);
	}
}

static const char *told(struct page *page, bool verbose)
{
	reflected_print(page->paper.out, page->asked.target, verbose);
	return paper_read(&page->paper);
}

TEST(a_delay_is_told_by_its_bounds)
{
	struct lore lore = { .offset = HOUR };
	struct page page;

	begin(&page);
	hear_many(&page, 20, &lore);
	const char *text = told(&page, true);

	assert_contains(text, " (forward 0.000..0.20");
	assert_contains(text, "residence 0.050)");
	assert_contains(text, "least one-way delay forward 0.000..0.20");
	assert_contains(text, "forward: ttl 61 on arrival");
	assert_contains(text, "far clock 3600.00");
	assert_contains(text, " s ahead ± 0.1");
	assert_contains(text, "within half the least round trip");
	assert_lacks(text, " -");
	end(&page);
}

TEST(a_clock_that_is_behind_is_not_a_negative_delay)
{
	struct lore lore = { .offset = -HOUR };
	struct page page;

	begin(&page);
	hear_many(&page, 20, &lore);
	const char *text = told(&page, true);

	assert_contains(text, " s behind ± ");
	assert_lacks(text, " -");
	assert_lacks(text, "..-");
	end(&page);
}

TEST(two_clocks_that_agree_say_what_they_rest_on)
{
	struct lore lore = { .synchronised = true };
	struct page page;

	begin(&page);
	hear_many(&page, 20, &lore);
	assert_contains(told(&page, false), "within the sum of their errors");
	end(&page);
}

TEST(two_clocks_that_only_say_so_are_not_believed)
{
	struct lore lore = { .offset = HOUR, .synchronised = true };
	struct page page;

	begin(&page);
	hear_many(&page, 20, &lore);
	assert_contains(told(&page, false), "but the stamps disprove it");
	end(&page);
}

TEST(of_times_that_cannot_be_nothing_is_told_but_that)
{
	struct lore lore = { .backwards = true };
	struct page page;

	begin(&page);
	hear_many(&page, 5, &lore);
	const char *text = told(&page, true);

	assert_contains(text, "one-way delay is not known");
	assert_contains(text, "5 replies with times that cannot be");
	assert_lacks(text, "far clock");
	assert_lacks(text, "least one-way");
	assert_lacks(text, "pdv");
	assert_lacks(text, "(forward");
	end(&page);
}

TEST(a_clock_that_was_set_is_told_with_its_step)
{
	struct lore before = { 0 }, after = { .offset = 2 * NS_PER_SEC };
	struct page page;

	begin(&page);
	hear_many(&page, 100, &before);
	for (uint64_t s = 101; s <= 125; s++) {
		reflection_sent(page.reflection);
		(void)hear(&page, s, (uint32_t)s - 1, &after);
	}
	const char *text = told(&page, false);

	assert_contains(text, "set 1 times, last by +2000.");
	assert_contains(text, "a clock was set lately");
	end(&page);
}

TEST(losses_are_told_by_direction_where_that_is_known)
{
	struct lore lore = { 0 };
	struct page page;

	begin(&page);
	for (int i = 0; i < 6; i++)
		reflection_sent(page.reflection);
	(void)hear(&page, 1, 0, &lore);
	(void)hear(&page, 3, 1, &lore); /* the second never got there */
	(void)hear(&page, 5, 3, &lore); /* the fourth did */
	assert_contains(told(&page, false), "lost forward 1, reverse 1, undetermined 1\n");
	end(&page);
}

TEST(who_repeats_our_numbers_is_not_guessed_about)
{
	struct lore lore = { 0 };
	struct page page;

	begin(&page);
	for (int i = 0; i < 3; i++)
		reflection_sent(page.reflection);
	(void)hear(&page, 1, 0, &lore);
	(void)hear(&page, 3, 2, &lore);
	const char *text = told(&page, false);

	assert_contains(text, "which way they were lost is not known");
	assert_contains(text, "(undetermined 1)");
	assert_lacks(text, "lost forward");
	end(&page);
}

TEST(where_nothing_was_lost_that_is_worth_a_line_to_the_curious_alone)
{
	struct lore lore = { 0 };
	struct page page;

	begin(&page);
	hear_many(&page, 3, &lore);
	assert_lacks(told(&page, false), "repeat ours");
	assert_contains(told(&page, true), "it copies them, or misses none");
	end(&page);
}

TEST(of_whom_nothing_was_heard_nothing_is_told)
{
	struct page page;

	begin(&page);
	reflection_sent(page.reflection);
	assert_string_equal(told(&page, true), "");
	end(&page);
}

/* With a round trip of seconds microseconds of an offset are no knowledge. */
TEST(an_offset_has_as_many_digits_as_its_bound_allows)
{
	struct page page;
	struct far far = { .asked = 0, .ttl = -1, .tos = -1, .dscp = -1 };

	begin(&page);
	struct sample sample = unit_sample(&page.asked, 1, FATE_ANSWERED, 2 * NS_PER_SEC);

	far.received = far.sent = (struct wall){ sample.left.ns + WALL + HOUR + 123456789 };
	sample.far = &far;
	reflection_sent(page.reflection);
	(void)reflection_heard(page.reflection, &sample, WALL);
	const char *text = told(&page, false);

	assert_contains(text, "far clock 3599.");
	assert_contains(text, " s ahead ± 10");
	const char *digits = strstr(text, "3599.") + strlen("3599.");

	assert_int_equal(strspn(digits, "0123456789"), 3);
	assert_lacks(text, "ppm"); /* one probe tells no rate */
	end(&page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_delay_is_told_by_its_bounds),
		cmocka_unit_test(a_clock_that_is_behind_is_not_a_negative_delay),
		cmocka_unit_test(two_clocks_that_agree_say_what_they_rest_on),
		cmocka_unit_test(two_clocks_that_only_say_so_are_not_believed),
		cmocka_unit_test(of_times_that_cannot_be_nothing_is_told_but_that),
		cmocka_unit_test(a_clock_that_was_set_is_told_with_its_step),
		cmocka_unit_test(losses_are_told_by_direction_where_that_is_known),
		cmocka_unit_test(who_repeats_our_numbers_is_not_guessed_about),
		cmocka_unit_test(
			where_nothing_was_lost_that_is_worth_a_line_to_the_curious_alone),
		cmocka_unit_test(of_whom_nothing_was_heard_nothing_is_told),
		cmocka_unit_test(an_offset_has_as_many_digits_as_its_bound_allows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
