/* SPDX-License-Identifier: MIT */
/* words -- what the speakers call things, each in one place: a word for programs, which never
 * changes, and a text for people, which may. */
#pragma once

#include "base/text.h"
#include "probe/target.h"

struct reason {
	const char *word; /* "port_unreachable"; "other" where there is no word for it */
	char text[128];   /* "port unreachable" */
};

/* What kept a probe from its answer: whose doing it was. */
struct reason reason_of(const struct target *target, const struct sample *sample);

/* Why something that came is no answer. */
struct reason reason_of_junk(int error);

/* "reply", "loss", "refused", "unsent", "late", "duplicate". */
const char *fate_word(enum fate fate);

/* Something came back that answers the probe, now or too late or once more. */
static inline bool fate_is_answer(enum fate fate)
{
	return fate == FATE_ANSWERED || fate == FATE_LATE || fate == FATE_DUPLICATE;
}

/* "user", "kernel", "hardware". */
const char *taker_word(enum taker taker);

/* What the round trips of a target are to rest on: "kernel timestamps". */
const char *stamps_text(enum taker tx, enum taker rx);

/* From wire to wire, the far end included, in ns; -1 where nobody stamped it there. */
int64_t network_span(const struct sample *sample);

struct share_text {
	char text[32];
};

/* 0.25 -> "25%": three digits, but never "100" of less than all. */
struct share_text share_text(double ratio);

struct size_text {
	char text[32];
};

/* 1536 -> "1.5 KiB": three digits. */
struct size_text size_text(double bytes);

/* A span as people read it where nobody wants its last digits: to the millisecond. */
struct span_text span_text_ms(int64_t span);

/* Probes whose fate is not known: they were on their way when it all ended. */
static inline uint64_t tally_awaited(const struct tally *tally)
{
	return tally->transmitted - tally->received - tally->lost - tally->refused;
}
