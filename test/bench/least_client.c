// SPDX-License-Identifier: MIT
// least_client PORT CONNECTIONS SIZE MILLISECONDS: the least that a closed loop of TCP round trips can cost its
// client. Each connection has one message under way; an answer is read, timed and followed by the next
// message, and nothing is looked at but its length. `sounder load` is measured beside it. It prints what
// it saw as blank-separated NAME=VALUE; spans are nanoseconds.
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cost.h"

enum {
	EVENTS = 256,
	SIZE_MAX_BYTES = 4096, // fits an empty socket buffer
	BUCKETS = 1 << 16,     // of a microsecond; the last one has all that took longer
};

struct lane {
	int socket;
	size_t got; // bytes of the answer so far
	int64_t sent_at;
};

struct loop {
	struct lane *lanes;
	size_t count;
	int epoll;
	size_t size;
	int64_t now; // read once after each sleep and each answer
	uint64_t answered;
	uint64_t *buckets;
};

static bool lane_send(struct loop *loop, struct lane *lane)
{
	static const uint8_t message[SIZE_MAX_BYTES];

	lane->got = 0;
	lane->sent_at = loop->now;
	return send(lane->socket, message, loop->size, MSG_NOSIGNAL) == (ssize_t)loop->size;
}

static bool lane_open(struct loop *loop, struct lane *lane, const struct sockaddr_in *server)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = lane };
	struct linger reset = { .l_onoff = 1 };
	int one = 1;

	lane->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return lane->socket >= 0 &&
	       setsockopt(lane->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0 &&
	       setsockopt(lane->socket, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0 &&
	       connect(lane->socket, (const struct sockaddr *)server, sizeof *server) == 0 &&
	       epoll_ctl(loop->epoll, EPOLL_CTL_ADD, lane->socket, &event) == 0;
}

static void answer_count(struct loop *loop, int64_t rtt)
{
	int64_t bucket = rtt / 1000;

	loop->buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
	loop->answered++;
}

static bool lane_heard(struct loop *loop, struct lane *lane)
{
	uint8_t bytes[SIZE_MAX_BYTES];

	ssize_t length = recv(lane->socket, bytes, loop->size - lane->got, MSG_DONTWAIT);
	if (length <= 0)
		return false;
	lane->got += (size_t)length;
	if (lane->got < loop->size)
		return true;
	loop->now = now_mono();
	answer_count(loop, loop->now - lane->sent_at);
	return lane_send(loop, lane);
}

static bool loop_drive(struct loop *loop, int64_t until)
{
	struct epoll_event events[EVENTS];

	loop->now = now_mono();
	for (size_t i = 0; i < loop->count; i++) {
		if (!lane_send(loop, &loop->lanes[i]))
			return false;
	}
	while (loop->now < until) {
		int ready = epoll_wait(loop->epoll, events, EVENTS, 1000);
		if (ready <= 0)
			return false;
		for (int i = 0; i < ready; i++) {
			if (!lane_heard(loop, events[i].data.ptr))
				return false;
		}
	}
	return true;
}

// The upper end of the bucket in which this part of the answers lies below.
static int64_t loop_quantile(const struct loop *loop, double part)
{
	uint64_t seen = 0;
	size_t i = 0;

	for (; i < BUCKETS - 1; i++) {
		seen += loop->buckets[i];
		if ((double)seen >= part * (double)loop->answered)
			break;
	}
	return (int64_t)(i + 1) * 1000;
}

static bool loop_run(struct loop *loop, uint16_t port, int64_t span)
{
	struct sockaddr_in server = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port),
	};

	for (size_t i = 0; i < loop->count; i++) {
		if (!lane_open(loop, &loop->lanes[i], &server))
			return false;
	}
	int64_t begun = now_mono();
	if (!loop_drive(loop, begun + span))
		return false;
	printf("answered=%" PRIu64 " wall=%" PRId64 " p50=%" PRId64 " p99=%" PRId64 "\n",
	       loop->answered, loop->now - begun, loop_quantile(loop, 0.5),
	       loop_quantile(loop, 0.99));
	return true;
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fputs("usage: least_client PORT CONNECTIONS SIZE MILLISECONDS\n", stderr);
		return 2;
	}
	struct loop loop = {
		.count = strtoul(argv[2], NULL, 10),
		.size = strtoul(argv[3], NULL, 10),
	};
	if (loop.count == 0 || loop.size == 0 || loop.size > SIZE_MAX_BYTES) {
		fputs("least_client: not these numbers\n", stderr);
		return 2;
	}
	loop.epoll = epoll_create1(EPOLL_CLOEXEC);
	loop.lanes = calloc(loop.count, sizeof *loop.lanes);
	loop.buckets = calloc(BUCKETS, sizeof *loop.buckets);
	bool done = loop.epoll >= 0 && loop.lanes && loop.buckets &&
	            loop_run(&loop, (uint16_t)strtoul(argv[1], NULL, 10),
	                     (int64_t)strtoull(argv[4], NULL, 10) * 1000000);
	if (!done)
		perror("least_client");
	free(loop.lanes);
	free(loop.buckets);
	return done ? 0 : 1;
}
