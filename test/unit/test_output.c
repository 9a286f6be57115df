/* SPDX-License-Identifier: MIT */
#include <fcntl.h>

#include "report/output.h"
#include "reports.h"

enum { LINE = 100, PIPE_READ = 1 << 16 };

struct run {
	struct output output;
	int reader;
	char *text; /* what was read so far */
	size_t length;
};

/* A pipe that nobody reads yet. */
static void begin(struct run *run)
{
	int ends[2];

	*run = (struct run){ .text = malloc((size_t)OUTPUT_KEPT * 8) };
	assert_non_null(run->text);
	assert_int_equal(pipe(ends), 0);
	run->reader = ends[0];
	assert_int_equal(output_init(&run->output, ends[1]), 0);
}

/* Line number i: a hundred bytes. */
static void put_line(struct output *output, unsigned i)
{
	char line[LINE + 1];

	(void)snprintf(line, sizeof(line), "%099u\n", i);
	output_put(output, line, LINE);
}

static void read_some(struct run *run)
{
	ssize_t got = read(run->reader, run->text + run->length, PIPE_READ);

	assert_true(got >= 0);
	run->length += (size_t)got;
}

static void close_writer(struct run *run)
{
	(void)close(run->output.fd);
	output_done(&run->output);
}

static void end(struct run *run)
{
	(void)close(run->reader);
	free(run->text);
}

TEST(what_is_put_comes_out_whole_and_in_order)
{
	struct run run;
	unsigned put = 0;

	begin(&run);
	for (int turn = 0; turn < 60; turn++) {
		for (int i = 0; i < 400 && output_begin(&run.output); i++)
			put_line(&run.output, put++);
		output_drain(&run.output);
		read_some(&run);
	}
	while (run.output.length > 0) {
		output_drain(&run.output);
		read_some(&run);
	}
	assert_int_equal(output_finish(&run.output), 0);
	close_writer(&run);
	while (run.length < (size_t)put * LINE)
		read_some(&run);
	assert_true(put * LINE > OUTPUT_KEPT * 2);
	for (unsigned i = 0; i < put; i++) {
		char line[LINE + 1];

		(void)snprintf(line, sizeof(line), "%099u\n", i);
		assert_memory_equal(run.text + (size_t)i * LINE, line, LINE);
	}
	end(&run);
}

TEST(whoever_does_not_read_costs_records_but_no_time)
{
	struct run run;
	unsigned put = 0, refused = 0;

	begin(&run);
	for (int i = 0; i < 30000; i++) {
		if (!output_begin(&run.output)) {
			refused++;
			continue;
		}
		put_line(&run.output, put++);
	}
	assert_true(refused > 0);
	assert_int_equal(run.output.missing, refused);
	assert_true(put * LINE >= OUTPUT_KEPT - OUTPUT_RECORD_MAX);
	close_writer(&run);
	end(&run);
}

TEST(a_file_takes_everything)
{
	struct output output;

	file_open(&output);
	for (unsigned i = 0; i < 30000; i++) {
		assert_true(output_begin(&output));
		put_line(&output, i);
	}
	char *text = file_read(&output);

	assert_int_equal(strlen(text), 30000 * LINE);
	assert_int_equal(output.missing, 0);
	free(text);
	file_close(&output);
}

TEST(the_first_failure_is_kept_and_ends_it)
{
	struct run run;

	begin(&run);
	(void)close(run.output.fd);
	run.output.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	if (run.output.fd < 0)
		skip();
	assert_true(output_begin(&run.output));
	put_line(&run.output, 1);
	output_drain(&run.output);
	assert_int_equal(run.output.error, -ENOSPC);
	assert_false(output_begin(&run.output));
	put_line(&run.output, 2);
	assert_int_equal(run.output.length, 0);
	assert_int_equal(output_finish(&run.output), -ENOSPC);
	close_writer(&run);
	end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_comes_out_whole_and_in_order),
		cmocka_unit_test(whoever_does_not_read_costs_records_but_no_time),
		cmocka_unit_test(a_file_takes_everything),
		cmocka_unit_test(the_first_failure_is_kept_and_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
