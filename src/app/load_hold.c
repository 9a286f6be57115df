/* SPDX-License-Identifier: MIT */
#include "app/load_hold.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/socket.h"

enum { HAPPENINGS = 256, LOOPBACK = 0x7f000001, RECEIVED_AT_ONCE = 2048 };

/* As long as nothing at all comes of anything; a lost SYN is sent again after a second. */
#define PATIENCE_LEAST (3 * NS_PER_SEC)

enum state {
	STATE_NEW,
	STATE_CONNECTING,
	STATE_IDLE,
	STATE_ASKED,
	STATE_ANSWERED,
	STATE_FAILED
};

struct held {
	struct watch watch;
	uint32_t matched; /* octets of the answer that are as expected */
	uint8_t state;
};

/* What is asked of a kind: a line whose answer is a line that begins so. */
struct words {
	char *request; /* with its end */
	size_t request_length;
	const char *answer;
	size_t answer_length;
};

struct hold {
	const struct load_options *options;
	const struct load_target *targets;
	struct words words[LOAD_TARGETS_MAX];
	size_t target_count;
	struct loop loop;
	struct load_hold *counts;
	size_t count, next, busy;
	uint32_t exhausted; /* source addresses that had no port left */
	bool asking;
	struct mono progress; /* when something last came of anything */
	struct held held[];
};

/* --- what is asked --- */

static int find_words(const struct load_options *options, const struct probe_ops *ops,
                      struct words *out)
{
	static const char echoed[] = "sounder\n";
	const struct probe_options *probe = &options->ask.probe;
	const char *request = ops->worded ? probe->send : ops->echoes ? echoed : "ping\n";
	const char *end = ops->worded ? "\r\n" : "";
	size_t length = strlen(request);

	out->request = malloc(length + strlen(end) + 1);
	if (!out->request)
		return -ENOMEM;
	memcpy(out->request, request, length);
	memcpy(out->request + length, end, strlen(end) + 1);
	out->request_length = length + strlen(end);
	out->answer = ops->worded   ? (probe->expect ? probe->expect : "")
	              : ops->echoes ? echoed
	                            : "pong ";
	out->answer_length = strlen(out->answer);
	return 0;
}

/* --- making and unmaking --- */

static int equip(struct hold *hold)
{
	int result = loop_init(&hold->loop);

	for (size_t i = 0; i < hold->target_count && result == 0; i++)
		result = find_words(hold->options, hold->targets[i].ops, &hold->words[i]);
	return result;
}

int hold_new(struct hold **out, const struct load_options *options,
             const struct load_target *targets, size_t count, struct err *err)
{
	size_t wanted = (size_t)options->hold;
	struct hold *hold = calloc(1, sizeof(*hold) + wanted * sizeof(hold->held[0]));
	int result = -ENOMEM;

	if (hold) {
		hold->options = options;
		hold->targets = targets;
		hold->target_count = count;
		hold->count = wanted;
		for (size_t i = 0; i < wanted; i++)
			hold->held[i].watch.fd = -1;
		result = equip(hold);
	}
	if (result < 0) {
		hold_free(hold);
		return err_set(err, result, "cannot hold %zu connections: %s", wanted,
		               err_reason(result).text);
	}
	*out = hold;
	return 0;
}

void hold_free(struct hold *hold)
{
	if (!hold)
		return;
	for (size_t i = 0; i < hold->count; i++)
		socket_close(&hold->held[i].watch.fd);
	for (size_t i = 0; i < hold->target_count; i++)
		free(hold->words[i].request);
	loop_done(&hold->loop);
	free(hold);
}

/* --- one connection --- */

static size_t number_of(const struct hold *hold, const struct held *held)
{
	return (size_t)(held - hold->held);
}

static const struct words *words_of(const struct hold *hold, const struct held *held)
{
	return &hold->words[number_of(hold, held) % hold->target_count];
}

/* It has come one step further, or to nothing. */
static void settle(struct hold *hold, struct held *held, enum state state, struct mono now)
{
	hold->busy -= held->state == STATE_CONNECTING || held->state == STATE_ASKED;
	held->state = (uint8_t)state;
	hold->progress = now;
	hold->counts->opened += state == STATE_IDLE;
	hold->counts->answered += state == STATE_ANSWERED;
	if (state != STATE_FAILED)
		return;
	hold->counts->failed++;
	loop_forget(&hold->loop, &held->watch);
	socket_close(&held->watch.fd);
}

/* Whether it can come from other addresses than the usual one. */
static bool may_spread(const struct hold *hold, const struct address *to)
{
	const struct socket_options *options = &hold->options->ask.probe.socket;

	return address_family(&options->source) == AF_UNSPEC && !options->device &&
	       address_family(to) == AF_INET && address_is_loopback(to);
}

static void choose_source(const struct hold *hold, size_t number, const struct address *to,
                          struct socket_options *options)
{
	uint32_t step = (uint32_t)(number / HOLD_PER_SOURCE) + hold->exhausted;

	if (step == 0 || !may_spread(hold, to))
		return;
	options->source = (struct address){ 0 };
	options->source.v4.sin_family = AF_INET;
	options->source.v4.sin_addr.s_addr = htonl(LOOPBACK + step);
}

static int connect_from(struct hold *hold, struct held *held)
{
	size_t number = number_of(hold, held);
	const struct address *to = &hold->targets[number % hold->target_count].address;
	struct socket_options options = hold->options->ask.probe.socket;
	struct mono called;
	int family = address_family(to);

	choose_source(hold, number, to, &options);
	held->watch.fd = socket_open(family, SOCK_STREAM, 0);
	int result = held->watch.fd < 0 ? held->watch.fd : 0;

	if (result == 0)
		result = socket_configure(held->watch.fd, family, &options);
	if (result == 0)
		result = socket_connect(held->watch.fd, to, &called);
	if ((result == -EADDRNOTAVAIL || result == -EADDRINUSE) && may_spread(hold, to))
		return -EAGAIN;
	return result;
}

static int connect_one(struct hold *hold, struct held *held)
{
	int result = connect_from(hold, held);

	if (result == -EAGAIN) { /* that address has no port left */
		socket_close(&held->watch.fd);
		hold->exhausted++;
		result = connect_from(hold, held);
	}
	if (result == 0)
		result = loop_watch(&hold->loop, &held->watch, LOOP_WRITE);
	return result;
}

static int ask_one(const struct hold *hold, const struct held *held)
{
	const struct words *words = words_of(hold, held);
	int64_t sent = socket_send(held->watch.fd, words->request, words->request_length);

	if (sent < 0)
		return (int)sent;
	return (size_t)sent == words->request_length ? 0 : -EAGAIN;
}

/* What has come is as expected so far; *whole when the line has ended. */
static bool take_text(const struct words *words, struct held *held, const char *text,
                      size_t length, bool *whole)
{
	const char *end = memchr(text, '\n', length);
	size_t wanted = words->answer_length - held->matched;
	size_t part = size_min(length, wanted);

	if (memcmp(text, words->answer + held->matched, part) != 0)
		return false;
	held->matched += (uint32_t)part;
	*whole = end != NULL;
	return !end || held->matched == words->answer_length;
}

static void take_answer(struct hold *hold, struct held *held, struct mono now)
{
	char text[RECEIVED_AT_ONCE];
	int64_t got = socket_receive(held->watch.fd, text, sizeof(text));
	bool whole = false;

	if (got == -EAGAIN)
		return;
	if (got <= 0) {
		settle(hold, held, STATE_FAILED, now);
		return;
	}
	if (held->state != STATE_ASKED)
		return; /* a greeting, or words that nobody asked for */
	if (!take_text(words_of(hold, held), held, text, (size_t)got, &whole))
		settle(hold, held, STATE_FAILED, now);
	else if (whole)
		settle(hold, held, STATE_ANSWERED, now);
}

static void take_connection(struct hold *hold, struct held *held, struct mono now)
{
	struct mono read;
	int result = socket_connected(held->watch.fd, &read);

	if (result == 0)
		return;
	settle(hold, held, result < 0 ? STATE_FAILED : STATE_IDLE, now);
	if (result > 0)
		loop_rewatch(&hold->loop, &held->watch, LOOP_READ);
}

/* --- all of them --- */

static void begin_next(struct hold *hold, struct mono now)
{
	struct held *held = &hold->held[hold->next++];
	bool due = held->state == (hold->asking ? STATE_IDLE : STATE_NEW);

	if (!due)
		return;
	int result = hold->asking ? ask_one(hold, held) : connect_one(hold, held);

	if (result < 0) {
		settle(hold, held, STATE_FAILED, now);
		return;
	}
	held->state = hold->asking ? STATE_ASKED : STATE_CONNECTING;
	hold->busy++;
}

/* Nothing at all has come for long: neither will it of the others. */
static void give_up(struct hold *hold, struct mono now)
{
	for (size_t i = 0; i < hold->count; i++) {
		uint8_t state = hold->held[i].state;

		if (state == STATE_NEW || state == STATE_CONNECTING || state == STATE_ASKED ||
		    (hold->asking && state == STATE_IDLE))
			settle(hold, &hold->held[i], STATE_FAILED, now);
	}
	hold->next = hold->count;
}

/* Waits for something to happen; false when it is stop. */
static bool wait_and_hear(struct hold *hold, const struct watch *stop, struct mono until)
{
	struct happening happenings[HAPPENINGS];

	loop_arm(&hold->loop, until);
	int count = loop_wait(&hold->loop, happenings, HAPPENINGS);
	struct mono now = clock_mono();

	for (int i = 0; i < count; i++) {
		if (happenings[i].watch == stop)
			return false;
		struct held *held = CONTAINER_OF(happenings[i].watch, struct held, watch);

		if (held->state == STATE_CONNECTING)
			take_connection(hold, held, now);
		else if (held->state != STATE_FAILED)
			take_answer(hold, held, now);
	}
	return true;
}

static void work(struct hold *hold, const struct watch *stop)
{
	int64_t patience = span_max(hold->options->ask.probe.timeout, PATIENCE_LEAST);

	hold->next = 0;
	hold->progress = clock_mono();
	for (;;) {
		struct mono now = clock_mono();

		while (hold->next < hold->count && hold->busy < HOLD_AT_ONCE)
			begin_next(hold, now);
		if (hold->busy == 0)
			return;
		struct mono until = mono_add(hold->progress, patience);

		if (!mono_before(now, until))
			give_up(hold, now);
		else if (!wait_and_hear(hold, stop, until))
			return;
	}
}

/* Returns how long it took. */
static int64_t work_on(struct hold *hold, bool asking, struct watch *stop,
                       struct load_hold *counts)
{
	struct mono begin = clock_mono();

	hold->counts = counts;
	hold->asking = asking;
	counts->asked = hold->count;
	if (stop && loop_watch(&hold->loop, stop, LOOP_READ) < 0)
		stop = NULL;
	work(hold, stop);
	if (stop)
		loop_unwatch(&hold->loop, stop);
	return mono_since(clock_mono(), begin);
}

void hold_open(struct hold *hold, struct watch *stop, struct load_hold *counts)
{
	counts->opening = work_on(hold, false, stop, counts);
}

/* Those that have ended meanwhile are known by that. */
void hold_ask(struct hold *hold, struct watch *stop, struct load_hold *counts)
{
	counts->answering = work_on(hold, true, stop, counts);
}
