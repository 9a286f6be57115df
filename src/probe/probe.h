/* SPDX-License-Identifier: MIT */
/* probe -- one way of asking, seen from a session (docs/adding-a-probe.md).
 *
 *   session                         kind (icmp, tcp, udp-echo ...)
 *      open(channel, to)      -->   a socket; may stay under way
 *      send(channel, to, key) -->   one probe on its way, singly
 *      heard(channel, events) <--   READY, LEFT, REPLY, REFUSED, ENDED, JUNK
 *      close(channel)         -->
 *
 * A channel is a socket and its state: one for all targets of a family, one per target, or one per
 * probe.  A kind decodes what the wire says and yields events, not verdicts: the session holds them
 * against what is in flight and decides the fate of each probe.  LEFT (the kernel's transmit stamp)
 * and REPLY may come in either order.
 */
#pragma once

#include "base/err.h"
#include "base/heap.h"
#include "core/inflight.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/reports.h"
#include "net/socket.h"
#include "net/timestamp.h"
#include "wire/payload.h"

enum channel_scope { CHANNEL_FOR_ALL, CHANNEL_PER_TARGET, CHANNEL_PER_PROBE };

enum event_kind {
	EVENT_READY,   /* the channel is open now */
	EVENT_QUEUED,  /* the kernel says when this key was in the queue of its device, */
	EVENT_LEFT,    /* and when it left */
	EVENT_REPLY,   /* an answer to this key */
	EVENT_REFUSED, /* an RST, an ICMP error ...: error says which */
	EVENT_ENDED,   /* the channel is no more: error, or 0 for an orderly end */
	EVENT_JUNK,    /* something that answers nothing: error says why */
};

#define KEY_UNKNOWN UINT64_MAX

enum { EVENTS_MARGIN = 2 };

struct event {
	enum event_kind kind;
	uint64_t key;               /* KEY_UNKNOWN where the wire does not tell which */
	int ttl, tos;               /* REPLY: as received; -1 = not known */
	size_t bytes;               /* REPLY */
	uint64_t nonce, nonce_mask; /* as it came back; only the bits in the mask */
	struct mono read;           /* when it was in our hands */
	struct mono stamp; /* QUEUED, LEFT, REPLY: the kernel's, 0 when there is none, */
	int64_t hardware;  /* and the network card's, by its own clock */
	int64_t span;      /* REPLY: ns, the round trip as the kernel timed it whole; or 0 */
	const struct far
		*far; /* REPLY: what it said of the probe; until heard() again; or NULL */
	struct address from;   /* REPLY, REFUSED: who says so; family 0 = the channel's peer */
	struct address target; /* REFUSED: to whom it was sent; family 0 = the channel's peer */
	int retransmissions;   /* REPLY: by TCP, since the reply before */
	int error;             /* REFUSED, ENDED, JUNK: negative errno */
};

/* Who is to say when a probe left and when its answer arrived. */
enum stamping {
	STAMPING_KERNEL, /* the kernel, or the network card where it offers to */
	STAMPING_RECEIPT, /* the kernel on receipt alone: a stamp of sending costs a system call */
	STAMPING_USER,    /* this process */
};

/* Of a Session-Sender (RFC 8762). */
struct stamp_options {
	const uint8_t *key; /* borrowed; none: open mode, unprotected */
	size_t key_length;
	bool open;     /* open mode all the same: the key protects the extensions alone */
	uint16_t ssid; /* 0: one is drawn */
	bool ptp;      /* times in PTP's format */
	int64_t tai;   /* ns by which times in that format are ahead of UTC: PTP counts TAI */
	bool strict;   /* a reply without the SSID, as before RFC 8972, is none */
	bool bare;     /* no extensions (RFC 8972): the base packet alone */
};

/* What all probes of a session have in common. */
struct probe_options {
	size_t size;      /* bytes of payload; */
	bool size_given;  /* somebody asked for so many */
	int64_t interval; /* ns between the probes of one target */
	int64_t timeout;  /* ns after which a probe is lost */
	enum stamping stamping;
	bool queueing; /* STAMPING_KERNEL: stamps of when they were queued, too */
	/* All that is wanted of an answer is that it came: no stamps, whatever stamping says, no TTL and TOS, no
	 * count of retransmissions.  Each call that these would cost is saved: of datagrams a refusal is told
	 * when no answer waits, and a channel FOR_ALL talks to the one peer that it was opened to. */
	bool bare;
	const char *send;   /* line: what is asked, without its end; borrowed */
	const char *expect; /* line: how an answer begins; NULL = anyhow; borrowed */
	struct socket_options socket;
	struct stamp_options stamp;
};

enum channel_status {
	CHANNEL_CLOSED,
	CHANNEL_OPENING,
	CHANNEL_READY,
};

struct probe_ops;

struct channel {
	const struct probe_ops *ops;
	const struct probe_options *options;
	struct loop *loop; /* where watch is watched; NULL in a simulation */
	struct watch watch;
	int family;
	void *state; /* the kind's own, ops->state_size bytes, zeroed before open() */

	/* What is in flight; a kind may look (nonces), the session writes. */
	struct inflight inflight;

	/* Who says when a probe leaves and an answer arrives (probe/stamps). */
	struct timestamps timestamps;
	uint64_t first_key; /* of the probe whose departure has the id 0 */

	/* The session's. */
	enum channel_status status;
	uint32_t target;    /* of PER_TARGET and PER_PROBE */
	size_t booked;      /* probes that may be in flight at once */
	unsigned unstamped; /* answers in a row that came without their stamp of departure */
	uint64_t identity;  /* one more than that of the channel before, the first is random */
	struct mono opened; /* when open() was last called */
	struct mono called; /* when it handed its request to the kernel */
	struct heap_node expiry; /* when the oldest probe in flight times out */
};

struct probe_ops {
	const char *name;    /* the kind, as typed by a person */
	const char *help;    /* one line for --help and the manual */
	const char *asks_by; /* of a kind without payload: what a probe is */
	uint16_t port;       /* where it asks unless told otherwise; 0 = it has no ports, */
	bool port_needed;    /* or none that is usual: one must be given */
	bool worded;         /* it asks in a person's words: send and expect of the options */
	enum channel_scope scope;
	unsigned key_bits; /* how much of a key the wire carries */
	size_t size_min;   /* least payload */
	bool echoes;       /* carries a payload: its size means something */
	bool alone; /* FOR_ALL: a channel for each target all the same: its keys count its probes */
	bool reflects; /* its replies say more than that they came: struct far (probe/reflection) */
	bool elastic;        /* an answer may have another length than its probe */
	bool key_in_payload; /* so that below 4 bytes one probe is in flight at a time */
	bool retransmission_is_loss; /* the kernel's second SYN is not our probe */
	const char *default_host;    /* asked when no host is given; NULL = one must be */
	size_t state_size;

	/* Optional: bytes of a probe, where that is not simply what is asked for; 0 when it cannot be
	 * so few. */
	size_t (*size)(const struct probe_options *options);

	/* Optional: whether the options say what this kind has to know.  -EINVAL with the reason. */
	int (*check)(const struct probe_options *options, struct err *err);

	/* Opens; `to` is the peer (FOR_ALL: any address of the family).  0 also when READY comes
	 * later by heard().  PER_PROBE: only prepares. */
	int (*open)(struct channel *channel, const struct address *to, struct mono *called,
	            struct err *err);

	/* Sends the probe with this key; called is the instant just before the system call.
	 * Negative errno when nothing left. */
	int (*send)(struct channel *channel, const struct address *to, uint64_t key,
	            struct mono *called);

	/* Fills events with what has come and returns how many.  A kind that leaves something
	 * unread has filled all but at most the last EVENTS_MARGIN of room. */
	int (*heard)(struct channel *channel, struct event *events, int room);

	/* Lets go of everything open() and send() made; harmless on a closed channel. */
	void (*close)(struct channel *channel);
};

/* The nonce that the probe with this key carries. */
static inline uint64_t channel_nonce(const struct channel *channel, uint64_t key)
{
	const struct flight *flight = inflight_find(&channel->inflight, key);

	return flight ? flight->nonce : 0;
}

/* A kind whose wire has no room for it says what else of the probe cannot be guessed. */
static inline void channel_set_nonce(const struct channel *channel, uint64_t key,
                                     uint64_t nonce)
{
	struct flight *flight = inflight_find(&channel->inflight, key);

	if (flight)
		flight->nonce = nonce;
}

/* Whether it asks by TCP or UDP, so that its addresses have ports. */
static inline bool probe_has_ports(const struct probe_ops *ops)
{
	return ops->port != 0 || ops->port_needed;
}

/* Bytes of a probe. */
static inline size_t probe_size(const struct probe_ops *ops,
                                const struct probe_options *options)
{
	return ops->size ? ops->size(options) : options->size;
}

/* Whether a probe is so short that its number does not fit in: then one is in flight at a time. */
static inline bool probe_is_nameless(const struct probe_ops *ops,
                                     const struct probe_options *options)
{
	return ops->key_in_payload && options->size < PAYLOAD_KEY_BYTES;
}

/* Whether this kind can make a probe as short as is asked for. */
static inline bool probe_fits(const struct probe_ops *ops, const struct probe_options *options)
{
	return ops->size ? ops->size(options) > 0 : options->size >= ops->size_min;
}
