/* SPDX-License-Identifier: MIT */
/* direction -- on which way probes were lost, told by a reflector that counts (RFC 8762 4.3, 7680).
 *
 *   sender      s   0   1   2   3   4   5   6        one number for each probe
 *   reflector   r   0   -   1  (2)  3   ?   ?        one for each reply it transmitted
 *                       |       |       `-+-'
 *                  forward   reverse   undetermined: nothing came since
 *
 * A reply carries both numbers.  A reflector number that never comes is a reply lost on the way back;
 * probes that are missing beyond those never got there.  With n probes unanswered and m reflector
 * numbers missing up to some cut, reverse lost = m and forward lost = n - m; a cut is good where no
 * packet crossed it.  So reordering on either way needs no care but at the cuts, late replies fill
 * their place whenever they come, and a duplicate of a reply (same r) is nothing new.  A probe
 * duplicated on its way makes the reflector answer twice: the second number of one s takes no part in
 * the sum.
 *
 * What is not known is undetermined, never guessed:
 *
 *   the tail      what was sent after the newest answered probe.  After the last probe's time-out up
 *                 to three closing probes, which do not count, are sent until one is answered
 *                 (direction_close()); should some of those be lost too, as many may stay open
 *   a restart     of the reflector (or the end of its session for being idle): r begins anew.  The
 *                 probes since the last reply before it, beyond the replies known to be missing
 *   across a mark losses in a row that are of both kinds and on both sides of it: which came first?
 *   duplicates    a lost reply may have been the answer to a duplicate.  Where forward duplicates are
 *                 seen, as many reverse losses are undetermined as can be expected of that, and 4
 *                 standard deviations more
 *   no counter    r == s in every reply: a stateless reflector, or one that copies (Cisco).  So are
 *                 the first replies of one that counts; the first forward loss decides, or
 *                 direction_trust().  Until then is_known is false, and all that is lost is
 *                 undetermined
 *
 * Always: forward_lost + reverse_lost + undetermined + received == sent, for the run and for each
 * interval.  received counts unique replies, late ones too: those were lost on neither way.
 *
 * Numbers on the wire have 32 bits and wrap; inside they have 64.  Constant memory: a bit for each of
 * the newest 65 536 probes and reflector numbers.  A reply older than that comes too late to
 * be told from a duplicate: it is left out, and its probe stays lost; of an interval that is taken so
 * late nothing is claimed.  A restart within the first DIRECTION_REACH replies of a count may go
 * unnoticed where probes overtake each other, and then as many may be counted on the wrong way.
 */
#pragma once

#include "base/base.h"

enum {
	/* Further back or ahead than so many replies no reordering and no duplication reaches: the
	 * reflector has begun anew. */
	DIRECTION_REACH = 64,
	DIRECTION_MARKS = 16,  /* intervals whose probes still have time */
	DIRECTION_CLOSING = 3, /* so many closing probes are enough */
};

struct direction_counts {
	uint64_t sent, received;
	uint64_t forward_lost, reverse_lost, undetermined;
	bool is_known; /* the reflector counts; false: all that is lost is undetermined */
};

enum direction_reply {
	DIRECTION_FIRST,             /* of its probe */
	DIRECTION_FORWARD_DUPLICATE, /* the probe got there more than once */
	DIRECTION_REVERSE_DUPLICATE, /* the reply got here more than once; of a reflector that copies:
	                              * either */
	DIRECTION_RESTARTED,         /* first of its probe, and of the reflector's new count */
	DIRECTION_STRAY,             /* first of its probe, and of a count that is over */
	DIRECTION_TOO_OLD,           /* beyond the window, or never sent */
};

/* A cut between the probes before it and the others, as the replies show it. */
struct direction_mark {
	uint64_t position; /* the first probe behind the cut */
	uint64_t received; /* unique replies to those before it, since the beginning */
	/* Of the reflector's present count: */
	uint64_t replies;     /* distinct r of the probes before the cut */
	uint64_t below, last; /* 1 + the largest r and s of those */
	uint64_t above,
		next;     /* the least r and s of those behind it; DIRECTION_NONE = none yet */
	uint64_t crossed; /* how many r of those behind it are less than below */
	/* Of its former counts, which began anew: */
	uint64_t reverse_low, reverse_high, open;
	uint64_t strays; /* replies to those before the cut that fit in no count */
	bool over;       /* behind the cut the count began anew: it is all former */
};

#define DIRECTION_NONE UINT64_MAX

struct direction {
	uint64_t *probes, *replies; /* bits of the windows: answered s, seen r */
	uint64_t sent;              /* closing probes too */
	uint64_t reply_end;         /* 1 + the largest r seen, all since first_reply */
	uint64_t first_reply;       /* the r with which the present count began */
	uint64_t first_probe;       /* the first probe that may belong to it */
	uint64_t answers;           /* distinct replies, of all counts */
	uint64_t duplicates;        /* of them: forward duplicates */
	uint64_t restarts;
	uint64_t overtaken; /* by how many others a probe may have been on its way there */
	bool counts, closing;
	struct direction_mark whole; /* behind all that was sent */
	struct direction_mark end;   /* before the closing probes */
	struct direction_mark
		marks[DIRECTION_MARKS + 1]; /* oldest first; the first was taken */
	size_t open;
};

/* -ENOMEM. */
MUST_CHECK int direction_init(struct direction *direction);
void direction_done(struct direction *direction);

/* One more probe left; its sequence number is the count of those before it, modulo 2^32. */
void direction_sent(struct direction *direction);

/* It is known from elsewhere that the reflector counts, such as by its Follow-Up Telemetry, of which a
 * stateless one says nothing (RFC 8972 4.7): so r == s in every reply means that nothing was lost on the
 * way there. */
void direction_trust(struct direction *direction);

/* A reply, in order of arrival: the Session-Sender's sequence number and the reflector's. */
enum direction_reply direction_heard(struct direction *direction, uint32_t sender,
                                     uint32_t reflector);

/* An interval ends before the next probe.  False: too many are open, so that one goes on. */
bool direction_mark(struct direction *direction);

/* Whether an interval is marked, and what became of the probes of the oldest one; to be asked when
 * their time-outs have passed and something newer was answered, or nothing more is waited for.  A
 * reply that comes later changes the run's counts, not the interval's. */
bool direction_take(struct direction *direction, struct direction_counts *interval);

/* What is sent from now on does not count, and nothing is under way: each probe is answered or its
 * time-out has passed.  The last interval, if any was marked, ends here too. */
void direction_close(struct direction *direction);

/* The run so far; what is under way is undetermined. */
struct direction_counts direction_counts(const struct direction *direction);
