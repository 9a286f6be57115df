// SPDX-License-Identifier: MIT
#include "fleet.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cost.h"

enum {
	PER_ADDRESS = 1000,
	EVENTS = 256,
	SILENCE_MS = 5000,
};

struct vessel {
	int socket;      // -1 once lost
	bool under_way;  // a message has been sent and not been answered whole
	size_t got;      // bytes of the answer so far
	uint64_t number; // the message under way
	int64_t sent_at;
};

// Ports of one address do not suffice for every run: take another address each PER_ADDRESS.
static int source_spread(int fd, const struct sockaddr_in *server, size_t index)
{
	if (ntohl(server->sin_addr.s_addr) >> 24 != IN_LOOPBACKNET)
		return 0;

	int one = 1;
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one) < 0)
		return -errno;
	uint32_t address = 0x7f010001U + (uint32_t)(index / PER_ADDRESS);
	struct sockaddr_in source = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(address),
	};
	if (bind(fd, (const struct sockaddr *)&source, sizeof source) < 0)
		return -errno;
	return 0;
}

static int socket_prepare(int fd, const struct sockaddr_in *server, size_t index)
{
	struct linger reset = { .l_onoff = 1 };
	struct timeval patience = { .tv_sec = SILENCE_MS / 1000 };
	int one = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0)
		return -errno;
	int result = source_spread(fd, server, index);
	if (result < 0)
		return result;
	if (connect(fd, (const struct sockaddr *)server, sizeof *server) < 0)
		return -errno;
	return 0;
}

static void vessel_idle(struct fleet *fleet, uint32_t index)
{
	fleet->idle[(fleet->idle_head + fleet->idle_count) % fleet->count] = index;
	fleet->idle_count++;
}

static int vessel_open(struct fleet *fleet, const struct sockaddr_in *server, uint32_t index)
{
	struct vessel *vessel = &fleet->vessels[index];

	vessel->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (vessel->socket < 0)
		return -errno;
	int result = socket_prepare(vessel->socket, server, index);
	if (result < 0)
		return result;

	struct epoll_event event = { .events = EPOLLIN, .data.u32 = index };
	if (epoll_ctl(fleet->epoll, EPOLL_CTL_ADD, vessel->socket, &event) < 0)
		return -errno;
	vessel_idle(fleet, index);
	return 0;
}

int fleet_open(struct fleet *fleet, const struct sockaddr_in *server, size_t count, size_t size)
{
	*fleet = (struct fleet){
		.vessels = calloc(count, sizeof *fleet->vessels),
		.idle = calloc(count, sizeof *fleet->idle),
		.count = count,
		.epoll = epoll_create1(EPOLL_CLOEXEC),
		.size = size,
	};
	if (!fleet->vessels || !fleet->idle || fleet->epoll < 0) {
		fleet->count = 0;
		fleet_close(fleet);
		return -ENOMEM;
	}

	for (size_t i = 0; i < count; i++)
		fleet->vessels[i].socket = -1;
	int result = 0;
	for (uint32_t i = 0; i < count && result == 0; i++)
		result = vessel_open(fleet, server, i);
	if (result < 0)
		fleet_close(fleet);
	return result;
}

void fleet_close(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->count; i++) {
		if (fleet->vessels[i].socket >= 0)
			close(fleet->vessels[i].socket);
	}
	if (fleet->epoll >= 0)
		close(fleet->epoll);
	free(fleet->vessels);
	free(fleet->idle);
	*fleet = (struct fleet){ .epoll = -1 };
}

// Gives up a connection; its message, if one is under way, is lost.
static void vessel_lose(struct fleet *fleet, struct vessel *vessel)
{
	if (vessel->under_way)
		fleet->lost++;
	vessel->under_way = false;
	close(vessel->socket);
	vessel->socket = -1;
}

static void vessel_send(struct fleet *fleet, struct vessel *vessel)
{
	uint8_t bytes[MESSAGE_MAX];

	vessel->number = fleet->number++;
	vessel->got = 0;
	vessel->under_way = true;
	fleet->issued++;
	size_t length = message_ask(&fleet->form, bytes, fleet->size, vessel->number);
	vessel->sent_at = now_mono();
	ssize_t sent = send(vessel->socket, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0 || (size_t)sent != length)
		vessel_lose(fleet, vessel);
}

// Lets the longest idle connection speak; one that ended while idle is passed over.
static void fleet_issue(struct fleet *fleet)
{
	struct vessel *vessel = NULL;

	while (fleet->idle_count > 0 && (!vessel || vessel->socket < 0)) {
		vessel = &fleet->vessels[fleet->idle[fleet->idle_head]];
		fleet->idle_head = (fleet->idle_head + 1) % fleet->count;
		fleet->idle_count--;
	}
	if (vessel && vessel->socket >= 0)
		vessel_send(fleet, vessel);
}

// Takes what has come on a connection: true when that completed the answer to its message.
static bool vessel_heard(struct fleet *fleet, struct vessel *vessel)
{
	uint8_t bytes[MESSAGE_MAX];
	uint8_t wanted[MESSAGE_MAX];

	ssize_t length = recv(vessel->socket, bytes, sizeof bytes, MSG_DONTWAIT);
	if (length < 0 && errno == EAGAIN)
		return false;
	if (length <= 0) {
		vessel_lose(fleet, vessel);
		return false;
	}

	size_t whole = message_expect(&fleet->form, wanted, fleet->size, vessel->number);
	size_t room = vessel->under_way ? whole - vessel->got : 0;
	if ((size_t)length > room || memcmp(bytes, wanted + vessel->got, (size_t)length) != 0) {
		fleet->corrupt++;
		vessel_lose(fleet, vessel);
		return false;
	}
	vessel->got += (size_t)length;
	return vessel->got == whole;
}

static void fleet_heard(struct fleet *fleet, uint32_t index, uint64_t rounds,
                        struct samples *rtt)
{
	struct vessel *vessel = &fleet->vessels[index];
	bool spoke = vessel->under_way;

	if (vessel_heard(fleet, vessel)) {
		if (rtt)
			samples_add(rtt, now_mono() - vessel->sent_at);
		fleet->answered++;
		vessel->under_way = false;
		vessel_idle(fleet, index);
	}
	// The place of a lost message is filled as well: the load stays what it was.
	if (spoke && !vessel->under_way && fleet->issued < rounds)
		fleet_issue(fleet);
}

// What is under way when nothing more comes is lost, and its connection of no more use.
static void fleet_silence(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->count; i++) {
		if (fleet->vessels[i].under_way)
			vessel_lose(fleet, &fleet->vessels[i]);
	}
}

int fleet_drive(struct fleet *fleet, uint64_t rounds, size_t in_flight, struct samples *rtt)
{
	struct epoll_event events[EVENTS];

	fleet->issued = 0;
	fleet->answered = 0;
	fleet->lost = 0;
	fleet->corrupt = 0;
	for (size_t i = 0; i < in_flight && fleet->issued < rounds; i++)
		fleet_issue(fleet);

	while (fleet->answered + fleet->lost < fleet->issued) {
		int ready = epoll_wait(fleet->epoll, events, EVENTS, SILENCE_MS);
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready < 0)
			return -errno;
		if (ready == 0)
			fleet_silence(fleet);
		for (int i = 0; i < ready; i++)
			fleet_heard(fleet, events[i].data.u32, rounds, rtt);
	}
	return 0;
}
