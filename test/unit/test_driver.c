/* SPDX-License-Identifier: MIT */
/* A driver over real sockets, and a server in the same thread.  What needs a clock of its own is
 * in test/sim/test_load.c. */
#include <string.h>

#include "load/driver.h"
#include "loopback.h"
#include "probe/pong.h"
#include "probe/stamp.h"
#include "probe/tcp_echo.h"
#include "probe/udp_echo.h"
#include "wire/stamp.h"

enum {
	LANES = 4,
	DEPTH = 8,
	SIZE = 64,
	CONNECTIONS_MOST = 2048,
	HAPPENINGS = 64,
	DATAGRAM_MOST = 512,
	ENOUGH = 1000, /* requests */
};

static const char answer[] = "pong 1700000000\n";

struct bench {
	struct loop loop;
	struct driver *driver;
	struct load_target target;
	struct probe_options options;
	struct load_plan plan;
	int listener;
	int peers[CONNECTIONS_MOST];
	size_t peer_count;
	uint64_t spoil; /* of so many bytes or datagrams one is wrong; 0 = none */
	uint64_t echoed;
	size_t reply_bytes;
};

static void bench_init(struct bench *bench, const struct probe_ops *ops, int family)
{
	bool stream = ops->scope == CHANNEL_PER_TARGET;

	*bench = (struct bench){
		.options = { .size = SIZE,
		             .timeout = 2 * NS_PER_SEC,
		             .socket = { .ttl = -1, .tos = -1, .pmtu = -1 } },
		.target = { .ops = ops },
	};
	bench->reply_bytes =
		ops == &probe_pong ? strlen(answer) : probe_size(ops, &bench->options);
	bench->listener =
		bound_socket(family, stream ? SOCK_STREAM : SOCK_DGRAM, &bench->target.address);
	if (stream)
		assert_int_equal(socket_listen(bench->listener, LANES), 0);
	assert_int_equal(loop_init(&bench->loop), 0);
	bench->plan = (struct load_plan){
		.targets = &bench->target,
		.target_count = 1,
		.connections = LANES,
		.depth = DEPTH,
		.start = clock_mono(),
		.probe = &bench->options,
		.probe_count = 1,
		.loop = &bench->loop,
		.seed = 1,
	};
}

static void bench_begin(struct bench *bench)
{
	struct err err;

	assert_int_equal(driver_new(&bench->driver, &bench->plan, &err), 0);
	driver_begin(bench->driver, clock_mono());
}

static void bench_done(struct bench *bench)
{
	driver_free(bench->driver);
	for (size_t i = 0; i < bench->peer_count; i++)
		socket_close(&bench->peers[i]);
	socket_close(&bench->listener);
	loop_done(&bench->loop);
}

static void spoil(struct bench *bench, uint8_t *data, size_t length)
{
	if (bench->spoil > 0 && ++bench->echoed % bench->spoil == 0)
		data[length - 1] ^= 1;
}

/* As a stateless reflector does, whose clock has stopped. */
static void reflect(uint8_t *data, size_t length)
{
	struct stamp_request request;

	assert_int_equal(stamp_read_request(data, length, STAMP_OPEN, &request), 0);
	struct stamp_reply reply = {
		.sequence = request.sequence,
		.time = request.time,
		.received = request.time,
		.error = request.error,
		.ssid = request.ssid,
		.sender_sequence = request.sequence,
		.sender_time = request.time,
		.sender_error = request.error,
		.sender_ttl = 64,
	};

	stamp_write_reply(data, stamp_bytes(STAMP_OPEN), STAMP_OPEN, &reply);
}

static void echo_datagrams(struct bench *bench)
{
	struct address from = { 0 };
	socklen_t length = sizeof(from);
	uint8_t data[DATAGRAM_MOST];
	struct mono called;
	ssize_t got;

	while ((got = recvfrom(bench->listener, data, sizeof(data), 0, &from.any, &length)) >
	       0) {
		spoil(bench, data, (size_t)got);
		if (bench->target.ops == &probe_stamp)
			reflect(data, (size_t)got);
		assert_int_equal(
			socket_send_to(bench->listener, data, (size_t)got, &from, &called), 0);
	}
}

static void answer_lines(int fd, const uint8_t *data, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (data[i] == '\n')
			assert_int_equal(socket_send(fd, answer, strlen(answer)),
			                 strlen(answer));
}

static void echo_stream(struct bench *bench, int *fd)
{
	uint8_t data[LANES * DEPTH * SIZE];
	int64_t got;

	while ((got = socket_receive(*fd, data, sizeof(data))) > 0) {
		spoil(bench, data, (size_t)got);
		if (bench->target.ops == &probe_pong) {
			answer_lines(*fd, data, (size_t)got);
			continue;
		}
		/* What the other side has closed is of no use to it. */
		(void)!socket_send(*fd, data, (size_t)got);
	}
	if (got == 0 || got == -ECONNRESET)
		socket_close(fd);
}

static void serve(struct bench *bench)
{
	int fd;

	if (bench->target.ops->scope == CHANNEL_FOR_ALL) {
		echo_datagrams(bench);
		return;
	}
	while (bench->peer_count < CONNECTIONS_MOST &&
	       (fd = socket_accept(bench->listener, NULL)) >= 0)
		bench->peers[bench->peer_count++] = fd;
	for (size_t i = 0; i < bench->peer_count; i++)
		if (bench->peers[i] >= 0)
			echo_stream(bench, &bench->peers[i]);
}

static void turn(struct bench *bench)
{
	struct happening happenings[HAPPENINGS];

	(void)driver_step(bench->driver, clock_mono());
	serve(bench);
	int count = loop_poll(&bench->loop, happenings, HAPPENINGS);

	for (int i = 0; i < count; i++)
		driver_heard(bench->driver, happenings[i].watch, clock_mono());
}

/* Until so many have their fate, and then what is in flight. */
static const struct load_counts *run(struct bench *bench, uint64_t enough)
{
	const struct load_counts *counts = &driver_tally(bench->driver)->counts;

	while (load_counts_settled(counts) < enough) {
		turn(bench);
		(void)driver_tally(bench->driver);
	}
	driver_stop(bench->driver, clock_mono());
	while (!driver_finished(bench->driver))
		turn(bench);
	return &driver_tally(bench->driver)->counts;
}

static void assert_all_answered(struct bench *bench)
{
	uint64_t answers[LANES], sum = 0;
	const struct load_counts *counts = run(bench, ENOUGH);
	const struct load_tally *tally = driver_tally(bench->driver);

	driver_lane_answers(bench->driver, answers);
	for (size_t i = 0; i < LANES; i++) {
		assert_true(answers[i] > 0);
		sum += answers[i];
	}
	assert_true(counts->answered >= ENOUGH);
	assert_int_equal(counts->answered, counts->sent);
	assert_int_equal(counts->answered, sum);
	assert_int_equal(counts->bytes_out,
	                 counts->sent * probe_size(bench->target.ops, &bench->options));
	assert_int_equal(counts->bytes_in, counts->sent * bench->reply_bytes);
	assert_int_equal(load_counts_failed(counts) - counts->unsent, 0);
	assert_int_equal(counts->late + counts->duplicates, 0);
	assert_int_equal(tally->uncorrected.histogram.count, counts->answered);
	assert_true(tally->uncorrected.min > 0);
}

static void in_a_closed_loop_all_are_answered(const struct probe_ops *ops, int family)
{
	struct bench bench;

	bench_init(&bench, ops, family);
	bench_begin(&bench);
	assert_all_answered(&bench);
	assert_int_equal(driver_open_lanes(bench.driver), LANES);
	assert_int_equal(driver_tally(bench.driver)->corrected.histogram.count, 0);
	assert_int_equal(driver_tally(bench.driver)->counts.unsent, 0);
	bench_done(&bench);
}

static void in_an_open_loop_all_are_answered(const struct probe_ops *ops, int family)
{
	struct bench bench;

	bench_init(&bench, ops, family);
	bench.plan.pace = LOAD_POISSON;
	bench.plan.rate_from = bench.plan.rate_to = 10000;
	bench_begin(&bench);
	assert_all_answered(&bench);
	const struct load_tally *tally = driver_tally(bench.driver);

	assert_int_equal(tally->corrected.histogram.count, tally->counts.answered);
	assert_true(tally->corrected.min >= tally->uncorrected.min);
	assert_true(tally->lag.histogram.count > 0 && tally->lag.min >= 0);
	bench_done(&bench);
}

TEST(tcp_echo_in_a_closed_loop)
{
	in_a_closed_loop_all_are_answered(&probe_tcp_echo, AF_INET);
	in_a_closed_loop_all_are_answered(&probe_tcp_echo, AF_INET6);
}

TEST(udp_echo_in_a_closed_loop)
{
	in_a_closed_loop_all_are_answered(&probe_udp_echo, AF_INET);
	in_a_closed_loop_all_are_answered(&probe_udp_echo, AF_INET6);
}

TEST(tcp_echo_in_an_open_loop)
{
	in_an_open_loop_all_are_answered(&probe_tcp_echo, AF_INET);
	in_an_open_loop_all_are_answered(&probe_tcp_echo, AF_INET6);
}

TEST(udp_echo_in_an_open_loop)
{
	in_an_open_loop_all_are_answered(&probe_udp_echo, AF_INET);
	in_an_open_loop_all_are_answered(&probe_udp_echo, AF_INET6);
}

TEST(pong_in_both)
{
	in_a_closed_loop_all_are_answered(&probe_pong, AF_INET);
	in_an_open_loop_all_are_answered(&probe_pong, AF_INET);
}

TEST(stamp_in_both)
{
	in_a_closed_loop_all_are_answered(&probe_stamp, AF_INET);
	in_an_open_loop_all_are_answered(&probe_stamp, AF_INET);
}

TEST(a_connection_for_each_request)
{
	struct bench bench;

	bench_init(&bench, &probe_tcp_echo, AF_INET);
	bench.plan.reconnect = true;
	bench_begin(&bench);
	assert_all_answered(&bench);
	const struct load_counts *counts = &driver_tally(bench.driver)->counts;

	assert_int_equal(counts->connects, counts->sent);
	assert_int_equal(counts->connect_failures, 0);
	bench_done(&bench);
}

TEST(a_wrong_byte_is_corrupt)
{
	struct bench bench;

	bench_init(&bench, &probe_udp_echo, AF_INET);
	bench.spoil = 10;
	bench_begin(&bench);
	const struct load_counts *counts = run(&bench, ENOUGH);

	assert_int_equal(counts->corrupt, counts->sent / 10);
	assert_int_equal(counts->answered + counts->corrupt, counts->sent);
	bench_done(&bench);
}

TEST(a_closed_port_refuses_each_datagram)
{
	struct bench bench;

	bench_init(&bench, &probe_udp_echo, AF_INET);
	bench.plan.depth = 1;
	socket_close(&bench.listener);
	bench_begin(&bench);
	const uint64_t some = 4;
	const struct load_counts *counts = run(&bench, some * LANES);

	assert_true(counts->refused >= some * LANES);
	assert_int_equal(counts->refused, counts->sent);
	bench_done(&bench);
}

TEST(and_each_connection)
{
	struct bench bench;

	bench_init(&bench, &probe_tcp_echo, AF_INET);
	socket_close(&bench.listener);
	bench.plan.pace = LOAD_CONSTANT;
	bench.plan.rate_from = bench.plan.rate_to = 1000;
	bench.plan.duration = 150 * NS_PER_MS;
	bench_begin(&bench);
	while (!driver_finished(bench.driver))
		turn(&bench);
	const struct load_counts *counts = &driver_tally(bench.driver)->counts;

	assert_int_equal(counts->sent, 0);
	assert_int_equal(counts->unsent, 150);
	assert_true(counts->connect_failures >= LANES);
	bench_done(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_echo_in_a_closed_loop),
		cmocka_unit_test(udp_echo_in_a_closed_loop),
		cmocka_unit_test(tcp_echo_in_an_open_loop),
		cmocka_unit_test(udp_echo_in_an_open_loop),
		cmocka_unit_test(pong_in_both),
		cmocka_unit_test(stamp_in_both),
		cmocka_unit_test(a_connection_for_each_request),
		cmocka_unit_test(a_wrong_byte_is_corrupt),
		cmocka_unit_test(a_closed_port_refuses_each_datagram),
		cmocka_unit_test(and_each_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
