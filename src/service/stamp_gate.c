/* SPDX-License-Identifier: MIT */
#include "service/stamp_gate.h"

#include <string.h>

static bool may_be_short(const struct stamp_setup *setup, const struct address *peer)
{
	for (size_t i = 0; i < setup->short_peer_count; i++)
		if (address_same_host(&setup->short_peers[i], peer))
			return true;
	return false;
}

/* RFC 8762 section 4.6: what is missing counts as zero. */
static void fill_up(const struct stamp_setup *setup, struct datagram *datagram)
{
	size_t missing = STAMP_OPEN_BYTES - datagram->length;

	if (datagram->length < STAMP_SHORTEST_BYTES || !may_be_short(setup, &datagram->peer))
		return;
	memset(datagram->data + datagram->length, 0, missing);
	datagram->length = STAMP_OPEN_BYTES;
}

static enum drop check_reflected(const struct datagram *datagram, enum stamp_mode mode)
{
	return stamp_is_reflected(datagram->data, datagram->length, mode,
	                          datagram->arrival.kernel)
	               ? DROP_REFLECTED
	               : DROP_NONE;
}

/* Reads it as what a peer with a key sends; false when its HMAC does not hold. */
static bool is_authentic(const struct stamp_keys *keys, const struct datagram *datagram,
                         struct stamp_caller *out)
{
	out->mode = STAMP_AUTHENTICATED;
	if (stamp_read_request(datagram->data, datagram->length, STAMP_AUTHENTICATED,
	                       &out->request) < 0)
		return false;
	out->mac = stamp_keys_find(keys, out->request.ssid);
	return out->mac && stamp_is_authentic(datagram->data, datagram->length, out->mac);
}

static enum drop enter_open(const struct stamp_setup *setup, const struct stamp_keys *keys,
                            struct datagram *datagram, struct stamp_caller *out)
{
	if (datagram->length < STAMP_OPEN_BYTES && setup->short_peer_count > 0)
		fill_up(setup, datagram);
	out->mode = STAMP_OPEN;
	if (stamp_read_request(datagram->data, datagram->length, STAMP_OPEN, &out->request) < 0)
		return DROP_SHORT;
	if (keys && stamp_keys_has(keys, out->request.ssid))
		return DROP_UNAUTHENTIC;
	out->mac = keys ? stamp_keys_find(keys, 0) : NULL;
	return check_reflected(datagram, STAMP_OPEN);
}

enum drop stamp_gate(const struct stamp_setup *setup, const struct stamp_keys *keys,
                     struct datagram *datagram, struct stamp_caller *out)
{
	if (!keys)
		return enter_open(setup, NULL, datagram, out);
	if (is_authentic(keys, datagram, out))
		return check_reflected(datagram, STAMP_AUTHENTICATED);
	bool whole = datagram->length >= STAMP_AUTHENTICATED_BYTES;

	if (!setup->open_too)
		return whole ? DROP_UNAUTHENTIC : DROP_SHORT;
	if (whole && stamp_keys_has(keys, out->request.ssid))
		return DROP_UNAUTHENTIC;
	return enter_open(setup, keys, datagram, out);
}
