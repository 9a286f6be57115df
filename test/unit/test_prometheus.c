/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "unit.h"
#include "wire/prometheus.h"

enum { ROOM = 2048 };

struct sheet {
	struct prometheus page;
	char text[ROOM];
};

static void begin(struct sheet *sheet)
{
	prometheus_init(&sheet->page, sheet->text, ROOM - 1);
	sheet->page.name = "m";
}

static const char *said(struct sheet *sheet)
{
	sheet->text[sheet->page.length] = '\0';
	return sheet->text;
}

TEST(a_family_tells_its_help_and_type_then_its_samples)
{
	struct sheet sheet;
	const struct prometheus_label labels[] = { { "service", "udp-echo" },
		                                   { "reason", "rate" } };

	begin(&sheet);
	prometheus_family(&sheet.page, "drops_total", PROMETHEUS_COUNTER, "Lost.");
	prometheus_count(&sheet.page, labels, 2, 3);
	prometheus_count(&sheet.page, labels, 1, UINT64_MAX);
	prometheus_family(&sheet.page, "open", PROMETHEUS_GAUGE, "Now.");
	prometheus_count(&sheet.page, NULL, 0, 0);
	assert_string_equal(said(&sheet),
	                    "# HELP drops_total Lost.\n"
	                    "# TYPE drops_total counter\n"
	                    "drops_total{service=\"udp-echo\",reason=\"rate\"} 3\n"
	                    "drops_total{service=\"udp-echo\"} 18446744073709551615\n"
	                    "# HELP open Now.\n"
	                    "# TYPE open gauge\n"
	                    "open 0\n");
}

TEST(a_span_is_told_in_seconds_to_the_last_nanosecond)
{
	static const struct {
		int64_t span;
		const char *line;
	} known[] = {
		{ 0, "m 0\n" },
		{ 1, "m 0.000000001\n" },
		{ 1500000000, "m 1.5\n" },
		{ 10000000000, "m 10\n" },
		{ INT64_C(1795879170787039272), "m 1795879170.787039272\n" },
	};

	for (size_t i = 0; i < COUNT(known); i++) {
		struct sheet sheet;

		begin(&sheet);
		prometheus_seconds(&sheet.page, NULL, 0, known[i].span);
		assert_string_equal(said(&sheet), known[i].line);
	}
}

TEST(no_label_ends_its_quotes_and_no_help_its_line)
{
	struct sheet sheet;
	const struct prometheus_label label = { "l", "a\"} 1\nb\\c" };

	begin(&sheet);
	prometheus_count(&sheet.page, &label, 1, 1);
	prometheus_family(&sheet.page, "m", PROMETHEUS_GAUGE, "a \"b\"\nc\\d");
	assert_string_equal(said(&sheet), "m{l=\"a\\\"} 1\\nb\\\\c\"} 1\n"
	                                  "# HELP m a \"b\"\\nc\\\\d\n# TYPE m gauge\n");
}

TEST(buckets_hold_all_that_is_not_above_their_edge)
{
	static const int64_t edges[] = { 1024, 2048 };
	static const uint64_t within[] = { 5, 0, 2 };
	struct sheet sheet;

	begin(&sheet);
	prometheus_histogram(&sheet.page, edges, within, 2, 2500000000);
	assert_string_equal(said(&sheet), "m_bucket{le=\"0.000001024\"} 5\n"
	                                  "m_bucket{le=\"0.000002048\"} 5\n"
	                                  "m_bucket{le=\"+Inf\"} 7\n"
	                                  "m_sum 2.5\n"
	                                  "m_count 7\n");
}

TEST(a_page_never_grows_beyond_its_room_and_tells_that_it_is_full)
{
	static const char whole[] = "m 12345\n";
	char text[sizeof(whole)];

	for (size_t room = 0; room < sizeof(whole); room++) {
		struct prometheus page;

		memset(text, '#', sizeof(text));
		prometheus_init(&page, text, room);
		page.name = "m";
		prometheus_count(&page, NULL, 0, 12345);
		assert_int_equal(page.full, room < strlen(whole));
		assert_true(page.length <= room);
		assert_int_equal(text[room], '#');
		assert_memory_equal(text, whole, page.length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_family_tells_its_help_and_type_then_its_samples),
		cmocka_unit_test(a_span_is_told_in_seconds_to_the_last_nanosecond),
		cmocka_unit_test(no_label_ends_its_quotes_and_no_help_its_line),
		cmocka_unit_test(buckets_hold_all_that_is_not_above_their_edge),
		cmocka_unit_test(a_page_never_grows_beyond_its_room_and_tells_that_it_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
