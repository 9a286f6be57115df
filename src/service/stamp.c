/* SPDX-License-Identifier: MIT */
#include "service/stamp.h"

#include <errno.h>

#include "service/services.h"
#include "service/stamp_clock.h"
#include "service/stamp_gate.h"
#include "service/stamp_sessions.h"
#include "wire/stamp.h"
#include "wire/tlv_answer.h"

enum {
	TTL_UNKNOWN = 255, /* RFC 5357 section 4.2 */
	ECN_MASK = 3,
	ECN_CONGESTION = 3,
};

/* What each reply that is not of a session can say; of a session's, TLV_DIRECT_MEASUREMENT as well. */
#define UNDERSTOOD                                                            \
	(TLV_BIT(TLV_EXTRA_PADDING) | TLV_BIT(TLV_LOCATION) |                 \
	 TLV_BIT(TLV_TIMESTAMP_INFORMATION) | TLV_BIT(TLV_CLASS_OF_SERVICE) | \
	 TLV_BIT(TLV_ACCESS_REPORT) | TLV_BIT(TLV_FOLLOW_UP))

struct reflecting {
	const struct stamp_setup *setup;
	struct stamp_keys *keys;         /* NULL: every request is open */
	struct stamp_sessions *sessions; /* NULL: stateless */
	struct service_counters *counters;
	struct stamp_clock clock;
	struct mono now;

	/* The one that is being answered. */
	struct stamp_caller caller;
	struct stamp_session *session; /* NULL: it has none */
	enum stamp_format format;
	uint16_t error;
};

size_t stamp_memory(const struct stamp_setup *setup)
{
	return (setup->stateless ? 0 : stamp_sessions_size(setup->sessions)) +
	       stamp_keys_size(setup->secret_count);
}

static void close_stamp(void *state)
{
	struct reflecting *stamp = state;

	stamp_keys_free(stamp->keys);
	stamp_sessions_free(stamp->sessions);
}

static int open_stamp(void *state, const struct service_setup *setup, struct err *err)
{
	struct reflecting *stamp = state;
	const struct stamp_setup *own = setup->stamp;
	int result = 0;

	stamp->setup = own;
	stamp->counters = setup->counters;
	if (own->secret_count > 0)
		result = stamp_keys_new(&stamp->keys, own->secrets, own->secret_count, err);
	if (result == 0 && !own->stateless &&
	    stamp_sessions_new(&stamp->sessions, own->sessions, own->idle) < 0)
		result = err_set(err, -ENOMEM, "no memory for %u STAMP sessions",
		                 (unsigned)own->sessions);
	if (result < 0)
		close_stamp(stamp);
	return result;
}

static void turn(void *state, struct mono now)
{
	struct reflecting *stamp = state;

	stamp->now = now;
	stamp_clock_turn(&stamp->clock, now);
}

/* --- answering --- */

/* The address it came to; its port is the socket's. */
static const struct address *local_of(const struct datagram *datagram)
{
	return address_family(&datagram->local) == AF_UNSPEC ? datagram->bound
	                                                     : &datagram->local;
}

static struct stamp_session *find_session(struct reflecting *stamp,
                                          const struct datagram *datagram)
{
	if (!stamp->sessions)
		return NULL;
	const struct session_name name =
		session_name(&datagram->peer, local_of(datagram), address_port(datagram->bound),
	                     stamp->caller.request.ssid);
	struct stamp_session *session = stamp_sessions_find(stamp->sessions, &name, stamp->now);

	if (session)
		session->received++;
	else
		counter_add(&stamp->counters->unplaced, 1);
	return session;
}

/* Marked as its request was; but congestion that was met on the way here is not of the way back. */
static int tos_of(const struct datagram *datagram)
{
	int tos = datagram->tos < 0 ? 0 : datagram->tos;

	return (tos & ECN_MASK) == ECN_CONGESTION ? tos & ~ECN_MASK : tos;
}

static struct tlv_end end_of(const struct address *address, uint16_t port)
{
	bool v4 = address_family(address) == AF_INET;

	return (struct tlv_end){
		.address = v4 ? (const uint8_t *)&address->v4.sin_addr
		              : address->v6.sin6_addr.s6_addr,
		.address_bytes = v4 ? sizeof(struct in_addr) : sizeof(struct in6_addr),
		.port = port,
	};
}

/* What is known of a session alone. */
static void add_session(const struct reflecting *stamp, struct tlv_facts *facts)
{
	const struct stamp_session *session = stamp->session;

	facts->understood |= TLV_BIT(TLV_DIRECT_MEASUREMENT);
	facts->received = session->received;
	facts->sent = session->sent + 1;
	if (session->left.ns != 0)
		facts->follow_up = (struct tlv_follow_up){
			.sequence = session->left_number,
			.time = stamp_time_encode(session->left, stamp->format),
			.method = TLV_METHOD_SOFTWARE,
		};
}

static struct tlv_facts facts_of(const struct reflecting *stamp,
                                 const struct datagram *datagram)
{
	uint8_t source = stamp->clock.synchronised ? TLV_SOURCE_NTP : TLV_SOURCE_FREE_RUNNING;
	struct tlv_facts facts = {
		.understood = UNDERSTOOD,
		.protection = {
			.mac = stamp->caller.mac,
			.sequence = stamp->caller.request.sequence,
			.required = stamp->caller.mode == STAMP_AUTHENTICATED,
		},
		.source = end_of(&datagram->peer, address_port(&datagram->peer)),
		.destination = end_of(local_of(datagram), address_port(datagram->bound)),
		.hides_location = stamp->setup->hides_location,
		.timestamps = { source, TLV_METHOD_SOFTWARE, source, TLV_METHOD_SOFTWARE },
		.tos = (uint8_t)(datagram->tos < 0 ? 0 : datagram->tos),
		.dscp_allowed = stamp->setup->dscp_allowed,
	};

	if (stamp->session)
		add_session(stamp, &facts);
	return facts;
}

/* The TLVs; false when libcrypto fails. */
static bool answer_tlvs(struct reflecting *stamp, struct datagram *datagram, uint32_t number)
{
	size_t base = stamp_bytes(stamp->caller.mode);

	if (datagram->length <= base)
		return true;
	const struct tlv_facts facts = facts_of(stamp, datagram);
	uint8_t *area = datagram->data + base;
	struct tlv_answer answer = tlv_answer(area, datagram->length - base, &facts);

	if (answer.tos >= 0)
		datagram->out_tos = (uint8_t)answer.tos;
	if (stamp->session && answer.answered & TLV_BIT(TLV_FOLLOW_UP))
		datagram->ticket =
			stamp_sessions_ticket(stamp->sessions, stamp->session, number);
	return !answer.has_hmac ||
	       tlv_seal(area, answer.sealed_at, number, stamp->caller.mac) == 0;
}

/* The base packet, but for T3. */
static void answer_packet(const struct reflecting *stamp, struct datagram *datagram,
                          uint32_t number)
{
	const struct stamp_request *request = &stamp->caller.request;
	const struct stamp_reply reply = {
		.sequence = number,
		.ssid = request->ssid,
		.received = stamp_time_encode(datagram->arrival.kernel, stamp->format),
		.sender_sequence = request->sequence,
		.sender_time = request->time,
		.sender_error = request->error,
		.sender_ttl = (uint8_t)(datagram->ttl < 0 ? TTL_UNKNOWN : datagram->ttl),
	};

	stamp_write_reply(datagram->data, datagram->length, stamp->caller.mode, &reply);
}

static enum drop answer(void *state, struct datagram *datagram)
{
	struct reflecting *stamp = state;
	enum drop drop = stamp_gate(stamp->setup, stamp->keys, datagram, &stamp->caller);

	if (drop != DROP_NONE)
		return drop;
	stamp->session = find_session(stamp, datagram);
	/* The format is ours to choose (RFC 8186): this one the peer can read. */
	stamp->format = stamp_error_format(stamp->caller.request.error);
	stamp->error = stamp_clock_error(&stamp->clock, stamp->format, datagram->read_late);
	datagram->out_tos = (uint8_t)tos_of(datagram);
	uint32_t number =
		stamp->session ? stamp->session->sent : stamp->caller.request.sequence;

	if (!answer_tlvs(stamp, datagram, number))
		return DROP_REFUSED;
	answer_packet(stamp, datagram, number);
	return DROP_NONE;
}

static bool seal(void *state, struct datagram *datagram, struct wall now)
{
	const struct reflecting *stamp = state;
	enum stamp_mode mode = stamp->caller.mode;

	stamp_seal(datagram->data, mode, stamp_time_encode(now, stamp->format), stamp->error);
	return mode == STAMP_OPEN || stamp_sign(datagram->data, stamp->caller.mac) == 0;
}

/* A number is used up by a reply that left, so that its receiver can count. */
static void sent(void *state, const struct datagram *datagram)
{
	const struct reflecting *stamp = state;

	if (stamp->session && datagram->result == 0)
		stamp->session->sent++;
}

static void left(void *state, uint64_t ticket, struct wall when)
{
	const struct reflecting *stamp = state;

	stamp_sessions_left(stamp->sessions, ticket, when);
}

const struct service_ops service_stamp = {
	.name = "stamp",
	.help = "reflect test packets (STAMP, RFC 8762)",
	.port = STAMP_PORT,
	.type = SOCK_DGRAM,
	.state_size = sizeof(struct reflecting),
	.ttl = 255,
	.remembers = true,
	.details = true,
	.open = open_stamp,
	.close = close_stamp,
	.turn = turn,
	.answer = answer,
	.seal = seal,
	.unsealed = STAMP_UNSEALED_BYTES,
	.sent = sent,
	.left = left,
};
