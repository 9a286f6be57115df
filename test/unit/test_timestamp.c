/* SPDX-License-Identifier: MIT */
/* What the kernel stamps on this host's own loopback. */
#include <string.h>

#include "net/datagram.h"
#include "net/reports.h"
#include "net/timestamp.h"
#include "stamping.h"
#include "wire/icmp.h"

enum { ROOM = 128, BYTES = 32, SENDS = 5 };

static struct datagrams *batch_of(size_t room)
{
	struct datagrams *batch = NULL;

	assert_int_equal(datagrams_new(&batch, room, true), 0);
	return batch;
}

/* The wall clock, a moment ago: a stamp is never before what was read before it. */
static int64_t wall_now(void)
{
	return clock_wall().ns;
}

static struct report departure_from(int fd)
{
	struct report report;

	assert_true(wait_for(fd, POLLERR));
	assert_int_equal(reports_take(fd, &report, 1), 1);
	assert_int_equal(report.error, 0);
	return report;
}

static void assert_within(struct stamp stamp, int64_t from, int64_t to)
{
	assert_in_range(stamp.kernel.ns, from, to);
	assert_int_equal(stamp.hardware, 0);
}

/* Sends to itself, once per id, and reads both stamps of each. */
static void assert_stamps(int fd, const struct address *to, const uint8_t *data, size_t length)
{
	struct datagrams *batch = batch_of(ROOM);
	struct timestamps timestamps;
	struct mono called, after;

	timestamps_enable(&timestamps, fd, TIMESTAMPS_OF_DATAGRAMS, false, NULL);
	assert_int_equal(timestamps.tx, TAKEN_KERNEL);
	assert_int_equal(timestamps.rx, TAKEN_KERNEL);
	assert_true(timestamps.bridge.known);
	for (uint32_t id = 0; id < SENDS; id++) {
		int64_t from = wall_now();

		assert_int_equal(socket_send_to(fd, data, length, to, &called), 0);
		struct report report = departure_from(fd);

		assert_int_equal(report.id, id);
		assert_true(wait_for(fd, POLLIN));
		assert_true(datagrams_receive(batch, fd, 1) == 1);
		assert_within(report.stamp, from, wall_now());
		assert_within(datagrams_at(batch, 0)->arrival, report.stamp.kernel.ns,
		              wall_now());
		assert_true(timestamps_check(&timestamps, &after));
		struct mono left = bridge_mono(&timestamps.bridge, report.stamp.kernel);

		assert_in_range(left.ns, called.ns - 2000, after.ns);
	}
	datagrams_free(batch);
}

static void assert_udp(int family)
{
	static const uint8_t data[BYTES];
	struct address address;
	int fd = bound_socket(family, SOCK_DGRAM, &address);

	assert_int_equal(socket_want_failures(fd, family), 0);
	assert_stamps(fd, &address, data, sizeof(data));
	socket_close(&fd);
}

TEST(a_datagram_is_stamped_when_it_leaves_and_when_it_arrives)
{
	assert_udp(AF_INET);
}

TEST(and_so_it_is_over_ipv6)
{
	assert_udp(AF_INET6);
}

/* type: SOCK_DGRAM for a ping socket, SOCK_RAW. */
static void assert_icmp(int family, int type)
{
	uint8_t data[ICMP_HEADER_BYTES + BYTES] = { 0 };
	bool v6 = family == AF_INET6;
	struct address to = address_of(v6 ? "::1" : "127.0.0.1", 0);
	int fd = socket_open(family, type, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);

	if (fd < 0)
		skip(); /* not permitted to this user */
	icmp_write_request(data, sizeof(data), v6 ? ICMP_V6 : ICMP_V4, 7, 1);
	if (type == SOCK_RAW)
		assert_int_equal(socket_filter_icmp(fd, family), 0);
	assert_stamps(fd, &to, data, sizeof(data));
	socket_close(&fd);
}

TEST(a_ping_socket_stamps)
{
	assert_icmp(AF_INET, SOCK_DGRAM);
}

TEST(a_ping_socket_stamps_over_ipv6)
{
	assert_icmp(AF_INET6, SOCK_DGRAM);
}

TEST(a_raw_socket_stamps)
{
	assert_icmp(AF_INET, SOCK_RAW);
}

TEST(a_raw_socket_stamps_over_ipv6)
{
	assert_icmp(AF_INET6, SOCK_RAW);
}

/* A connection on loopback: [0] the client, [1] the server's side. */
static void connect_pair(int family, int pair[2])
{
	struct address address;
	struct mono called;
	int listener = bound_socket(family, SOCK_STREAM, &address);

	assert_int_equal(socket_listen(listener, 1), 0);
	pair[0] = socket_open(family, SOCK_STREAM, 0);
	assert_int_equal(socket_connect(pair[0], &address, &called), 0);
	assert_true(wait_for(listener, POLLIN));
	pair[1] = socket_accept(listener, NULL);
	assert_true(pair[1] >= 0 && wait_for(pair[0], POLLOUT));
	socket_close(&listener);
}

static void assert_tcp(int family)
{
	static const uint8_t data[BYTES];
	uint8_t back[BYTES];
	struct timestamps timestamps;
	struct stamp arrival;
	struct mono called;
	int pair[2];

	connect_pair(family, pair);
	timestamps_enable(&timestamps, pair[0], TIMESTAMPS_OF_STREAM, false, NULL);
	assert_int_equal(timestamps.tx, TAKEN_KERNEL);
	for (uint32_t i = 1; i <= SENDS; i++) {
		int64_t from = wall_now();

		assert_int_equal(socket_send_stamped(pair[0], data, BYTES, &called), BYTES);
		struct report report = departure_from(pair[0]);

		assert_int_equal(report.id, i * BYTES - 1); /* of the last byte */
		assert_true(wait_for(pair[1], POLLIN));
		assert_int_equal(socket_receive(pair[1], back, BYTES), BYTES);
		assert_int_equal(socket_send(pair[1], back, BYTES), BYTES);
		assert_true(wait_for(pair[0], POLLIN));
		assert_int_equal(socket_receive_stamped(pair[0], back, BYTES, &arrival), BYTES);
		assert_within(report.stamp, from, wall_now());
		assert_within(arrival, report.stamp.kernel.ns, wall_now());
	}
	socket_close(&pair[0]);
	socket_close(&pair[1]);
}

TEST(a_request_on_a_stream_is_known_by_its_last_byte)
{
	assert_tcp(AF_INET);
}

TEST(and_so_it_is_known_over_ipv6)
{
	assert_tcp(AF_INET6);
}

TEST(on_receipt_alone_nothing_that_leaves_is_stamped)
{
	struct datagrams *batch = batch_of(ROOM);
	struct timestamps timestamps;
	struct report report;
	struct address address;
	struct mono called;
	int fd = bound_socket(AF_INET, SOCK_DGRAM, &address);

	timestamps_enable(&timestamps, fd, TIMESTAMPS_OF_RECEIPT, false, NULL);
	assert_int_equal(timestamps.tx, TAKEN_USER);
	assert_int_equal(timestamps.rx, TAKEN_KERNEL);
	assert_int_equal(socket_send_to(fd, "x", 1, &address, &called), 0);
	assert_true(wait_for(fd, POLLIN));
	assert_int_equal(datagrams_receive(batch, fd, 1), 1);
	assert_true(datagrams_at(batch, 0)->arrival.kernel.ns > 0);
	assert_int_equal(reports_take(fd, &report, 1), 0);
	datagrams_free(batch);
	socket_close(&fd);
}

TEST(who_asks_for_nothing_gets_nothing)
{
	struct timestamps timestamps;
	struct address address;
	struct mono after = { 0 };
	int fd = bound_socket(AF_INET, SOCK_DGRAM, &address);

	timestamps_enable(&timestamps, fd, TIMESTAMPS_OF_NONE, false, NULL);
	assert_int_equal(timestamps.tx, TAKEN_USER);
	assert_int_equal(timestamps.rx, TAKEN_USER);
	assert_int_equal(timestamps.flags, 0);
	assert_false(timestamps_check(&timestamps, &after));
	assert_true(mono_known(after));
	socket_close(&fd);
}

TEST(an_interface_that_stamps_nothing_itself_is_not_asked_to)
{
	struct timestamps timestamps;
	struct address address;
	int fd = bound_socket(AF_INET, SOCK_DGRAM, &address);

	timestamps_enable(&timestamps, fd, TIMESTAMPS_OF_DATAGRAMS, false, "lo");
	assert_int_equal(timestamps.tx, TAKEN_KERNEL);
	timestamps_enable(&timestamps, fd, TIMESTAMPS_OF_DATAGRAMS, false, "nosuch0");
	assert_int_equal(timestamps.tx, TAKEN_KERNEL);
	socket_close(&fd);
}

TEST(a_restart_counts_from_0_again)
{
	struct timestamps timestamps;
	struct address address;
	struct mono called;
	int fd = bound_socket(AF_INET, SOCK_DGRAM, &address);

	timestamps_enable(&timestamps, fd, TIMESTAMPS_OF_DATAGRAMS, false, NULL);
	for (uint32_t i = 0; i < 6; i++) {
		if (i == 3)
			timestamps_restart(&timestamps, fd);
		assert_int_equal(socket_send_to(fd, "x", 1, &address, &called), 0);
		assert_int_equal(departure_from(fd).id, i % 3);
	}
	socket_close(&fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_datagram_is_stamped_when_it_leaves_and_when_it_arrives),
		cmocka_unit_test(and_so_it_is_over_ipv6),
		cmocka_unit_test(a_ping_socket_stamps),
		cmocka_unit_test(a_ping_socket_stamps_over_ipv6),
		cmocka_unit_test(a_raw_socket_stamps),
		cmocka_unit_test(a_raw_socket_stamps_over_ipv6),
		cmocka_unit_test(a_request_on_a_stream_is_known_by_its_last_byte),
		cmocka_unit_test(and_so_it_is_known_over_ipv6),
		cmocka_unit_test(on_receipt_alone_nothing_that_leaves_is_stamped),
		cmocka_unit_test(who_asks_for_nothing_gets_nothing),
		cmocka_unit_test(an_interface_that_stamps_nothing_itself_is_not_asked_to),
		cmocka_unit_test(a_restart_counts_from_0_again),
	};

	return cmocka_run_group_tests(tests, stamping_begin, stamping_end);
}
