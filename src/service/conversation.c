/* SPDX-License-Identifier: MIT */
#include "service/conversation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/socket.h"
#include "service/lines.h"

enum {
	LINES_PER_TURN = 512,   /* so that one who asks a lot at once delays nobody */
	LINES_ROOM = 16 * 1024, /* read at once, and so kept at most */
	SAY_DIRECT = 4096,      /* from here on copying costs more than another send */
	DRAIN_READS = 64,    /* that fill the buffer, before patience ends; time ends it too */
	SHORTAGES_MOST = 64, /* in a row, before the connection is given up */

	/* In these states there is nothing to hear. */
	DEAF = CONNECTION_ENDED | CONNECTION_CLOSING | CONNECTION_PENDING | CONNECTION_STOPPED,
};

static bool is(const struct connection *connection, unsigned states)
{
	return connection->state & states;
}

static struct service_counters *counters_of(const struct conversation *conversation)
{
	return &conversation->streams->services[conversation->connection->service].counters;
}

static bool owes(const struct connection *connection)
{
	return connection->busy && connection->busy->out.length > 0;
}

bool conversation_is_over(const struct connection *connection)
{
	return !owes(connection) && !is(connection, CONNECTION_PENDING | CONNECTION_STOPPED);
}

/* --- what is kept --- */

static struct busy *busy_of(struct connection *connection)
{
	if (!connection->busy)
		connection->busy = calloc(1, sizeof(*connection->busy));
	return connection->busy;
}

/* Adds to a backlog of this connection, or marks it as broken where there is no memory. */
static void keep(struct conversation *conversation, struct backlog *backlog, const void *data,
                 size_t length)
{
	size_t before = backlog->room;

	if (backlog_add(backlog, data, length) < 0)
		conversation->connection->state |= CONNECTION_BROKEN;
	counter_add(&conversation->streams->owed, backlog->room - before);
}

static void drop(struct conversation *conversation, struct backlog *backlog, size_t length)
{
	size_t before = backlog->room;

	backlog_drop(backlog, length);
	counter_take(&conversation->streams->owed, before - backlog->room);
}

/* What was kept of the requests goes to the front of the worker's buffer; returns its length. */
static size_t take_kept(struct conversation *conversation)
{
	struct busy *busy = conversation->connection->busy;
	size_t length = busy ? busy->kept.length : 0;

	if (length > 0) {
		memcpy(conversation->streams->in, backlog_bytes(&busy->kept), length);
		drop(conversation, &busy->kept, length);
	}
	return length;
}

/* What to make of a call that failed: most likely there is no time or room yet, and the next turn does
 * better.  So may a lack of memory, but not for ever. */
static void take_failure(struct connection *connection, int64_t error)
{
	if (error == -EAGAIN || error == -EINTR)
		return;
	bool shortage = error == -ENOMEM || error == -ENOBUFS;

	if (!shortage || ++connection->shortages > SHORTAGES_MOST)
		connection->state |= CONNECTION_BROKEN;
}

/* --- saying --- */

/* Sends what the peer takes now; returns how much that was. */
static size_t transmit(struct conversation *conversation, const void *data, size_t length)
{
	int64_t sent = socket_send(conversation->connection->watch.fd, data, length);

	if (sent >= 0) {
		conversation->connection->shortages = 0;
		counter_add(&counters_of(conversation)->sent_bytes, (uint64_t)sent);
		return (size_t)sent;
	}
	take_failure(conversation->connection, sent);
	return 0;
}

static void deliver(struct conversation *conversation, const void *data, size_t length)
{
	struct connection *connection = conversation->connection;
	size_t sent = owes(connection) ? 0 : transmit(conversation, data, length);

	if (sent == length || is(connection, CONNECTION_BROKEN))
		return;
	struct busy *busy = busy_of(connection);

	if (busy)
		keep(conversation, &busy->out, (const uint8_t *)data + sent, length - sent);
	else
		connection->state |= CONNECTION_BROKEN;
}

/* Sends what was said in this turn. */
static void flush(struct conversation *conversation)
{
	struct streams *streams = conversation->streams;
	size_t length = streams->out_used;

	streams->out_used = 0;
	if (length > 0)
		deliver(conversation, streams->out, length);
}

void conversation_say(struct conversation *conversation, const void *data, size_t length)
{
	struct streams *streams = conversation->streams;
	bool direct = length >= SAY_DIRECT;

	if (is(conversation->connection, CONNECTION_BROKEN))
		return;
	if (direct || streams->out_used + length > STREAM_OUT_ROOM)
		flush(conversation);
	if (direct) {
		deliver(conversation, data, length);
		return;
	}
	memcpy(streams->out + streams->out_used, data, length);
	streams->out_used += length;
}

/* Sends what was left of earlier turns. */
static void pay(struct conversation *conversation)
{
	struct busy *busy = conversation->connection->busy;

	if (!owes(conversation->connection))
		return;
	size_t sent = transmit(conversation, backlog_bytes(&busy->out), busy->out.length);

	drop(conversation, &busy->out, sent);
	if (sent > 0)
		streams_touch(conversation->streams, conversation->connection);
}

/* Bytes that may still be owed to this peer before it must read some. */
static size_t credit(const struct conversation *conversation)
{
	const struct streams *streams = conversation->streams;
	const struct busy *busy = conversation->connection->busy;
	size_t owed = streams->out_used + (busy ? busy->out.length : 0);
	const struct limits *limits = streams->limits;
	bool enough = counter_read(&streams->owed) < limits->owed_max;
	size_t most = enough ? limits->owed_by_one : OWED_WHEN_SHORT;

	return owed < most ? most - owed : 0;
}

/* --- hearing --- */

static void obey(struct connection *connection, enum verdict verdict)
{
	switch (verdict) {
	case SERVICE_DONE:
	case SERVICE_MORE:
		return;
	case SERVICE_CLOSE:
		connection->state |= CONNECTION_CLOSING;
		return;
	case SERVICE_PENDING:
		connection->state |= CONNECTION_PENDING;
		return;
	}
}

/* Hands over the lines in the worker's buffer; returns how many bytes they were. */
static size_t hand_over_lines(struct conversation *conversation, const struct service *service,
                              size_t length)
{
	struct connection *connection = conversation->connection;
	const uint8_t *in = conversation->streams->in;
	bool skipping = is(connection, CONNECTION_SKIPPING),
	     ended = is(connection, CONNECTION_ENDED);
	size_t used = 0;

	for (unsigned lines = 0; used < length; lines++) {
		struct line line;

		if (is(connection, CONNECTION_PENDING | CONNECTION_CLOSING) ||
		    lines == LINES_PER_TURN || credit(conversation) == 0) {
			connection->state |= CONNECTION_STOPPED;
			break;
		}
		size_t took = lines_take(&skipping, in + used, length - used, ended, &line);

		if (took == 0)
			break;
		used += took;
		if (line.text)
			obey(connection,
			     service->ops->line(service->state, conversation, line.text,
			                        line.length, line.overlong));
	}
	connection->state &= (uint8_t)~CONNECTION_SKIPPING;
	connection->state |= skipping ? CONNECTION_SKIPPING : 0;
	return used;
}

/* Hands over what is in the worker's buffer and keeps what cannot be used yet. */
static void hand_over(struct conversation *conversation, size_t length)
{
	struct streams *streams = conversation->streams;
	struct connection *connection = conversation->connection;
	const struct service *service = &streams->services[connection->service];
	size_t used = length;

	connection->state &= (uint8_t)~CONNECTION_STOPPED;
	if (!service->ops->chunk)
		used = hand_over_lines(conversation, service, length);
	else if (length > 0)
		obey(connection,
		     service->ops->chunk(service->state, conversation, streams->in, length));
	if (is(connection, CONNECTION_CLOSING))
		connection->state &= (uint8_t)~CONNECTION_STOPPED;
	else if (used < length && busy_of(connection))
		keep(conversation, &connection->busy->kept, streams->in + used, length - used);
	else if (used < length)
		connection->state |= CONNECTION_BROKEN;
	flush(conversation);
}

/* Reads once and hands it over, behind what was kept. */
static void hear(struct conversation *conversation)
{
	struct connection *connection = conversation->connection;
	struct streams *streams = conversation->streams;
	bool chunks = streams->services[connection->service].ops->chunk;
	size_t room = size_min(chunks ? STREAM_IN_ROOM : LINES_ROOM, credit(conversation));
	size_t kept = take_kept(conversation);
	int64_t got = socket_receive(connection->watch.fd, streams->in + kept, room);

	if (got == 0)
		connection->state |= CONNECTION_ENDED;
	else if (got < 0)
		take_failure(connection, got);
	if (got > 0) {
		connection->shortages = 0;
		streams_touch(streams, connection);
		counter_add(&counters_of(conversation)->received_bytes, (uint64_t)got);
	}
	hand_over(conversation, kept + (got > 0 ? (size_t)got : 0));
}

/* Answers more of the requests that were kept. */
static void go_on(struct conversation *conversation)
{
	if (!is(conversation->connection, CONNECTION_PENDING | CONNECTION_BROKEN) &&
	    credit(conversation) > 0)
		hand_over(conversation, take_kept(conversation));
}

static void be_interested(struct conversation *conversation)
{
	struct connection *connection = conversation->connection;
	bool stopped =
		is(connection, CONNECTION_STOPPED) && !is(connection, CONNECTION_PENDING);
	/* Who was stopped goes on when it can write, which may be at once, but after the others. */
	unsigned interest = owes(connection) || stopped ? LOOP_WRITE : 0;

	if (is(connection, CONNECTION_LINGERING) ||
	    (!is(connection, DEAF) && credit(conversation) > 0))
		interest |= LOOP_READ;
	if (interest == connection->interest)
		return;
	connection->interest = (uint8_t)interest;
	loop_rewatch(conversation->streams->loop, &connection->watch, interest);
}

static void forget_empty(struct connection *connection)
{
	struct busy *busy = connection->busy;

	if (!busy || busy->out.room > 0 || busy->kept.room > 0)
		return;
	free(busy);
	connection->busy = NULL;
}

static void settle(struct conversation *conversation)
{
	struct streams *streams = conversation->streams;
	struct connection *connection = conversation->connection;
	bool over = conversation_is_over(connection),
	     broken = is(connection, CONNECTION_BROKEN);

	if (broken || (over && is(connection, CONNECTION_ENDED))) {
		streams_close(streams, connection, broken ? ENDING_BROKEN : ENDING_PEER);
		return;
	}
	if (over && is(connection, CONNECTION_CLOSING))
		streams_linger(streams, connection);
	forget_empty(connection);
	be_interested(conversation);
}

/* Drops what still comes, until the peer has ended too. */
static void drain(struct conversation *conversation)
{
	struct connection *connection = conversation->connection;
	struct streams *streams = conversation->streams;
	int64_t got = socket_receive(connection->watch.fd, streams->in, STREAM_IN_ROOM);

	/* One who sends byte by byte costs nothing that the time would not end. */
	if (got == STREAM_IN_ROOM)
		connection->drained++;
	if (got > 0 && connection->drained < DRAIN_READS)
		return;
	if (got != -EAGAIN && got != -EINTR)
		streams_close(streams, connection, ENDING_PEER);
}

void conversation_turn(struct streams *streams, struct connection *connection, unsigned ready)
{
	struct conversation conversation = { streams, connection };

	if (ready & LOOP_ERROR) {
		streams_close(streams, connection, ENDING_BROKEN);
		return;
	}
	if (is(connection, CONNECTION_LINGERING)) {
		drain(&conversation);
		return;
	}
	if (ready & LOOP_WRITE)
		pay(&conversation);
	if (is(connection, CONNECTION_STOPPED))
		go_on(&conversation);
	else if (ready & LOOP_READ && !is(connection, DEAF) && credit(&conversation) > 0)
		hear(&conversation);
	settle(&conversation);
}

void conversation_answer(struct streams *streams, uint64_t ticket, const char *line, bool last)
{
	struct connection *connection = slots_find(&streams->slots, ticket);
	struct conversation conversation = { streams, connection };

	if (!connection || !is(connection, CONNECTION_PENDING))
		return;
	streams_touch(streams, connection);
	conversation_say(&conversation, line, strlen(line));
	conversation_say(&conversation, "\n", 1);
	flush(&conversation);
	if (last)
		connection->state &= (uint8_t)~CONNECTION_PENDING;
	settle(&conversation);
}

struct wall conversation_now(struct conversation *conversation)
{
	struct streams *streams = conversation->streams;

	if (streams->wall.ns == 0)
		streams->wall = clock_wall();
	return streams->wall;
}

int conversation_peer(const struct conversation *conversation, struct address *out)
{
	return socket_peer(conversation->connection->watch.fd, out);
}

uint64_t conversation_ticket(const struct conversation *conversation)
{
	return slots_ticket(&conversation->streams->slots, conversation->connection);
}
