/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "probe/kinds.h"
#include "unit.h"

TEST(every_kind_is_found_by_its_name)
{
	static const char *const names[] = { "icmp", "tcp",   "tcp-echo", "udp-echo",
		                             "pong", "stamp", "line" };

	for (size_t i = 0; i < COUNT(names); i++)
		assert_string_equal(kind_by_name(names[i])->name, names[i]);
}

TEST(no_other_name_is_a_kind)
{
	static const char *const names[] = { "", "ICMP", "udp", "tcp-", "tcp-ech", "stamp " };

	for (size_t i = 0; i < COUNT(names); i++)
		assert_null(kind_by_name(names[i]));
}

TEST(the_table_and_the_names_agree_and_end)
{
	struct kind_names names = kind_names();
	size_t count = 0;

	for (const struct probe_ops *const *kind = kinds(); *kind; kind++, count++)
		assert_string_equal((*kind)->name, names.names[count]);
	assert_int_equal(count, KINDS);
	assert_null(names.names[KINDS]);
}

TEST(every_kind_is_complete)
{
	for (const struct probe_ops *const *kind = kinds(); *kind; kind++) {
		assert_true((*kind)->open && (*kind)->send && (*kind)->heard && (*kind)->close);
		assert_true(strlen((*kind)->help) > 0);
		assert_true((*kind)->key_bits == 16 || (*kind)->key_bits == 32);
		/* What a probe is: its payload, or words for it. */
		assert_true((*kind)->echoes || (*kind)->asks_by);
		assert_true(probe_has_ports(*kind) || strcmp((*kind)->name, "icmp") == 0);
		assert_true((*kind)->check || !(*kind)->worded);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_found_by_its_name),
		cmocka_unit_test(no_other_name_is_a_kind),
		cmocka_unit_test(the_table_and_the_names_agree_and_end),
		cmocka_unit_test(every_kind_is_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
