/* SPDX-License-Identifier: MIT */
#include "report/table.h"
#include "reports.h"

enum { TARGETS = 5 };

struct run {
	struct asked asked[TARGETS];
	struct paper paper;
	struct table table;
};

static void begin(struct run *run, const char *const names[TARGETS])
{
	*run = (struct run){ 0 };
	paper_open(&run->paper);
	run->table = (struct table){ .out = run->paper.out,
		                     .probe = &unit_options,
		                     .targets = TARGETS };
	for (size_t i = 0; i < TARGETS; i++) {
		asked_init(&run->asked[i], names[i], i == 0 ? "first" : NULL);
		run->asked[i].target->index = (uint32_t)i;
		table_sink.start(&run->table, run->asked[i].target);
	}
}

static const char *conclude(struct run *run)
{
	for (size_t i = 0; i < TARGETS; i++)
		table_sink.summary(&run->table, run->asked[i].target);
	table_sink.done(&run->table);
	return paper_read(&run->paper);
}

static void end(struct run *run)
{
	for (size_t i = 0; i < TARGETS; i++)
		asked_done(&run->asked[i]);
	table_done(&run->table);
	paper_close(&run->paper);
}

static void tell_lost(struct asked *asked, uint64_t sequence)
{
	struct sample sample = unit_sample(asked, sequence, FATE_LOST, 0);

	tell(&table_sink, NULL, asked, &sample);
}

/* Where a line that begins with the word begins. */
static const char *line_of(const char *text, const char *word)
{
	char sought[64];

	(void)snprintf(sought, sizeof(sought), "\n%s ", word);
	const char *line = strstr(text, sought);

	if (!line)
		fail_msg("no line of '%s' in:\n%s", word, text);
	return line;
}

static void assert_order(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (line_of(text, words[i - 1]) >= line_of(text, words[i]))
			fail_msg("'%s' after '%s' in:\n%s", words[i - 1], words[i], text);
}

static const char *const plain[TARGETS] = { "a", "b", "c", "d", "e" };

TEST(the_worst_come_first)
{
	static const char *const order[] = { "z", "y", "e", "c", "d", "b", "a (first)" };
	struct run run;

	begin(&run, plain);
	tell_answers(&table_sink, NULL, &run.asked[0], 4, 1000);
	tell_answers(&table_sink, NULL, &run.asked[1], 4, 9000);
	tell_lost(&run.asked[2], 1);
	tell_answers(&table_sink, NULL, &run.asked[3], 4, 5000);
	tell_lost(&run.asked[3], 5);
	table_sink.failed(&run.table, &(struct sink_failure){ "z", NULL, "not known", { 0 } });
	table_sink.failed(&run.table, &(struct sink_failure){ "y", NULL, "not known", { 0 } });
	const char *text = conclude(&run);

	assert_order(text, order, COUNT(order));
	end(&run);
}

TEST(whoever_could_not_be_asked_is_listed_with_the_reason)
{
	struct run run;

	begin(&run, plain);
	table_sink.failed(&run.table,
	                  &(struct sink_failure){
				  "icmp://exmaple.com", "office", "name not known", { 0 } });
	const char *text = conclude(&run);

	assert_contains(text, "icmp://exmaple.com (office)  name not known\n");
	assert_contains(text, "--- 6 targets, 1 not asked, 5 without an answer ---\n");
	end(&run);
}

TEST(the_total_is_that_of_all)
{
	struct run run;

	begin(&run, plain);
	for (size_t i = 0; i < TARGETS; i++)
		tell_answers(&table_sink, NULL, &run.asked[i], 5, 1000000 * ((int64_t)i + 1));
	tell_lost(&run.asked[0], 6);
	const char *text = conclude(&run);

	assert_contains(text,
	                "\n26 packets transmitted, 25 received, 3.85% packet loss, time ");
	assert_contains(text, "\nrtt min/avg/max/mdev = 1.000/3.002/5.004/1.414 ms\n");
	assert_contains(text, "PING 5 targets, 56 bytes, every 1s, kernel timestamps\n");
	end(&run);
}

TEST(no_figure_is_shown_that_was_not_measured)
{
	struct run run;

	begin(&run, plain);
	tell_lost(&run.asked[1], 1);
	const char *text = conclude(&run);

	assert_contains(text, "\nb               1   100%         -         -         -");
	assert_contains(text, "\nc               0      -         -         -         -");
	assert_lacks(text, "rtt min");
	end(&run);
}

TEST(text_from_outside_moves_no_cursor)
{
	const char override[] = { (char)0xe2, (char)0x80, (char)0xae, '\0' };
	const char *const hostile[TARGETS] = { "\x1b[2Jx", override, "c\n", "d", "e" };
	struct run run;

	begin(&run, hostile);
	const char *text = conclude(&run);

	assert_lacks(text, "\x1b");
	assert_lacks(text, override);
	assert_contains(text, "c\\x0a ");
	end(&run);
}

TEST(a_table_fits_in_100_columns_when_its_names_do)
{
	static const char *const names[TARGETS] = {
		"ä", "udp-echo://192.168.100.100:65535", "c", "d",
		"icmp://[2001:db8:1111:2222:3333:4444:5555:6666]"
	};
	struct run run;

	begin(&run, names);
	for (size_t i = 0; i < TARGETS; i++)
		tell_answers(&table_sink, NULL, &run.asked[i], 200, 99998 * NS_PER_MS);
	const char *text = conclude(&run);

	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		const char *stop = strchr(line, '\n');

		if (!strncmp(line, "icmp", 4))
			continue;
		assert_true(stop - line <= 101);
	}
	end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_come_first),
		cmocka_unit_test(whoever_could_not_be_asked_is_listed_with_the_reason),
		cmocka_unit_test(the_total_is_that_of_all),
		cmocka_unit_test(no_figure_is_shown_that_was_not_measured),
		cmocka_unit_test(text_from_outside_moves_no_cursor),
		cmocka_unit_test(a_table_fits_in_100_columns_when_its_names_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
