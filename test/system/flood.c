/* SPDX-License-Identifier: MIT */
/* flood -- datagrams of 64 bytes, each unlike the one before, so many a second; none is waited for.
 *
 * usage: flood SOURCE HOST PORT RATE SECONDS      (addresses, no names)
 *
 * Prints how many were sent.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BURST = 64, SIZE = 64 };

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static struct addrinfo *find(const char *host, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST };
	struct addrinfo *found = NULL;

	if (getaddrinfo(host, port, &hints, &found) != 0)
		exit(2);
	return found;
}

static int open_socket(const char *source, const char *host, const char *port)
{
	struct addrinfo *from = find(source, "0"), *to = find(host, port);
	int fd = socket(to->ai_family, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, from->ai_addr, from->ai_addrlen) < 0 ||
	    connect(fd, to->ai_addr, to->ai_addrlen) < 0)
		exit(2);
	freeaddrinfo(from);
	freeaddrinfo(to);
	return fd;
}

static uint64_t send_burst(int fd, uint64_t from)
{
	uint64_t payloads[BURST][SIZE / sizeof(uint64_t)] = { 0 };
	struct iovec iov[BURST];
	struct mmsghdr messages[BURST] = { 0 };

	for (unsigned i = 0; i < BURST; i++) {
		payloads[i][0] = from + i;
		iov[i] = (struct iovec){ payloads[i], SIZE };
		messages[i].msg_hdr.msg_iov = &iov[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	int sent = sendmmsg(fd, messages, BURST, 0);

	return sent > 0 ? (uint64_t)sent : 0;
}

int main(int count, char **arguments)
{
	if (count != 6)
		return 2;
	int fd = open_socket(arguments[1], arguments[2], arguments[3]);
	int64_t rate = atoll(arguments[4]), began = now();
	int64_t ends = began + (int64_t)(atof(arguments[5]) * 1e9);
	uint64_t sent = 0, tried = 0;

	for (int64_t t = began; t < ends; t = now()) {
		/* Whatever the machine kept us from sending in time is not made up for in one go. */
		if ((int64_t)tried * 1000000000 / rate > t - began)
			continue;
		sent += send_burst(fd, tried);
		tried += BURST;
	}
	printf("%llu\n", (unsigned long long)sent);
	return 0;
}
