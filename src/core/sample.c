/* SPDX-License-Identifier: MIT */
#include "core/sample.h"

enum {
	/* ns by which a stamp, converted from another clock, may seem to pass an instant of ours;
	 * TCP rounds its own measure to a microsecond. */
	SLACK = 2000,
};

static int64_t between(struct mono earlier, struct mono later)
{
	return mono_known(earlier) && mono_known(later) ? mono_since(later, earlier) : -1;
}

static struct mono departure(const struct sample *sample)
{
	return mono_known(sample->left) ? sample->left : sample->called;
}

static struct mono arrival(const struct sample *sample)
{
	return mono_known(sample->arrived) ? sample->arrived : sample->read;
}

int64_t sample_wait(const struct sample *sample)
{
	return sample->span > 0 ? sample->span : between(departure(sample), arrival(sample));
}

int64_t sample_residence(const struct sample *sample)
{
	const struct far *far = sample->far;

	if (!far || far->received.ns == 0 || far->sent.ns == 0)
		return -1;
	int64_t span = wall_since(far->sent, far->received);

	return span >= 0 && span <= sample_wait(sample) ? span : -1;
}

int64_t sample_rtt(const struct sample *sample)
{
	return sample_wait(sample) - span_max(sample_residence(sample), 0);
}

int64_t sample_lag(const struct sample *sample)
{
	return mono_known(sample->called) ? mono_since(sample->called, sample->due) : 0;
}

int64_t sample_delay(const struct sample *sample)
{
	return mono_known(sample->woken) ? span_max(mono_since(sample->woken, sample->due), 0)
	                                 : -1;
}

int64_t sample_host_out(const struct sample *sample)
{
	return between(sample->called, sample->left);
}

int64_t sample_to_queue(const struct sample *sample)
{
	return between(sample->called, sample->queued);
}

int64_t sample_in_queue(const struct sample *sample)
{
	return between(sample->queued, sample->left);
}

int64_t sample_host_in(const struct sample *sample)
{
	return between(sample->arrived, sample->read);
}

static bool follows(struct mono later, struct mono earlier, int64_t slack)
{
	return !mono_known(later) || !mono_known(earlier) ||
	       mono_since(later, earlier) >= -slack;
}

static bool is_queued_rightly(const struct sample *sample)
{
	return mono_known(sample->left) && follows(sample->queued, sample->called, SLACK) &&
	       follows(sample->left, sample->queued, 0);
}

bool sample_distrust(struct sample *sample)
{
	struct sample given = *sample;
	int64_t most = between(sample->called, sample->read);

	if (sample->span < 0 || (most >= 0 && sample->span > most + SLACK))
		sample->span = 0;
	if (!follows(sample->left, sample->called, SLACK) ||
	    !follows(sample->read, sample->left, SLACK))
		sample->left = (struct mono){ 0 };
	if (!is_queued_rightly(sample))
		sample->queued = (struct mono){ 0 };
	if (!follows(sample->arrived, departure(sample),
	             mono_known(sample->left) ? 0 : SLACK) ||
	    !follows(sample->read, sample->arrived, SLACK))
		sample->arrived = (struct mono){ 0 };
	if (sample->span == 0) {
		sample->tx = mono_known(sample->left) ? TAKEN_KERNEL : TAKEN_USER;
		sample->rx = mono_known(sample->arrived) ? TAKEN_KERNEL : TAKEN_USER;
	}
	return sample->span != given.span || sample->left.ns != given.left.ns ||
	       sample->arrived.ns != given.arrived.ns;
}
