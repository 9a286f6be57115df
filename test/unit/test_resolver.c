/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "loopback.h"
#include "net/confine.h"
#include "net/resolver.h"

/* Waits for one answer; a name server that hangs is no reason to wait longer than it may. */
static struct resolver_answer take_one(struct resolver *resolver)
{
	struct resolver_answer answer = { 0 };

	assert_true(wait_for(resolver->watch.fd, POLLIN));
	assert_int_equal(resolver_take(resolver, &answer), 0);
	return answer;
}

/* What both ways of asking promise.  The name is reserved never to exist (RFC 6761). */
static void assert_resolves(struct resolver *resolver)
{
	struct resolver_answer answer;

	assert_int_equal(resolver_take(resolver, &answer), -EAGAIN);
	assert_int_equal(resolver_ask(resolver, 1, "127.0.0.1", AF_UNSPEC), 0);
	answer = take_one(resolver);
	assert_int_equal(answer.id, 1);
	assert_int_equal(answer.error, 0);
	assert_int_equal(answer.count, 1);
	assert_string_equal(address_text(&answer.addresses[0]).text, "127.0.0.1");
	assert_int_equal(address_port(&answer.addresses[0]), 0);

	assert_int_equal(resolver_ask(resolver, 2, "localhost", AF_INET), 0);
	answer = take_one(resolver);
	assert_int_equal(answer.id, 2);
	assert_true(answer.count >= 1 && answer.count <= RESOLVED_MAX);
	for (uint32_t i = 0; i < answer.count; i++)
		assert_int_equal(address_family(&answer.addresses[i]), AF_INET);

	assert_int_equal(resolver_ask(resolver, 3, "::1", AF_INET), 0);
	answer = take_one(resolver);
	assert_int_equal(answer.id, 3);
	assert_true(answer.error < 0);
	assert_int_equal(answer.count, 0);
	assert_true(strlen(answer.reason) > 0);
	assert_null(strchr(answer.reason, '\n'));
}

TEST(threads_resolve_literals_names_and_refuse_the_rest)
{
	struct resolver resolver;

	assert_int_equal(resolver_init_threads(&resolver), 0);
	assert_resolves(&resolver);
	resolver_done(&resolver);
	resolver_done(&resolver);
}

TEST(the_helper_process_does_the_same)
{
	struct resolver resolver;

	assert_int_equal(resolver_init_helper(&resolver, NULL), 0);
	assert_resolves(&resolver);
	resolver_done(&resolver);
}

TEST(confined_it_does_the_same)
{
	struct resolver resolver;

	assert_int_equal(resolver_init_helper(&resolver, confine_resolver), 0);
	assert_resolves(&resolver);
	resolver_done(&resolver);
}

static int cannot_confine(void)
{
	return -EPERM;
}

TEST(a_helper_that_cannot_be_confined_looks_nothing_up)
{
	struct resolver resolver;
	struct resolver_answer answer;

	assert_int_equal(resolver_init_helper(&resolver, cannot_confine), 0);
	assert_true(wait_for(resolver.watch.fd, POLLHUP));
	assert_int_equal(resolver_take(&resolver, &answer), -EPIPE);
	resolver_done(&resolver);
}

TEST(the_helper_goes_when_its_server_goes)
{
	struct resolver resolver;
	struct resolver_answer answer;
	int status = 0;

	assert_int_equal(resolver_init_helper(&resolver, NULL), 0);
	assert_int_equal(resolver_ask(&resolver, 1, "127.0.0.1", AF_UNSPEC), 0);
	answer = take_one(&resolver);
	assert_int_equal(answer.id, 1);
	resolver_done(&resolver);
	/* Nobody but the helpers of these tests is a child of ours: all of them end. */
	while (waitpid(-1, &status, 0) > 0)
		assert_true(WIFEXITED(status));
	assert_int_equal(errno, ECHILD);
}

TEST(many_questions_get_each_its_own_answer)
{
	enum { MANY = 16 };
	struct resolver resolver;
	uint32_t seen = 0;

	assert_int_equal(resolver_init_threads(&resolver), 0);
	for (uint32_t id = 0; id < MANY; id++)
		assert_int_equal(resolver_ask(&resolver, id, "127.0.0.1", AF_INET), 0);
	for (int i = 0; i < MANY; i++)
		seen |= 1U << take_one(&resolver).id;
	assert_int_equal(seen, (1U << MANY) - 1);
	resolver_done(&resolver);
}

TEST(a_name_too_long_is_cut_not_overrun)
{
	struct resolver resolver;
	char name[1000];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(resolver_init_threads(&resolver), 0);
	assert_int_equal(resolver_ask(&resolver, 9, name, AF_UNSPEC), 0);
	assert_true(take_one(&resolver).error < 0);
	resolver_done(&resolver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_resolve_literals_names_and_refuse_the_rest),
		cmocka_unit_test(the_helper_process_does_the_same),
		cmocka_unit_test(confined_it_does_the_same),
		cmocka_unit_test(a_helper_that_cannot_be_confined_looks_nothing_up),
		cmocka_unit_test(the_helper_goes_when_its_server_goes),
		cmocka_unit_test(many_questions_get_each_its_own_answer),
		cmocka_unit_test(a_name_too_long_is_cut_not_overrun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
