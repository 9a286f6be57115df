/* SPDX-License-Identifier: MIT */
#include "core/sample.h"

int64_t sample_rtt(const struct sample *sample)
{
	if (mono_known(sample->left) && mono_known(sample->arrived))
		return mono_since(sample->arrived, sample->left);
	if (mono_known(sample->called) && mono_known(sample->read))
		return mono_since(sample->read, sample->called);
	return -1;
}

int64_t sample_lag(const struct sample *sample)
{
	return mono_known(sample->called) ? mono_since(sample->called, sample->due) : 0;
}
