/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

#include "confined.h"
#include "net/privileges.h"
#include "net/syscalls.h"

static int restrict_to(const void *more)
{
	int result = privileges_drop(true);

	return result < 0 ? result : syscalls_restrict(*(const unsigned *)more);
}

static int try(unsigned more, int (*attempt)(const void *))
{
	return confined_attempt(restrict_to, &more, attempt);
}

static int start_program(const void *context)
{
	(void)context;
	return execl("/no/such/program", "program", NULL);
}

static int open_to_read(const void *context)
{
	(void)context;
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int open_to_write(const void *context)
{
	(void)context;
	return open("/dev/null", O_WRONLY | O_CLOEXEC);
}

static int trace_parent(const void *context)
{
	(void)context;
	return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) < 0 ? -1 : 0;
}

static int see_packets(const void *context)
{
	(void)context;
	return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
}

static int open_tcp(const void *context)
{
	(void)context;
	return socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int open_raw_icmp(const void *context)
{
	(void)context;
	return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
}

static int open_raw_any(const void *context)
{
	(void)context;
	return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
}

static int map_memory(int protection, int flags)
{
	return mmap(NULL, 4096, protection, MAP_PRIVATE | flags, -1, 0) == MAP_FAILED ? -1 : 0;
}

static int map_data(const void *context)
{
	(void)context;
	return map_memory(PROT_READ | PROT_WRITE, MAP_ANONYMOUS);
}

static int map_code(const void *context)
{
	(void)context;
	return map_memory(PROT_READ | PROT_EXEC, MAP_ANONYMOUS);
}

/* No file is open there: a kernel that is asked says so. */
static int map_code_of_file(const void *context)
{
	(void)context;
	return map_memory(PROT_READ | PROT_EXEC, 0);
}

static int fork_child(const void *context)
{
	pid_t pid = fork();

	(void)context;
	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid(pid, NULL, 0) != pid ? -1 : 0;
}

static int signal_parent(const void *context)
{
	(void)context;
	return kill(getppid(), 0);
}

static int name_itself(const void *context)
{
	(void)context;
	return prctl(PR_SET_NAME, "name", 0UL, 0UL, 0UL);
}

static int gain_dumps(const void *context)
{
	(void)context;
	return prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL);
}

TEST(whoever_is_in_it_starts_opens_traces_and_signals_nothing)
{
	assert_int_equal(try(0, start_program), EPERM);
	assert_int_equal(try(0, open_to_write), EPERM);
	assert_int_equal(try(0, trace_parent), EPERM);
	assert_int_equal(try(0, fork_child), EPERM);
	assert_int_equal(try(0, signal_parent), EPERM);
	assert_int_equal(try(0, gain_dumps), EPERM);
	assert_int_equal(try(0, map_code), EPERM);
}

TEST(what_serving_takes_is_allowed)
{
	assert_int_equal(try(0, open_to_read), 0);
	assert_int_equal(try(0, open_tcp), 0);
	assert_int_equal(try(0, map_data), 0);
	assert_int_equal(try(0, name_itself), 0);
}

TEST(sockets_are_those_of_tcp_udp_and_icmp)
{
	assert_int_equal(try(SYSCALLS_RAW_ICMP, see_packets), EPERM);
	assert_int_equal(try(SYSCALLS_RAW_ICMP, open_raw_any), EPERM);
	assert_int_equal(try(0, open_raw_icmp), EPERM);
	if (geteuid() == 0)
		assert_int_equal(try(SYSCALLS_RAW_ICMP, open_raw_icmp), 0);
}

TEST(children_are_for_those_that_ask_for_them_and_programs_for_nobody)
{
	assert_int_equal(try(SYSCALLS_CHILDREN, fork_child), 0);
	assert_int_equal(try(SYSCALLS_CHILDREN | SYSCALLS_MODULES, start_program), EPERM);
	assert_int_equal(try(SYSCALLS_THREADS, fork_child), EPERM);
}

TEST(modules_are_files)
{
	assert_int_equal(try(0, map_code_of_file), EPERM);
	assert_int_equal(try(SYSCALLS_MODULES, map_code_of_file), EBADF);
	assert_int_equal(try(SYSCALLS_MODULES, map_code), EPERM);
}

static void *open_in_thread(void *result)
{
	*(int *)result = open_to_write(NULL) < 0 ? errno : 0;
	return NULL;
}

static int start_thread(const void *context)
{
	pthread_t thread;
	int result = 0;

	(void)context;
	errno = pthread_create(&thread, NULL, open_in_thread, &result);
	if (errno != 0 || pthread_join(thread, NULL) != 0)
		return -1;
	errno = EBADMSG;
	return result == EPERM ? 0 : -1;
}

TEST(a_thread_can_be_started_and_is_in_it_too)
{
	assert_int_equal(try(SYSCALLS_THREADS, start_thread), 0);
	assert_int_not_equal(try(0, start_thread), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_is_in_it_starts_opens_traces_and_signals_nothing),
		cmocka_unit_test(what_serving_takes_is_allowed),
		cmocka_unit_test(sockets_are_those_of_tcp_udp_and_icmp),
		cmocka_unit_test(
			children_are_for_those_that_ask_for_them_and_programs_for_nobody),
		cmocka_unit_test(modules_are_files),
		cmocka_unit_test(a_thread_can_be_started_and_is_in_it_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
