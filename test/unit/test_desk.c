/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>

#include "service/desk.h"
#include "unit.h"

static const struct address client = { .v4 = { .sin_family = AF_INET } };

static int open_desk(void **state)
{
	static struct desk desk;

	*state = &desk;
	return desk_init(&desk);
}

static int close_desk(void **state)
{
	desk_done(*state);
	return 0;
}

#define DESK_TEST(claim) static void claim(void **state)

DESK_TEST(a_question_reaches_the_relay_as_it_was_asked)
{
	struct desk *desk = *state;
	struct desk_request request;

	assert_int_equal(desk_ask(desk, 7, &client, "::1 and more", 3), 0);
	assert_true(desk_next_request(desk, &request));
	assert_int_equal(request.ticket, 7);
	assert_false(request.cancel);
	assert_string_equal(request.target, "::1");
	assert_false(desk_next_request(desk, &request));
}

DESK_TEST(a_worker_has_no_more_than_its_tickets_under_way)
{
	struct desk *desk = *state;
	struct desk_answer answer;

	for (uint64_t i = 0; i < DESK_TICKETS; i++)
		assert_int_equal(desk_ask(desk, i, &client, "x", 1), 0);
	assert_int_equal(desk_ask(desk, 99, &client, "x", 1), -EBUSY);
	desk_answer(desk, 3, false, "reply");
	assert_true(desk_next_answer(desk, &answer));
	assert_int_equal(desk_ask(desk, 99, &client, "x", 1), -EBUSY);
	desk_answer(desk, 3, true, "done");
	assert_true(desk_next_answer(desk, &answer));
	assert_true(answer.last);
	assert_string_equal(answer.line, "done");
}

DESK_TEST(a_target_too_long_is_not_cut)
{
	struct desk *desk = *state;
	char target[DESK_TARGET_MAX + 1];

	memset(target, 'x', sizeof(target));
	assert_int_equal(desk_ask(desk, 1, &client, target, sizeof(target)), -E2BIG);
	assert_int_equal(desk_ask(desk, 1, &client, target, DESK_TARGET_MAX), 0);
}

/* The relay answered all, but reads nothing; all clients go; others ask, and go as well. */
DESK_TEST(there_is_always_room_for_a_cancellation)
{
	struct desk *desk = *state;
	struct desk_answer answer;

	for (int round = 0; round < 2; round++) {
		struct desk_request request;

		for (uint64_t i = 0; i < DESK_TICKETS; i++)
			assert_int_equal(desk_ask(desk, i, &client, "x", 1), 0);
		while (round == 0 && desk_next_request(desk, &request))
			desk_answer(desk, request.ticket, true, "done");
		for (uint64_t i = 0; i < DESK_TICKETS; i++)
			desk_cancel(desk, i);
		while (desk_next_answer(desk, &answer))
			;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_question_reaches_the_relay_as_it_was_asked,
		                                open_desk, close_desk),
		cmocka_unit_test_setup_teardown(a_worker_has_no_more_than_its_tickets_under_way,
		                                open_desk, close_desk),
		cmocka_unit_test_setup_teardown(a_target_too_long_is_not_cut, open_desk,
		                                close_desk),
		cmocka_unit_test_setup_teardown(there_is_always_room_for_a_cancellation,
		                                open_desk, close_desk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
