/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/notify.h"
#include "core/clock.h"
#include "variables.h"

/* A manager that listens at an abstract name, which the environment tells. */
static int manager(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char name[64];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)snprintf(name, sizeof(name), "@sounder-notify-%d", (int)getpid());
	memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
	assert_true(fd >= 0);
	assert_int_equal(
		bind(fd, (struct sockaddr *)&address,
	             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
		0);
	set_variable("NOTIFY_SOCKET", name);
	return fd;
}

TEST(what_is_told_is_one_message)
{
	struct notify notify;
	char said[64] = { 0 };
	int fd = manager();

	notify_init(&notify);
	notify_tell(&notify, "READY=%d\nSTATUS=%s\n", 1, "Serving.");
	assert_int_equal(recv(fd, said, sizeof(said) - 1, 0), 24);
	assert_string_equal(said, "READY=1\nSTATUS=Serving.\n");
	notify_done(&notify);
	(void)close(fd);
}

TEST(the_environment_is_forgotten)
{
	struct notify notify;
	int fd = manager();

	set_variable("WATCHDOG_USEC", "30000000");
	set_variable("WATCHDOG_PID", "1");
	notify_init(&notify);
	assert_false(is_set("NOTIFY_SOCKET"));
	assert_false(is_set("WATCHDOG_USEC"));
	assert_false(is_set("WATCHDOG_PID"));
	assert_true(notify.fd >= 0);
	notify_done(&notify);
	(void)close(fd);
}

/* The manager's patience when the environment says so. */
static int64_t watchdog_of(const char *span, const char *pid)
{
	struct notify notify;
	int fd = manager();

	set_variable("WATCHDOG_USEC", span);
	if (pid)
		set_variable("WATCHDOG_PID", pid);
	notify_init(&notify);
	notify_done(&notify);
	(void)close(fd);
	return notify.watchdog;
}

TEST(a_watchdog_is_ours_when_it_names_nobody_or_us)
{
	char own[16], other[16];

	(void)snprintf(own, sizeof(own), "%d", (int)getpid());
	(void)snprintf(other, sizeof(other), "%d", (int)getppid());
	assert_int_equal(watchdog_of("30000000", NULL), 30 * NS_PER_SEC);
	assert_int_equal(watchdog_of("30000000", own), 30 * NS_PER_SEC);
	assert_int_equal(watchdog_of("30000000", other), 0);
	assert_int_equal(watchdog_of("30000000", "me"), 0);
	assert_int_equal(watchdog_of("often", NULL), 0);
	assert_int_equal(watchdog_of("99999999999999999999", NULL), 0);
}

TEST(without_a_manager_nothing_is_told)
{
	struct notify notify;

	notify_init(&notify);
	assert_int_equal(notify.fd, -1);
	assert_int_equal(notify.watchdog, 0);
	notify_tell(&notify, "READY=1\n");
	notify_done(&notify);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_told_is_one_message),
		cmocka_unit_test(the_environment_is_forgotten),
		cmocka_unit_test(a_watchdog_is_ours_when_it_names_nobody_or_us),
		cmocka_unit_test(without_a_manager_nothing_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
