/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "net/socket.h"
#include "service/desk.h"
#include "unit.h"

struct both {
	struct loop loop;
	struct desk desk;
};

static void set_up(struct both *both)
{
	assert_int_equal(loop_init(&both->loop), 0);
	assert_int_equal(desk_init(&both->desk), 0);
	assert_int_equal(loop_watch_wakes(&both->loop, &both->desk.to_relay), 0);
	assert_int_equal(loop_watch_wakes(&both->loop, &both->desk.to_worker), 0);
}

static void tear_down(struct both *both)
{
	socket_close(&both->desk.to_relay.fd);
	socket_close(&both->desk.to_worker.fd);
	desk_done(&both->desk);
	loop_done(&both->loop);
}

static int ask(struct desk *desk, uint64_t ticket)
{
	const struct address client = address_any(AF_INET);

	return desk_ask(desk, ticket, &client, "::1", 3);
}

TEST(a_question_and_its_answer_find_their_way)
{
	struct both both;
	struct desk_request request;
	struct desk_answer answer;

	set_up(&both);
	assert_int_equal(ask(&both.desk, 77), 0);
	assert_true(desk_next_request(&both.desk, &request));
	assert_int_equal(request.ticket, 77);
	assert_false(request.cancel);
	assert_string_equal(request.target, "::1");
	assert_false(desk_next_request(&both.desk, &request));

	assert_false(desk_next_answer(&both.desk, &answer));
	desk_answer(&both.desk, 77, true, "done ::1");
	assert_true(desk_next_answer(&both.desk, &answer));
	assert_int_equal(answer.ticket, 77);
	assert_true(answer.last);
	assert_string_equal(answer.line, "done ::1");
	tear_down(&both);
}

TEST(what_is_left_there_wakes_the_other_side)
{
	struct both both;
	struct happening happening;

	set_up(&both);
	assert_int_equal(loop_poll(&both.loop, &happening, 1), 0);
	assert_int_equal(ask(&both.desk, 1), 0);
	assert_int_equal(loop_poll(&both.loop, &happening, 1), 1);
	assert_ptr_equal(happening.watch, &both.desk.to_relay);
	loop_take_wake(happening.watch);
	desk_answer(&both.desk, 1, true, "done");
	assert_int_equal(loop_poll(&both.loop, &happening, 1), 1);
	assert_ptr_equal(happening.watch, &both.desk.to_worker);
	tear_down(&both);
}

TEST(with_all_tickets_out_it_is_busy_until_a_last_answer_was_taken)
{
	struct both both;
	struct desk_request request;
	struct desk_answer answer;

	set_up(&both);
	for (uint64_t ticket = 0; ticket < DESK_TICKETS; ticket++) {
		assert_int_equal(ask(&both.desk, ticket), 0);
		desk_cancel(&both.desk, ticket);
	}
	assert_int_equal(ask(&both.desk, 999), -EBUSY);
	while (desk_next_request(&both.desk, &request))
		;
	for (int line = 1; line <= DESK_LINES; line++)
		desk_answer(&both.desk, 0, line == DESK_LINES, "line");
	for (int line = 1; line <= DESK_LINES; line++) {
		assert_int_equal(ask(&both.desk, 999), -EBUSY);
		assert_true(desk_next_answer(&both.desk, &answer));
	}
	assert_int_equal(ask(&both.desk, 999), 0);
	tear_down(&both);
}

TEST(the_longest_target_fits_and_a_longer_one_does_not)
{
	struct both both;
	const struct address client = address_any(AF_INET6);
	char target[DESK_TARGET_MAX + 1];
	struct desk_request request;

	set_up(&both);
	memset(target, 'x', sizeof(target));
	assert_int_equal(desk_ask(&both.desk, 1, &client, target, sizeof(target)), -E2BIG);
	assert_int_equal(desk_ask(&both.desk, 1, &client, target, DESK_TARGET_MAX), 0);
	assert_true(desk_next_request(&both.desk, &request));
	assert_int_equal(strlen(request.target), DESK_TARGET_MAX);
	tear_down(&both);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_and_its_answer_find_their_way),
		cmocka_unit_test(what_is_left_there_wakes_the_other_side),
		cmocka_unit_test(with_all_tickets_out_it_is_busy_until_a_last_answer_was_taken),
		cmocka_unit_test(the_longest_target_fits_and_a_longer_one_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
