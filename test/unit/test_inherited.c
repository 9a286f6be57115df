/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "loopback.h"
#include "net/inherited.h"

static int listening_socket(int family, struct address *address)
{
	int fd = bound_socket(family, SOCK_STREAM, address);

	assert_int_equal(socket_listen(fd, 8), 0);
	return fd;
}

static void add(struct inherited *inherited, int fd, const char *kind)
{
	struct err err = { 0 };

	assert_int_equal(inherited_add(inherited, fd, kind, &err), 0);
}

static void find_one(int family)
{
	struct inherited inherited = { 0 };
	struct address tcp, udp, any;
	int stream = listening_socket(family, &tcp);
	int datagram = bound_socket(family, SOCK_DGRAM, &udp);

	add(&inherited, stream, NULL);
	add(&inherited, datagram, NULL);
	assert_int_equal(inherited_take(&inherited, "udp-echo", SOCK_DGRAM, &tcp), -1);
	assert_int_equal(inherited_take(&inherited, "tcp-echo", SOCK_STREAM, &tcp), stream);
	assert_int_equal(inherited_take(&inherited, "tcp-echo", SOCK_STREAM, &tcp), -1);
	any = udp;
	address_set_port(&any, 0);
	assert_int_equal(inherited_take(&inherited, "udp-echo", SOCK_DGRAM, &any), datagram);
	assert_int_equal(address_port(&any), address_port(&udp));
	assert_int_equal(inherited_taken(&inherited), 2);
	socket_close(&stream);
	socket_close(&datagram);
	inherited_done(&inherited);
}

TEST(one_is_found_by_type_and_address)
{
	find_one(AF_INET);
}

TEST(and_so_it_is_of_ipv6)
{
	find_one(AF_INET6);
}

TEST(a_kind_that_was_named_is_the_only_one)
{
	struct inherited inherited = { 0 };
	struct address address;
	int fd = listening_socket(AF_INET, &address);

	add(&inherited, fd, "pong");
	assert_int_equal(inherited_take(&inherited, "tcp-echo", SOCK_STREAM, &address), -1);
	assert_int_equal(inherited_take(&inherited, "pong", SOCK_STREAM, &address), fd);
	socket_close(&fd);
	inherited_done(&inherited);
}

TEST(one_that_must_be_served_is_missed)
{
	struct inherited inherited = { 0 };
	struct address address;
	int fd = listening_socket(AF_INET, &address);

	add(&inherited, fd, NULL);
	assert_null(inherited_left(&inherited));
	inherited.all[0].must_serve = true;
	assert_ptr_equal(inherited_left(&inherited), &inherited.all[0]);
	assert_int_equal(inherited_take(&inherited, "pong", SOCK_STREAM, &address), fd);
	assert_null(inherited_left(&inherited));
	socket_close(&fd);
	inherited_done(&inherited);
}

TEST(whoever_gave_it_the_flags_are_ours)
{
	struct inherited inherited = { 0 };
	struct address address;
	int fd = listening_socket(AF_INET, &address);

	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
	assert_int_equal(fcntl(fd, F_SETFD, 0), 0);
	add(&inherited, fd, NULL);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	inherited_done(&inherited);
	assert_int_equal(fcntl(fd, F_GETFD), -1); /* what nobody took is closed */
}

/* fd, which is closed, is refused in words that hold why. */
static void refuse(int fd, const char *why)
{
	struct inherited inherited = { 0 };
	struct err err = { 0 };

	assert_true(fd >= 0);
	assert_true(inherited_add(&inherited, fd, NULL, &err) < 0);
	assert_non_null(strstr(err.text, why));
	assert_int_equal(inherited.count, 0);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

TEST(what_cannot_be_served_is_refused)
{
	struct address address;
	struct address any = address_any(AF_INET6);

	refuse(open("/dev/null", O_RDONLY | O_CLOEXEC), "is no socket");
	refuse(socket_open(AF_UNIX, SOCK_DGRAM, 0), "not of IPv4 or IPv6");
	refuse(socket_open(AF_UNIX, SOCK_SEQPACKET, 0), "no stream or datagram socket");
	refuse(socket_open(AF_INET, SOCK_DGRAM, 0), "not bound");
	refuse(bound_socket(AF_INET, SOCK_STREAM, &address), "not listening");
	int both = socket_open(AF_INET6, SOCK_DGRAM, 0);
	int off = 0;

	if (both < 0)
		skip();
	assert_int_equal(setsockopt(both, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)), 0);
	assert_int_equal(socket_bind_to(both, &any), 0);
	refuse(both, "BindIPv6Only");
}

TEST(a_second_descriptor_is_of_the_same_socket)
{
	struct address address, other;
	int fd = listening_socket(AF_INET, &address);
	int second = inherited_share(fd);

	socket_close(&fd);
	assert_true(second >= 0);
	assert_int_equal(socket_local(second, &other), 0);
	assert_int_equal(address_port(&other), address_port(&address));
	socket_close(&second);
	assert_int_equal(inherited_share(-1), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_found_by_type_and_address),
		cmocka_unit_test(and_so_it_is_of_ipv6),
		cmocka_unit_test(a_kind_that_was_named_is_the_only_one),
		cmocka_unit_test(one_that_must_be_served_is_missed),
		cmocka_unit_test(whoever_gave_it_the_flags_are_ours),
		cmocka_unit_test(what_cannot_be_served_is_refused),
		cmocka_unit_test(a_second_descriptor_is_of_the_same_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
