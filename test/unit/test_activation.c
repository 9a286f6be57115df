/* SPDX-License-Identifier: MIT */
/* What a manager hands over begins at descriptor 3, which this test cannot clear for itself: so nothing is
 * handed over here but words.  The sockets are test/system/test_serve_manager.py's. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/activation.h"
#include "variables.h"

static int take(const char *pid, const char *count, struct inherited *inherited,
                struct err *err)
{
	set_variable("LISTEN_PID", pid);
	set_variable("LISTEN_FDS", count);
	set_variable("LISTEN_FDNAMES", "tcp-echo");
	int result = activation_take(inherited, err);

	assert_false(is_set("LISTEN_PID"));
	assert_false(is_set("LISTEN_FDS"));
	assert_false(is_set("LISTEN_FDNAMES"));
	return result;
}

static const char *own_pid(void)
{
	static char text[16];

	(void)snprintf(text, sizeof(text), "%d", (int)getpid());
	return text;
}

TEST(what_is_meant_for_another_is_left_alone_and_forgotten)
{
	struct inherited inherited = { 0 };
	struct err err;

	assert_int_equal(take("1", "1", &inherited, &err), 0);
	assert_int_equal(take("us", "1", &inherited, &err), 0);
	assert_int_equal(take("", "", &inherited, &err), 0);
	assert_int_equal(inherited.count, 0);
}

TEST(none_is_a_count_too)
{
	struct inherited inherited = { 0 };
	struct err err;

	assert_int_equal(take(own_pid(), "0", &inherited, &err), 0);
	assert_int_equal(inherited.count, 0);
}

TEST(a_count_that_is_none_is_told)
{
	static const char *const wrong[] = { "-1", "x", "", "16385", "99999999999999999999" };
	struct inherited inherited = { 0 };
	struct err err = { 0 };

	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_int_equal(take(own_pid(), wrong[i], &inherited, &err), -EINVAL);
		assert_non_null(strstr(err.text, "LISTEN_FDS is '"));
	}
	inherited_done(&inherited);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_meant_for_another_is_left_alone_and_forgotten),
		cmocka_unit_test(none_is_a_count_too),
		cmocka_unit_test(a_count_that_is_none_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
