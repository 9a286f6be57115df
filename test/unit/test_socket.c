/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "loopback.h"
#include "net/reports.h"

static const struct socket_options defaults = { .ttl = -1, .tos = -1, .pmtu = -1 };

/* A connected pair over TCP: [0] the client, [1] the server's side. */
static void connected_pair(int family, int pair[2])
{
	struct address address;
	struct mono called = { 0 }, read = { 0 };
	int listener = bound_socket(family, SOCK_STREAM, &address);

	assert_int_equal(socket_listen(listener, 8), 0);
	pair[0] = socket_open(family, SOCK_STREAM, 0);
	assert_int_equal(socket_connect(pair[0], &address, &called), 0);
	assert_true(mono_known(called));
	assert_true(wait_for(listener, POLLIN));
	pair[1] = socket_accept(listener, NULL);
	assert_true(pair[1] >= 0);
	assert_true(wait_for(pair[0], POLLOUT));
	assert_int_equal(socket_connected(pair[0], &read), 1);
	assert_false(mono_before(read, called));
	socket_close(&listener);
}

static void close_pair(int pair[2])
{
	socket_close(&pair[0]);
	socket_close(&pair[1]);
}

TEST(a_socket_neither_blocks_nor_outlives_an_exec)
{
	int fd = socket_open(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	socket_close(&fd);
	assert_true(fd == -1);
	socket_close(&fd);
}

TEST(what_cannot_be_opened_says_why)
{
	assert_true(socket_open(AF_UNSPEC, SOCK_STREAM, 0) < 0);
}

TEST(a_port_belongs_to_one_unless_shared)
{
	struct address address, again;
	int first = bound_socket(AF_INET, SOCK_STREAM, &address);

	assert_true(address_port(&address) != 0);
	assert_int_equal(socket_listen(first, 8), 0);
	again = address;
	assert_int_equal(socket_bind(&again, SOCK_STREAM, SOCKET_ALONE), -EADDRINUSE);
	assert_int_equal(socket_bind(&again, SOCK_STREAM, SOCKET_SHARED), -EADDRINUSE);
	assert_int_equal(socket_share(first), 0);
	int second = socket_bind(&again, SOCK_STREAM, SOCKET_SHARED);

	assert_true(second >= 0);
	socket_close(&first);
	socket_close(&second);
}

TEST(bytes_travel_and_the_end_is_told)
{
	int pair[2];
	char buffer[16] = { 0 };
	struct mono called = { 0 };
	struct stamp arrival;

	connected_pair(AF_INET, pair);
	assert_int_equal(socket_receive(pair[1], buffer, sizeof(buffer)), -EAGAIN);
	assert_int_equal(socket_send_stamped(pair[0], "hello", 5, &called), 5);
	assert_true(wait_for(pair[1], POLLIN));
	assert_int_equal(socket_receive_stamped(pair[1], buffer, sizeof(buffer), &arrival), 5);
	assert_string_equal(buffer, "hello");
	assert_true(mono_known(called));
	assert_int_equal(arrival.kernel.ns, 0); /* nobody asked for it */
	socket_shutdown_write(pair[0]);
	assert_true(wait_for(pair[1], POLLIN));
	assert_int_equal(socket_receive(pair[1], buffer, sizeof(buffer)), 0);
	assert_int_equal(socket_state(pair[0]).retransmissions, 0);
	close_pair(pair);
}

TEST(a_full_buffer_takes_no_more_and_says_so)
{
	static const char block[65536];
	int pair[2];
	int64_t sent = 0;

	connected_pair(AF_INET, pair);
	for (int i = 0; i < 10000 && sent >= 0; i++)
		sent = socket_send(pair[0], block, sizeof(block));
	assert_int_equal(sent, -EAGAIN);
	close_pair(pair);
}

TEST(a_reset_is_an_error_of_the_socket_and_no_signal)
{
	int pair[2];
	char byte;

	connected_pair(AF_INET, pair);
	socket_reset_on_close(pair[1]);
	socket_close(&pair[1]);
	assert_true(wait_for(pair[0], POLLIN));
	assert_int_equal(socket_receive(pair[0], &byte, 1), -ECONNRESET);
	assert_int_equal(socket_send(pair[0], "x", 1), -EPIPE);
	assert_int_equal(socket_error(pair[0]), 0);
	close_pair(pair);
}

TEST(a_closed_port_refuses_the_handshake)
{
	struct address address;
	struct mono called, read;
	int listener = bound_socket(AF_INET, SOCK_STREAM, &address);
	int fd = socket_open(AF_INET, SOCK_STREAM, 0);

	socket_close(&listener);
	int result = socket_connect(fd, &address, &called);

	if (result == 0) {
		assert_true(wait_for(fd, POLLOUT));
		result = socket_connected(fd, &read);
	}
	assert_int_equal(result, -ECONNREFUSED);
	socket_close(&fd);
}

TEST(both_ends_know_their_addresses)
{
	int pair[2];
	struct address local, peer;

	connected_pair(AF_INET6, pair);
	assert_int_equal(socket_local(pair[0], &local), 0);
	assert_int_equal(socket_peer(pair[1], &peer), 0);
	assert_true(address_same_host(&local, &peer));
	assert_int_equal(address_port(&local), address_port(&peer));
	close_pair(pair);
}

TEST(options_reach_the_socket_and_its_source)
{
	struct socket_options options = defaults;
	struct address local;
	int fd = socket_open(AF_INET, SOCK_DGRAM, 0), value = 0;
	socklen_t length = sizeof(value);

	options.ttl = 7;
	options.tos = 0x10;
	options.pmtu = IP_PMTUDISC_DO;
	options.source = address_of("127.0.0.9", 0);
	assert_int_equal(socket_configure(fd, AF_INET, &options), 0);
	assert_int_equal(getsockopt(fd, IPPROTO_IP, IP_TTL, &value, &length), 0);
	assert_int_equal(value, 7);
	assert_int_equal(getsockopt(fd, IPPROTO_IP, IP_TOS, &value, &length), 0);
	assert_int_equal(value, 0x10);
	assert_int_equal(getsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &value, &length), 0);
	assert_int_equal(value, IP_PMTUDISC_DO);
	assert_int_equal(socket_local(fd, &local), 0);
	assert_string_equal(address_text(&local).text, "127.0.0.9");
	socket_close(&fd);
}

TEST(options_that_cannot_be_are_refused)
{
	struct socket_options wrong_family = defaults, foreign = defaults, device = defaults;
	int fd = socket_open(AF_INET, SOCK_DGRAM, 0);

	wrong_family.source = address_of("::1", 0);
	foreign.source = address_of("192.0.2.1", 0);
	device.device = "nosuch0";
	assert_int_equal(socket_configure(fd, AF_INET, &defaults), 0);
	assert_int_equal(socket_configure(fd, AF_INET, &wrong_family), -EAFNOSUPPORT);
	assert_int_equal(socket_configure(fd, AF_INET, &foreign), -EADDRNOTAVAIL);
	assert_true(socket_configure(fd, AF_INET, &device) < 0);
	socket_close(&fd);
}

static void assert_refusal_names_its_target(int family)
{
	struct address address;
	struct report failure = { 0 };
	struct mono called;
	int closed = bound_socket(family, SOCK_DGRAM, &address);
	int fd = socket_open(family, SOCK_DGRAM, 0);

	socket_close(&closed);
	assert_int_equal(socket_want_failures(fd, family), 0);
	assert_int_equal(reports_take(fd, &failure, 1), 0);
	assert_int_equal(socket_send_to(fd, "who is there", 12, &address, &called), 0);
	assert_true(wait_for(fd, POLLERR));
	assert_int_equal(reports_take(fd, &failure, 1), 1);
	assert_int_equal(failure.error, -ECONNREFUSED);
	assert_true(address_same_host(&failure.target, &address));
	assert_int_equal(address_port(&failure.target), address_port(&address));
	assert_true(address_same_host(&failure.offender, &address));
	assert_int_equal(failure.quoted_length, 12);
	assert_memory_equal(failure.quoted, "who is there", 12);
	assert_int_equal(reports_take(fd, &failure, 1), 0);
	socket_close(&fd);
}

TEST(a_closed_port_is_told_by_the_error_queue_with_what_was_sent)
{
	assert_refusal_names_its_target(AF_INET);
}

TEST(and_so_it_is_over_ipv6)
{
	assert_refusal_names_its_target(AF_INET6);
}

TEST(a_larger_receive_buffer_is_granted_as_far_as_permitted)
{
	int fd = socket_open(AF_INET, SOCK_DGRAM, 0);

	assert_true(socket_receive_room(fd, 65536) >= 65536);
	socket_close(&fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_socket_neither_blocks_nor_outlives_an_exec),
		cmocka_unit_test(what_cannot_be_opened_says_why),
		cmocka_unit_test(a_port_belongs_to_one_unless_shared),
		cmocka_unit_test(bytes_travel_and_the_end_is_told),
		cmocka_unit_test(a_full_buffer_takes_no_more_and_says_so),
		cmocka_unit_test(a_reset_is_an_error_of_the_socket_and_no_signal),
		cmocka_unit_test(a_closed_port_refuses_the_handshake),
		cmocka_unit_test(both_ends_know_their_addresses),
		cmocka_unit_test(options_reach_the_socket_and_its_source),
		cmocka_unit_test(options_that_cannot_be_are_refused),
		cmocka_unit_test(a_closed_port_is_told_by_the_error_queue_with_what_was_sent),
		cmocka_unit_test(and_so_it_is_over_ipv6),
		cmocka_unit_test(a_larger_receive_buffer_is_granted_as_far_as_permitted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
