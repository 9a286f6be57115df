/* SPDX-License-Identifier: MIT */
#include "load/result.h"

struct load_fairness load_fairness(const uint64_t *answers, size_t count)
{
	struct load_fairness fairness = { .slowest = count ? answers[0] : 0 };
	double sum = 0, squares = 0;

	for (size_t i = 0; i < count; i++) {
		double one = (double)answers[i];

		sum += one;
		squares += one * one;
		if (answers[i] < fairness.slowest)
			fairness.slowest = answers[i];
		if (answers[i] > fairness.fastest)
			fairness.fastest = answers[i];
	}
	if (squares > 0)
		fairness.jain = sum * sum / ((double)count * squares);
	return fairness;
}

double load_result_rate(const struct load_result *result)
{
	if (result->measured <= 0)
		return 0;
	return (double)result->tally.counts.answered * (double)NS_PER_SEC /
	       (double)result->measured;
}
