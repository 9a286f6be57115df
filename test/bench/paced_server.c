// SPDX-License-Identifier: MIT
// paced_server PORT SIZE NANOSECONDS: a TCP echo whose capacity is known: one server that spends so long on each
// message of SIZE bytes, one after the other, whichever connection it came by. `sounder load --find` is measured
// against it.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cost.h"

enum {
	EVENTS = 256,
	SIZE_MAX_BYTES = 4096,
};

struct pace {
	int64_t span;    // of one message
	int64_t free_at; // when the last one was done
};

// Serves one message. What was waiting begins when its predecessor ended, not when a system call has brought it:
// the span is the whole of the service.
static void pace_serve(struct pace *pace)
{
	int64_t now = now_mono();
	bool waited = now - pace->free_at < pace->span;

	pace->free_at = (waited ? pace->free_at : now) + pace->span;
	while (now_mono() < pace->free_at)
		;
}

static int listener_open(uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port),
	};
	int one = 1;

	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(fd, 4096) < 0)
		return -errno;
	return fd;
}

static void watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		close(fd);
}

static void take_in(int epoll, int listener)
{
	int one = 1;
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		watch(epoll, fd);
	}
}

// Takes one message at a time, so that the connections take turns. One that came in pieces is served
// when it is whole: MSG_PEEK leaves it there until then.
static void message_serve(int fd, size_t size, struct pace *pace)
{
	uint8_t bytes[SIZE_MAX_BYTES];

	ssize_t length = recv(fd, bytes, size, MSG_PEEK);
	if (length < 0 && errno == EAGAIN)
		return;
	if (length <= 0) {
		close(fd);
		return;
	}
	if ((size_t)length < size)
		return;
	length = recv(fd, bytes, size, 0);
	pace_serve(pace);
	if (send(fd, bytes, (size_t)length, MSG_NOSIGNAL) != length)
		close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fputs("usage: paced_server PORT SIZE NANOSECONDS\n", stderr);
		return 2;
	}
	struct pace pace = { .span = strtoll(argv[3], NULL, 10) };
	struct epoll_event events[EVENTS];
	size_t size = strtoul(argv[2], NULL, 10);
	int listener = listener_open((uint16_t)strtoul(argv[1], NULL, 10));
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	if (listener < 0 || epoll < 0 || size == 0 || size > SIZE_MAX_BYTES) {
		perror("paced_server");
		return 1;
	}
	watch(epoll, listener);
	for (;;) {
		int ready = epoll_wait(epoll, events, EVENTS, -1);
		for (int i = 0; i < ready; i++) {
			if (events[i].data.fd == listener)
				take_in(epoll, listener);
			else
				message_serve(events[i].data.fd, size, &pace);
		}
	}
}
