/* SPDX-License-Identifier: MIT */
/* pong -- the line protocol: "ping" asks, "pong EPOCH" answers (docs/protocol.md). */
#include "probe/pong.h"

#include "probe/line.h"
#include "wire/pong.h"

_Static_assert((int)PONG_LINE_MAX <= (int)LINE_HEAD, "an answer is judged whole");

static const uint8_t request[] = { 'p', 'i', 'n', 'g', '\n' };

static bool is_answer(const struct channel *channel, const char *line, size_t length)
{
	uint64_t epoch;

	(void)channel;
	return pong_read_answer(line, length, &epoch) == 0;
}

static int open_channel(struct channel *channel, const struct address *to, struct mono *called,
                        struct err *err)
{
	static const struct line_terms terms = {
		.request = request,
		.request_bytes = sizeof(request),
		.least = sizeof("pong 0"), /* its LF counted, not the NUL */
		.most = PONG_LINE_MAX,
		.judge = is_answer,
	};

	(void)err;
	return line_open(channel, channel->state, to, called, &terms);
}

static size_t size(const struct probe_options *options)
{
	(void)options;
	return sizeof(request);
}

const struct probe_ops probe_pong = {
	.name = "pong",
	.help = "line protocol: ping -> pong EPOCH",
	.asks_by = "line protocol",
	.port = 42422,
	.scope = CHANNEL_PER_TARGET,
	.key_bits = 32,
	.default_host = "127.0.0.1",
	.state_size = sizeof(struct line),
	.size = size,
	.open = open_channel,
	.send = line_send,
	.heard = line_heard,
	.close = line_close,
};
