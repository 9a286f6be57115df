/* SPDX-License-Identifier: MIT */
#include "report/words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

enum {
	LOST = 1 << FATE_LOST,
	REFUSED = 1 << FATE_REFUSED,
	UNSENT = 1 << FATE_UNSENT,
	JUNK = 1 << 16,
};

/* A text of NULL is the system's. */
static const struct meaning {
	int of, error;
	const char *word, *text;
} meanings[] = {
	{ LOST, 0, "timeout", "timed out" },
	{ LOST | UNSENT, -EPIPE, "connection_closed", "connection closed" },
	{ LOST | UNSENT, -EBADMSG, "wrong_answer", "connection closed after a wrong answer" },
	{ REFUSED, -ETIME, "time_exceeded", "time to live exceeded" },
	{ REFUSED, -EPROTO, "parameter_problem", "parameter problem" },
	{ REFUSED, -EHOSTUNREACH, "host_unreachable", "host unreachable" },
	{ REFUSED, -EHOSTDOWN, "host_unreachable", NULL },
	{ REFUSED, -ENETUNREACH, "network_unreachable", "network unreachable" },
	{ REFUSED, -ENONET, "network_unreachable", NULL },
	{ REFUSED, -ENOPROTOOPT, "protocol_unreachable", "protocol unreachable" },
	{ REFUSED, -EACCES, "prohibited", "administratively prohibited" },
	{ REFUSED, -ECONNRESET, "connection_reset", "connection reset" },
	{ REFUSED | UNSENT, -EMSGSIZE, "too_big", NULL },
	{ REFUSED, -EOPNOTSUPP, "source_route_failed", "source route failed" },
	{ UNSENT, -ETIME, "interval_late", "more than one interval late" },
	{ UNSENT, -EBUSY, "still_awaited", "the one before is still awaited" },
	{ UNSENT, -EAGAIN, "socket_full", "the socket takes no more" },
	{ UNSENT, -ENOBUFS, "too_many_awaited", "too many are awaited" },
	{ UNSENT, -EADDRINUSE, "own_port", "its port would be the one that is asked" },
	{ LOST | UNSENT, -ETIMEDOUT, "connection_timeout", NULL },
	{ LOST | UNSENT, -ENETUNREACH, "network_unreachable", NULL },
	{ LOST | UNSENT, -EHOSTUNREACH, "host_unreachable", NULL },
	{ LOST | UNSENT, -ENETDOWN, "network_down", NULL },
	{ UNSENT, -ENODEV, "no_device", NULL },
	{ UNSENT, -ENXIO, "no_device", NULL },
	{ UNSENT, -EADDRNOTAVAIL, "no_address", NULL },
	{ UNSENT, -EINVAL, "invalid", NULL },
	{ UNSENT, -EPERM, "not_permitted", NULL },
	{ UNSENT, -EACCES, "not_permitted", NULL },
	{ UNSENT, -ENOMEM, "no_memory", NULL },
	{ JUNK, -EBADMSG, "wrong_content", "wrong content" },
	{ JUNK, -EADDRNOTAVAIL, "wrong_source", "from somebody else" },
	{ JUNK, -EMSGSIZE, "wrong_size", "of another size" },
	{ JUNK, -ENOMSG, "never_asked", "never asked for" },
};

static struct reason find_reason(int of, int error)
{
	struct reason reason = { .word = "other" };
	const char *text = NULL;

	for (size_t i = 0; i < COUNT(meanings); i++) {
		if (!(meanings[i].of & of) || meanings[i].error != error)
			continue;
		reason.word = meanings[i].word;
		text = meanings[i].text;
		break;
	}
	(void)snprintf(reason.text, sizeof(reason.text), "%.100s",
	               text ? text : err_reason(error).text);
	return reason;
}

struct reason reason_of(const struct target *target, const struct sample *sample)
{
	bool stream = target->ops->scope != CHANNEL_FOR_ALL;

	if (sample->fate == FATE_LOST && sample->retransmissions > 0)
		return (struct reason){ "syn_retransmitted", "SYN retransmitted" };
	if (sample->fate == FATE_REFUSED && sample->error == -ECONNREFUSED)
		return stream ? (struct reason){ "connection_refused", "connection refused" }
		              : (struct reason){ "port_unreachable", "port unreachable" };
	if (sample->fate == FATE_UNSENT && sample->error == -EADDRINUSE && stream)
		return (struct reason){ "address_in_use", "its address is in use" };
	return find_reason(1 << sample->fate, sample->error);
}

struct reason reason_of_junk(int error)
{
	return find_reason(JUNK, error);
}

const char *fate_word(enum fate fate)
{
	static const char *const words[] = {
		[FATE_ANSWERED] = "reply", [FATE_LOST] = "loss", [FATE_REFUSED] = "refused",
		[FATE_UNSENT] = "unsent",  [FATE_LATE] = "late", [FATE_DUPLICATE] = "duplicate",
	};

	return words[fate];
}

const char *taker_word(enum taker taker)
{
	static const char *const words[] = {
		[TAKEN_USER] = "user",
		[TAKEN_KERNEL] = "kernel",
		[TAKEN_HARDWARE] = "hardware",
	};

	return words[taker];
}

const char *stamps_text(enum taker tx, enum taker rx)
{
	static const char *const texts[3][3] = {
		[TAKEN_USER] = { "user timestamps", "kernel timestamps on receipt",
		                 "hardware timestamps on receipt" },
		[TAKEN_KERNEL] = { "kernel timestamps on sending", "kernel timestamps",
		                   "kernel timestamps" },
		[TAKEN_HARDWARE] = { "hardware timestamps on sending", "kernel timestamps",
		                     "hardware timestamps" },
	};

	return texts[tx][rx];
}

int64_t network_span(const struct sample *sample)
{
	bool wire = sample->tx != TAKEN_USER && sample->rx != TAKEN_USER;

	return wire ? sample_rtt(sample) : -1;
}

struct share_text share_text(double ratio)
{
	double percent = ratio * 100;
	struct share_text out = { 0 };

	for (int precision = 3; precision < 12; precision++) {
		(void)snprintf(out.text, sizeof(out.text) - 1, "%.*g", precision, percent);
		if (percent >= 100 || strncmp(out.text, "100", 3) != 0)
			break;
	}
	memcpy(out.text + strlen(out.text), "%", 2);
	return out;
}

struct size_text size_text(double bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	struct size_text out;
	size_t unit = 0;

	for (; bytes >= 999.5 && unit + 1 < COUNT(units); unit++)
		bytes /= 1024;
	(void)snprintf(out.text, sizeof(out.text), "%.3g %s", bytes, units[unit]);
	return out;
}

struct span_text span_text_ms(int64_t span)
{
	int64_t rounded = (span + NS_PER_MS / 2) / NS_PER_MS * NS_PER_MS;

	return rounded ? span_text(rounded) : (struct span_text){ "0s" };
}
