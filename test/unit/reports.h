/* SPDX-License-Identifier: MIT */
/* reports -- a target with crafted samples, and what a speaker makes of them. */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe/sink.h"
#include "probe/target.h"
#include "report/output.h"
#include "unit.h"

/* Where text goes: memory. */
struct paper {
	FILE *out;
	char *text;
	size_t length;
};

static inline void paper_open(struct paper *paper)
{
	*paper = (struct paper){ 0 };
	paper->out = open_memstream(&paper->text, &paper->length);
	assert_non_null(paper->out);
}

/* What was written so far. */
static inline const char *paper_read(struct paper *paper)
{
	(void)fflush(paper->out);
	return paper->text;
}

static inline void paper_close(struct paper *paper)
{
	(void)fclose(paper->out);
	free(paper->text);
}

static inline void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text);
}

static inline void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' in:\n%s", part, text);
}

/* Where records go: a file without a name. */
static inline void file_open(struct output *output)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	assert_int_equal(output_init(output, dup(fileno(file))), 0);
	(void)fclose(file);
}

/* All of it; the caller frees it. */
static inline char *file_read(struct output *output)
{
	assert_int_equal(output_finish(output), 0);
	off_t length = lseek(output->fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)length + 1);

	assert_non_null(text);
	assert_int_equal(pread(output->fd, text, (size_t)length, 0), length);
	return text;
}

static inline void file_close(struct output *output)
{
	(void)close(output->fd);
	output_done(output);
}

struct asked {
	struct target *target;
	struct address from;
};

static const struct probe_ops unit_ops = {
	.name = "udp-echo",
	.asks_by = "datagrams",
	.port = 8888,
	.scope = CHANNEL_FOR_ALL,
	.echoes = true,
};

static const struct probe_options unit_options = {
	.size = 56,
	.interval = NS_PER_SEC,
	.timeout = NS_PER_SEC,
};

static inline void asked_init(struct asked *asked, const char *name, const char *label)
{
	*asked = (struct asked){ .target = calloc(1, sizeof(struct target)) };
	assert_non_null(asked->target);
	*asked->target = (struct target){
		.name = name,
		.label = label,
		.ops = &unit_ops,
		.count = 1,
		.addresses = &asked->from,
		.tx = TAKEN_KERNEL,
		.rx = TAKEN_KERNEL,
		.first = { NS_PER_SEC },
	};
	assert_int_equal(address_parse("192.0.2.7", &asked->from), 0);
	address_set_port(&asked->from, 8888);
	assert_int_equal(stats_init(&asked->target->stats, 0, STATS_AMPLE), 0);
}

static inline void asked_done(struct asked *asked)
{
	stats_done(&asked->target->stats);
	losses_done(&asked->target->losses);
	free(asked->target);
}

/* A probe that was due at sequence seconds and took rtt ns on the wire, with 3 us on either side. */
static inline struct sample unit_sample(const struct asked *asked, uint64_t sequence,
                                        enum fate fate, int64_t rtt)
{
	struct mono due = { (int64_t)sequence * NS_PER_SEC };
	bool back = fate == FATE_ANSWERED || fate == FATE_LATE || fate == FATE_DUPLICATE;
	struct sample sample = {
		.sequence = sequence,
		.fate = fate,
		.from = fate == FATE_UNSENT ? NULL : &asked->from,
		.bytes = back ? 56 : 0,
		.ttl = back ? 64 : -1,
		.tos = -1,
		.wall = { INT64_C(1700000000000000000) + due.ns },
		.due = due,
	};

	if (fate == FATE_UNSENT)
		return sample;
	sample.woken = mono_add(due, 1000);
	sample.called = mono_add(due, 5000);
	sample.queued = mono_add(sample.called, 1000);
	sample.left = mono_add(sample.called, 3000);
	sample.tx = TAKEN_KERNEL;
	if (fate == FATE_LOST)
		return sample;
	sample.arrived = mono_add(sample.left, rtt);
	sample.read = mono_add(sample.arrived, 3000);
	sample.rx = TAKEN_KERNEL;
	return sample;
}

/* Counts it as a session does, and tells the sink. */
static inline void tell(const struct sink_ops *ops, void *state, struct asked *asked,
                        const struct sample *sample)
{
	struct tally *tally = &asked->target->tally;
	uint64_t *counts[] = {
		[FATE_ANSWERED] = &tally->received, [FATE_LOST] = &tally->lost,
		[FATE_REFUSED] = &tally->refused,   [FATE_UNSENT] = &tally->unsent,
		[FATE_LATE] = &tally->late,         [FATE_DUPLICATE] = &tally->duplicates,
	};

	++*counts[sample->fate];
	tally->transmitted += sample->fate < FATE_UNSENT ? 1 : 0; /* answered, lost, refused */
	if (sample->fate == FATE_ANSWERED) {
		stats_add(&asked->target->stats, sample->sequence, sample_rtt(sample));
		if (sample->tx == TAKEN_USER)
			tally->by_user++;
		else
			tally->by_kernel++;
	}
	asked->target->last = mono_add(sample->due, NS_PER_MS);
	if (ops->sample)
		ops->sample(state, asked->target, sample);
}

static inline void tell_answers(const struct sink_ops *ops, void *state, struct asked *asked,
                                uint64_t count, int64_t rtt)
{
	for (uint64_t i = 1; i <= count; i++) {
		struct sample sample =
			unit_sample(asked, i, FATE_ANSWERED, rtt + (int64_t)(i % 5) * 1000);

		tell(ops, state, asked, &sample);
	}
}
