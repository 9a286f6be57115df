/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "unit.h"

TEST(the_code_passes_through_and_the_sentence_is_kept)
{
	struct err err = { 0 };

	assert_int_equal(err_set(&err, -EINVAL, "'%s' is no %s", "x", "host"), -EINVAL);
	assert_string_equal(err.text, "'x' is no host");
}

TEST(nobody_need_listen)
{
	assert_int_equal(err_set(NULL, -ENOENT, "nobody reads %d", 1), -ENOENT);
}

TEST(a_sentence_too_long_is_cut_not_overrun)
{
	struct err err;
	char word[sizeof(err.text) + 100];

	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_int_equal(err_set(&err, -EIO, "%s", word), -EIO);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

TEST(an_errno_reads_the_same_with_either_sign)
{
	assert_string_equal(err_reason(-ECONNREFUSED).text, "connection refused");
	assert_string_equal(err_reason(ECONNREFUSED).text, "connection refused");
}

TEST(every_reason_begins_in_lower_case_and_is_one_line)
{
	for (int code = 1; code < 140; code++) {
		struct err reason = err_reason(-code);

		assert_true(strlen(reason.text) > 0);
		assert_false(isupper((unsigned char)reason.text[0]));
		assert_null(strchr(reason.text, '\n'));
	}
}

TEST(an_errno_nobody_knows_is_told_by_its_number)
{
	assert_string_equal(err_reason(-99999).text, "error 99999");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_code_passes_through_and_the_sentence_is_kept),
		cmocka_unit_test(nobody_need_listen),
		cmocka_unit_test(a_sentence_too_long_is_cut_not_overrun),
		cmocka_unit_test(an_errno_reads_the_same_with_either_sign),
		cmocka_unit_test(every_reason_begins_in_lower_case_and_is_one_line),
		cmocka_unit_test(an_errno_nobody_knows_is_told_by_its_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
