/* SPDX-License-Identifier: MIT */
#include "service/judge.h"

int judge_init(struct judge *judge, const struct guard *ports, const struct limits *limits)
{
	*judge = (struct judge){ .ports = ports };
	int result = rate_new(&judge->rate, limits->datagram_rate);

	if (result == 0 && limits->loop_guards)
		result = repeats_new(&judge->repeats);
	return result;
}

void judge_done(struct judge *judge)
{
	rate_free(judge->rate);
	repeats_free(judge->repeats);
	*judge = (struct judge){ 0 };
}

size_t judge_size(void)
{
	return rate_size() + repeats_size();
}

/* Gives the answer its TTL; false when it would not live long enough to be sent.  A TTL that is not
 * known (-1) is not trusted. */
static bool decay(struct datagram *datagram)
{
	int ttl = (datagram->ttl < JUDGE_TTL ? datagram->ttl : JUDGE_TTL) - 1;

	if (ttl <= 0)
		return false;
	datagram->out_ttl = ttl == JUDGE_TTL - 1 ? 0 : (uint8_t)ttl;
	return true;
}

enum drop judge_datagram(const struct judge *judge, struct datagram *datagram, bool decays,
                         struct mono now)
{
	const struct address *peer = &datagram->peer;

	if (datagram->truncated)
		return DROP_TRUNCATED;
	if (datagram->to_many)
		return DROP_TO_MANY;
	if (guard_is_silent(judge->ports, address_port(peer)))
		return DROP_SOURCE_PORT;
	if (decays && !decay(datagram))
		return DROP_TTL;
	if (!rate_allows(judge->rate, peer, now))
		return DROP_RATE;
	if (judge->repeats &&
	    repeats_complete_row(judge->repeats, peer, datagram->data, datagram->length))
		return DROP_IDENTICAL;
	return DROP_NONE;
}
