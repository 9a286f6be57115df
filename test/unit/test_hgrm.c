/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "core/clock.h"
#include "report/hgrm.h"
#include "reports.h"

/* The caller frees it. */
static char *write_out(const struct load_times *times)
{
	struct output output;

	file_open(&output);
	hgrm_write(&output, times);
	char *text = file_read(&output);

	file_close(&output);
	return text;
}

TEST(the_table_of_ten_durations)
{
	struct load_tally tally;

	assert_int_equal(load_tally_init(&tally), 0);
	for (int64_t i = 1; i <= 10; i++)
		load_times_add(&tally.lag, i * NS_PER_MS);
	char *text = write_out(&tally.lag);

	assert_string_equal(text, "       Value     Percentile TotalCount 1/(1-Percentile)\n"
	                          "\n"
	                          "    1.003365 0.000000000000          1           1.00\n"
	                          "    1.003365 0.100000000000          1           1.11\n"
	                          "    2.006730 0.200000000000          2           1.25\n"
	                          "    3.012130 0.300000000000          3           1.43\n"
	                          "    4.013460 0.400000000000          4           1.67\n"
	                          "    5.011211 0.500000000000          5           2.00\n"
	                          "    6.024261 0.550000000000          6           2.22\n"
	                          "    6.024261 0.600000000000          6           2.50\n"
	                          "    7.010582 0.650000000000          7           2.86\n"
	                          "    7.010582 0.700000000000          7           3.33\n"
	                          "    8.026921 0.750000000000          8           4.00\n"
	                          "    8.026921 0.775000000000          8           4.44\n"
	                          "    8.026921 0.800000000000          8           5.00\n"
	                          "    9.042500 0.825000000000          9           5.71\n"
	                          "    9.042500 0.850000000000          9           6.67\n"
	                          "    9.042500 0.875000000000          9           8.00\n"
	                          "    9.042500 0.887500000000          9           8.89\n"
	                          "    9.042500 0.900000000000          9          10.00\n"
	                          "   10.000000 0.912500000000         10          11.43\n"
	                          "   10.000000 1.000000000000         10\n"
	                          "#[Mean    =     5.500000, StdDeviation   =     2.873199]\n"
	                          "#[Max     =    10.000000, Total count    =           10]\n"
	                          "#[Buckets =           43, SubBuckets     =          128]\n");
	free(text);
	load_tally_done(&tally);
}

TEST(without_durations_there_are_no_lines)
{
	struct load_tally tally;

	assert_int_equal(load_tally_init(&tally), 0);
	char *text = write_out(&tally.lag);

	assert_string_equal(text, "       Value     Percentile TotalCount 1/(1-Percentile)\n"
	                          "\n"
	                          "#[Mean    =     0.000000, StdDeviation   =     0.000000]\n"
	                          "#[Max     =     0.000000, Total count    =            0]\n"
	                          "#[Buckets =           43, SubBuckets     =          128]\n");
	free(text);
	load_tally_done(&tally);
}

/* What a line of the table says. */
struct line {
	double value, q;
	unsigned long long total;
	bool is_last; /* without a fourth column */
};

static struct line read_line(const char *text)
{
	struct line line = { 0 };
	char *end;

	line.value = strtod(text, &end);
	line.q = strtod(end, &end);
	line.total = strtoull(end, &end, 10);
	line.is_last = *end == '\n';
	return line;
}

TEST(every_line_counts_what_is_not_above_its_value)
{
	struct load_tally tally;
	struct line last = { 0 };
	size_t lines = 0;

	assert_int_equal(load_tally_init(&tally), 0);
	load_times_add(&tally.lag, 0);
	for (int64_t i = 1; i < 100000; i++)
		load_times_add(&tally.lag, i * NS_PER_US);
	char *text = write_out(&tally.lag);

	for (char *at = strstr(text, "\n\n") + 2; *at != '#'; at = strchr(at, '\n') + 1) {
		struct line line = read_line(at);

		assert_true(line.q > last.q || lines == 0);
		assert_true(line.value >= last.value);
		/* i us is not above the value for i up to the value: and 0, too */
		assert_int_equal((long long)line.total, llround(line.value * 1e6) / 1000 + 1);
		assert_true((double)line.total >= line.q * 100000 - 1e-6);
		last = line;
		lines++;
	}
	assert_true(last.is_last);
	assert_true(last.q == 1);
	assert_true(last.total == 100000);
	assert_true(last.value == 99.999);
	/* until the last bucket: 1/185 of what there is, so 7 halves and some */
	assert_in_range(lines, 7 * HGRM_TICKS, 9 * HGRM_TICKS);
	free(text);
	load_tally_done(&tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_of_ten_durations),
		cmocka_unit_test(without_durations_there_are_no_lines),
		cmocka_unit_test(every_line_counts_what_is_not_above_its_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
