// SPDX-License-Identifier: MIT
// salvo: datagrams to one server, a fixed number of them under way.
//
// What has come is taken in one batch, and as many go out again in one: the client must cost less
// than the server, or the server would idle and its batches never fill.
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "requests.h"
#include "samples.h"

struct shot; // one datagram under way

struct salvo {
	struct shot *shots;
	uint8_t *bytes; // the messages of one batch, `size` bytes each
	size_t in_flight;
	size_t size;
	int socket;
	bool spins; // looks for answers instead of sleeping until one wakes it, which the server would pay
	const struct requests *requests; // NULL: messages that are echoed

	uint64_t issued; // of the drive under way
	uint64_t answered;
	uint64_t lost;    // not answered within 200 ms
	uint64_t corrupt; // came back with other bytes
	uint64_t strange; // late, double or never asked for
};

// Connects a socket to the server; 0, or negative errno.
int salvo_open(struct salvo *salvo, const struct sockaddr_in *server, size_t in_flight,
               size_t size) __attribute__((warn_unused_result));
void salvo_close(struct salvo *salvo);

// Sends `rounds` datagrams and waits for their answers or their time-out; adds each round trip
// to `rtt` unless that is NULL. The counters count this drive alone. 0, or negative errno.
int salvo_drive(struct salvo *salvo, uint64_t rounds, struct samples *rtt)
	__attribute__((warn_unused_result));
