/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "net/loop.h"
#include "unit.h"

enum { ROOM = 8 };

static struct loop open_loop(void)
{
	struct loop loop;

	assert_int_equal(loop_init(&loop), 0);
	return loop;
}

static void open_pipe(int ends[2], struct watch *watch)
{
	assert_int_equal(pipe(ends), 0);
	*watch = (struct watch){ .fd = ends[0], .kind = 7 };
}

static void close_pipe(const int ends[2])
{
	(void)close(ends[0]);
	(void)close(ends[1]);
}

TEST(an_instant_in_the_past_is_over_at_once)
{
	struct loop loop = open_loop();
	struct happening happenings[ROOM];

	loop_arm(&loop, (struct mono){ 1 });
	assert_int_equal(loop_wait(&loop, happenings, ROOM), 0);
	loop_arm(&loop, (struct mono){ 0 });
	assert_int_equal(loop_wait(&loop, happenings, ROOM), 0);
	loop_done(&loop);
}

TEST(waiting_ends_at_the_instant_and_not_before)
{
	struct loop loop = open_loop();
	struct happening happenings[ROOM];

	for (int i = 0; i < 5; i++) {
		struct mono deadline = mono_add(clock_mono(), 2 * NS_PER_MS);

		loop_arm(&loop, deadline);
		assert_int_equal(loop_wait(&loop, happenings, ROOM), 0);
		assert_false(mono_before(clock_mono(), deadline));
	}
	loop_done(&loop);
}

TEST(the_same_instant_can_be_armed_again_once_it_went_off)
{
	struct loop loop = open_loop();
	struct happening happenings[ROOM];
	struct mono deadline = clock_mono();

	for (int i = 0; i < 3; i++) {
		loop_arm(&loop, deadline);
		assert_int_equal(loop_wait(&loop, happenings, ROOM), 0);
	}
	loop_done(&loop);
}

TEST(an_instant_moved_away_does_not_come)
{
	struct loop loop = open_loop();
	struct happening happenings[ROOM];
	struct watch watch;
	int ends[2];

	open_pipe(ends, &watch);
	assert_int_equal(loop_watch(&loop, &watch, LOOP_READ), 0);
	loop_arm(&loop, (struct mono){ 1 });
	loop_arm(&loop, MONO_NEVER);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(loop_wait(&loop, happenings, ROOM), 1);
	close_pipe(ends);
	loop_done(&loop);
}

TEST(what_is_readable_is_told_until_it_is_read)
{
	struct loop loop = open_loop();
	struct happening happenings[ROOM];
	struct watch watch;
	char byte;
	int ends[2];

	open_pipe(ends, &watch);
	assert_int_equal(loop_watch(&loop, &watch, LOOP_READ), 0);
	assert_int_equal(loop_poll(&loop, happenings, ROOM), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(loop_wait(&loop, happenings, ROOM), 1);
		assert_ptr_equal(happenings[0].watch, &watch);
		assert_int_equal(happenings[0].watch->kind, 7);
		assert_int_equal(happenings[0].ready, LOOP_READ);
	}
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_int_equal(loop_poll(&loop, happenings, ROOM), 0);
	close_pipe(ends);
	loop_done(&loop);
}

TEST(interest_can_change_and_end)
{
	struct loop loop = open_loop();
	struct happening happenings[ROOM];
	struct watch watch;
	int ends[2];

	open_pipe(ends, &watch);
	watch.fd = ends[1];
	assert_int_equal(loop_watch(&loop, &watch, LOOP_READ), 0);
	assert_int_equal(loop_poll(&loop, happenings, ROOM), 0);
	loop_rewatch(&loop, &watch, LOOP_WRITE);
	assert_int_equal(loop_poll(&loop, happenings, ROOM), 1);
	assert_int_equal(happenings[0].ready, LOOP_WRITE);
	loop_unwatch(&loop, &watch);
	assert_int_equal(loop_poll(&loop, happenings, ROOM), 0);
	close_pipe(ends);
	loop_done(&loop);
}

TEST(an_end_that_is_gone_is_told_as_an_error)
{
	struct loop loop = open_loop();
	struct happening happenings[ROOM];
	struct watch watch;
	int ends[2];

	open_pipe(ends, &watch);
	assert_int_equal(loop_watch(&loop, &watch, LOOP_READ), 0);
	(void)close(ends[1]);
	assert_int_equal(loop_wait(&loop, happenings, ROOM), 1);
	assert_true(happenings[0].ready & LOOP_ERROR);
	(void)close(ends[0]);
	loop_done(&loop);
}

TEST(a_descriptor_that_is_none_is_refused)
{
	struct loop loop = open_loop();
	struct watch watch = { .fd = -1 };

	assert_int_equal(loop_watch(&loop, &watch, LOOP_READ), -EBADF);
	loop_done(&loop);
	loop_done(&loop);
}

static void *wake(void *argument)
{
	loop_wake(argument);
	loop_wake(argument);
	return NULL;
}

TEST(another_thread_wakes_it_and_many_wakes_are_one)
{
	struct loop loop = open_loop();
	struct happening happenings[ROOM];
	struct watch watch;
	pthread_t thread;

	assert_int_equal(loop_watch_wakes(&loop, &watch), 0);
	assert_int_equal(pthread_create(&thread, NULL, wake, &watch), 0);
	assert_int_equal(loop_wait(&loop, happenings, ROOM), 1);
	assert_ptr_equal(happenings[0].watch, &watch);
	assert_int_equal(pthread_join(thread, NULL), 0);
	loop_take_wake(&watch);
	assert_int_equal(loop_poll(&loop, happenings, ROOM), 0);
	(void)close(watch.fd);
	loop_done(&loop);
}

TEST(signals_come_as_events_and_do_not_kill)
{
	static const int wanted[] = { SIGTERM, SIGUSR1, 0 };
	struct loop loop = open_loop();
	struct happening happenings[ROOM];
	struct watch watch;

	assert_int_equal(loop_watch_signals(&loop, &watch, wanted), 0);
	assert_int_equal(loop_take_signal(&watch), 0);
	assert_int_equal(raise(SIGTERM), 0);
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(loop_wait(&loop, happenings, ROOM), 1);
	int first = loop_take_signal(&watch), second = loop_take_signal(&watch);

	assert_true((first == SIGTERM && second == SIGUSR1) ||
	            (first == SIGUSR1 && second == SIGTERM));
	assert_int_equal(loop_take_signal(&watch), 0);
	(void)close(watch.fd);
	loop_done(&loop);
}

TEST(no_more_are_told_than_there_is_room_for)
{
	struct loop loop = open_loop();
	struct happening happenings[2];
	struct watch watches[4];
	int ends[4][2];

	for (int i = 0; i < 4; i++) {
		open_pipe(ends[i], &watches[i]);
		assert_int_equal(loop_watch(&loop, &watches[i], LOOP_READ), 0);
		assert_int_equal(write(ends[i][1], "x", 1), 1);
	}
	assert_int_equal(loop_wait(&loop, happenings, 2), 2);
	for (int i = 0; i < 4; i++)
		close_pipe(ends[i]);
	loop_done(&loop);
}

TEST(being_punctual_may_be_asked_by_anybody)
{
	loop_be_punctual();
}

static void do_nothing(int number)
{
	(void)number;
}

/* A signal that some handler takes, as SIGCONT without one: nothing is known of what happened. */
static void *interrupt(void *waiter)
{
	for (int i = 0; i < 500; i++) {
		(void)pthread_kill(*(pthread_t *)waiter, SIGUSR2);
		(void)usleep(1000);
	}
	return NULL;
}

TEST(a_wait_that_is_interrupted_is_not_a_wait_without_happenings)
{
	const struct sigaction action = { .sa_handler = do_nothing };
	struct loop loop = open_loop();
	struct happening happenings[ROOM];
	pthread_t self = pthread_self(), other;

	assert_int_equal(sigaction(SIGUSR2, &action, NULL), 0);
	assert_int_equal(pthread_create(&other, NULL, interrupt, &self), 0);
	assert_int_equal(loop_wait(&loop, happenings, ROOM), -EINTR);
	assert_int_equal(pthread_join(other, NULL), 0);
	loop_done(&loop);
}

TEST(a_wait_that_fails_says_why_and_takes_a_moment)
{
	struct loop loop = open_loop();
	struct happening happenings[ROOM];

	(void)close(loop.epoll);
	struct mono before = clock_mono();

	for (int i = 0; i < 3; i++)
		assert_int_equal(loop_wait(&loop, happenings, ROOM), -EBADF);
	assert_true(mono_since(clock_mono(), before) >= 3 * NS_PER_MS);
	loop.epoll = -1;
	loop_done(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_instant_in_the_past_is_over_at_once),
		cmocka_unit_test(waiting_ends_at_the_instant_and_not_before),
		cmocka_unit_test(the_same_instant_can_be_armed_again_once_it_went_off),
		cmocka_unit_test(an_instant_moved_away_does_not_come),
		cmocka_unit_test(what_is_readable_is_told_until_it_is_read),
		cmocka_unit_test(interest_can_change_and_end),
		cmocka_unit_test(an_end_that_is_gone_is_told_as_an_error),
		cmocka_unit_test(a_descriptor_that_is_none_is_refused),
		cmocka_unit_test(another_thread_wakes_it_and_many_wakes_are_one),
		cmocka_unit_test(signals_come_as_events_and_do_not_kill),
		cmocka_unit_test(no_more_are_told_than_there_is_room_for),
		cmocka_unit_test(a_wait_that_is_interrupted_is_not_a_wait_without_happenings),
		cmocka_unit_test(a_wait_that_fails_says_why_and_takes_a_moment),
		cmocka_unit_test(being_punctual_may_be_asked_by_anybody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
