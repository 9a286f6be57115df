/* SPDX-License-Identifier: MIT */
/* pong -- the line protocol: "ping" is answered by "pong EPOCH" (docs/protocol.md).
 *
 * "ping TARGET" is left at the desk for the relay, and its answer comes when it comes; nobody else
 * waits for it.
 */
#include "wire/pong.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "service/conversation.h"
#include "service/desk.h"
#include "service/services.h"

struct pong {
	struct desk *desk;
	int64_t epoch; /* the second that answer tells */
	size_t length;
	char answer[32];
};

static int open_pong(void *state, const struct service_setup *setup, struct err *err)
{
	struct pong *pong = state;

	(void)err;
	pong->desk = setup->desk;
	pong->epoch = -1;
	return 0;
}

static void say(struct conversation *conversation, const char *format, ...) PRINTF_LIKE(2, 3);

static void say(struct conversation *conversation, const char *format, ...)
{
	char line[PONG_ANSWER_MAX];
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(line, sizeof(line), format, arguments);

	va_end(arguments);
	if (length > 0)
		conversation_say(conversation, line,
		                 size_min((size_t)length, sizeof(line) - 1));
}

/* The answer is the same for a whole second, so it is written once. */
static void say_pong(struct pong *pong, struct conversation *conversation)
{
	int64_t epoch = conversation_now(conversation).ns / NS_PER_SEC;

	if (epoch != pong->epoch) {
		int length = snprintf(pong->answer, sizeof(pong->answer), "pong %" PRId64 "\n",
		                      epoch);

		pong->length = length > 0 ? (size_t)length : 0;
		pong->epoch = epoch;
	}
	conversation_say(conversation, pong->answer, pong->length);
}

static enum verdict ask_relay(const struct pong *pong, struct conversation *conversation,
                              const struct pong_request *request)
{
	struct address client = { 0 };

	if (!pong->desk) {
		say(conversation, "error this server relays nothing\n");
		return SERVICE_DONE;
	}
	if (memchr(request->word, '\0', request->length) || request->length > DESK_TARGET_MAX) {
		say(conversation, "error invalid target '%s'\n",
		    quote_bytes(request->word, request->length).text);
		return SERVICE_DONE;
	}
	if (conversation_peer(conversation, &client) < 0)
		return SERVICE_CLOSE; /* it has gone */
	if (desk_ask(pong->desk, conversation_ticket(conversation), &client, request->word,
	             request->length) < 0) {
		say(conversation, "error busy (too many pings under way)\n");
		return SERVICE_DONE;
	}
	return SERVICE_PENDING;
}

static enum verdict answer_line(void *state, struct conversation *conversation,
                                const char *line, size_t length, bool overlong)
{
	struct pong *pong = state;

	if (overlong) {
		say(conversation, "error line too long (at most %d bytes)\n", PONG_LINE_MAX);
		return SERVICE_DONE;
	}
	struct pong_request request = pong_read_request(line, length);

	switch (request.command) {
	case PONG_NOTHING:
		return SERVICE_DONE;
	case PONG_PING:
		say_pong(pong, conversation);
		return SERVICE_DONE;
	case PONG_PING_TARGET:
		return ask_relay(pong, conversation, &request);
	case PONG_HELP:
		say(conversation,
		    "commands: ping (answers 'pong EPOCH'), ping TARGET (this server "
		    "pings it 4 times), help, quit\n");
		return SERVICE_DONE;
	case PONG_QUIT:
		return SERVICE_CLOSE;
	case PONG_UNKNOWN:
		say(conversation,
		    "error unknown command '%s' (try: ping, ping TARGET, help, quit)\n",
		    quote_bytes(request.word, request.length).text);
		return SERVICE_DONE;
	}
	return SERVICE_DONE;
}

static void cancel(void *state, struct conversation *conversation)
{
	const struct pong *pong = state;

	desk_cancel(pong->desk, conversation_ticket(conversation));
}

const struct service_ops service_pong = {
	.name = "pong",
	.help = "answer lines: 'ping' by 'pong EPOCH'",
	.port = 42422,
	.type = SOCK_STREAM,
	.state_size = sizeof(struct pong),
	.open = open_pong,
	.line = answer_line,
	.cancelled = cancel,
};
