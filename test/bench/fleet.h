// SPDX-License-Identifier: MIT
// fleet: many open TCP connections to one server, and the closed loop that drives them.
//
// A closed loop keeps a fixed number of messages under way. The connections without one stand in
// a queue: each answer sends its connection to the tail and lets the head speak next, so all are
// used in turn however few messages are under way. As many messages as connections means: each
// connection has exactly one, all the time.
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"
#include "samples.h"

struct vessel; // one connection

struct fleet {
	struct vessel *vessels;
	uint32_t *idle; // ring of the connections without a message under way
	size_t count;
	size_t idle_head;
	size_t idle_count;
	int epoll;

	size_t size; // bytes of a message
	struct message_form form;
	uint64_t number; // the next message's
	uint64_t issued; // of the drive under way
	uint64_t answered;
	uint64_t lost; // no answer: silence, end of stream or reset
	uint64_t
		corrupt; // an answer that was not what had been sent (its message is lost, too)
};

// Opens `count` connections one after the other, from as many addresses of 127.0.0.0/8 as keep
// each below 1000, when the server is there; 0, or negative errno.
int fleet_open(struct fleet *fleet, const struct sockaddr_in *server, size_t count, size_t size)
	__attribute__((warn_unused_result));

// Closes by reset, which leaves nobody in TIME_WAIT to trouble the next run.
void fleet_close(struct fleet *fleet);

// Sends `rounds` messages, at most `in_flight` under way, and waits for their answers; adds each
// round trip to `rtt` unless that is NULL. A silence of five seconds ends it: what is then under
// way is lost. The counters count this drive alone. 0, or negative errno.
int fleet_drive(struct fleet *fleet, uint64_t rounds, size_t in_flight, struct samples *rtt)
	__attribute__((warn_unused_result));
