/* SPDX-License-Identifier: MIT */
/* world -- an unmodified session on a virtual clock, against a simulated network.
 *
 *   session  --send()-->  network  ~~ delay, loss, twins, lies ~~>  parcels, each with its instant
 *   session  <-heard()--  inbox of its channel  <-- what has arrived by now
 *
 * Everything follows from one seed.  The network knows the truth of each probe: when it left, what
 * came of it and when that could be read.  world_check() holds each sample and each tally against
 * it; nothing here asks the session what it thinks.
 *
 * The simulated kernel stamps by the wall clock, as the real one does, and somebody sets that clock:
 * the simulated kinds convert what it says by core/bridge, with one reading per batch.
 *
 * A session never looks at its loop, but each kind finds it in its channel: so the simulated kinds
 * find the world around it.
 */
#pragma once

#include "core/random.h"
#include "probe/session.h"
#include "unit.h"

/* Of a thousand probes each. */
struct weather {
	int64_t delay, spread; /* a round trip takes delay + [0, spread) */
	unsigned lost, twice, late, refused, forged, unsent;
	unsigned ends;        /* the connection is closed or reset meanwhile */
	unsigned slams;       /* it is closed as soon as it stands */
	unsigned retransmit;  /* the kernel had to send the SYN again */
	bool stamped;         /* the kernel tells when a probe left and its reply arrived */
	unsigned left_behind; /* the stamp of departure can be read only after the reply, */
	int64_t behind_least, behind_most; /* so much after it */
	unsigned left_never;               /* it never can */
	unsigned left_again;               /* there is a second one, of a retransmission */
	unsigned absurd;                   /* a stamp that cannot be */
	unsigned dead, slow; /* targets that never answer, or after many times the delay */
};

/* A far end that reflects: each way is a way of its own, and its clock is nobody's but its. */
struct mirror {
	int64_t forward, reverse; /* ns, the least; each packet takes up to the spread more */
	int64_t spread;
	unsigned forward_lost, reverse_lost, forward_twice, reverse_twice; /* of a thousand */
	int64_t residence;     /* T3 - T2, at most */
	int64_t sealing;       /* from T3 until it really leaves, at most */
	bool follows_up;       /* and it tells of that in the next reply */
	bool copies;           /* our numbers; else it counts */
	int64_t offset;        /* of its clock when the run begins, */
	double skew;           /* which gains so much on ours, */
	int64_t step, step_at; /* and is set by so much, so long after the start */
	uint64_t restart;      /* it begins to count anew with this request; 0 = never */
	uint64_t dies; /* from this request on nothing leaves it any more; 0 = it lives */
};

enum mishap_kind {
	MISHAP_STALL,   /* the process is not scheduled for a span */
	MISHAP_STEP,    /* the wall clock is set by a span */
	MISHAP_SUSPEND, /* the machine sleeps for a span: monotonic time stands still */
};

struct mishap {
	int64_t at; /* since the start */
	enum mishap_kind kind;
	int64_t span;
};

enum { MISHAPS_MAX = 256, TARGETS_MAX = 1000 };

struct settings {
	const struct probe_ops *ops; /* one of those below */
	uint32_t targets;
	int64_t count, interval, timeout;
	uint64_t seed;
	int64_t lag; /* each wake-up comes up to so much too late */
	enum session_pace pace;
	int64_t least_gap, report;
	enum stamping stamping; /* asked for where the weather has stamps */
	bool step_first;        /* what is due is done before what has come is read */
	struct weather weather;
	struct mirror mirror;               /* of sim_reflecting */
	struct mishap mishaps[MISHAPS_MAX]; /* in order; ended by a span of 0 */
	const char *refusing; /* an address that every target has in front of its own */
};

extern const struct probe_ops sim_for_all, sim_for_all_ports, sim_per_target, sim_per_probe,
	sim_reflecting;

/* What the network knows of a probe. */
struct truth {
	bool sent, settled, twin;
	bool left_told;  /* the session was given its stamp of departure, and could use it, */
	bool left_used;  /* before it told of the answer */
	bool at_arrival; /* and that of its reply */
	enum fate fate;  /* once settled */
	struct mono due, called, left;
	struct mono left_read; /* when its stamp was given to the session */
	struct mono arrived;   /* when its reply did, */
	struct mono ended; /* and the instant that the session can know for that; 0 = none */
	struct mono read;
	int64_t span;      /* the kernel's own measure of the round trip */
	struct wall label; /* of the answer */
	int64_t rtt;       /* -1 where nobody could know it */
	unsigned late, duplicates, distrusted;
	struct address to;
	/* Of a mirror: */
	bool got_there;          /* the probe, or a copy of it, */
	struct mono there, back; /* when, and when the answer that counts left, */
	int64_t residence;       /* and how long that says it was kept */
};

/* What the session said of it. */
struct record {
	unsigned verdicts; /* how often it was given a fate of its own: once */
	enum fate fate;
	struct mono due, called, told;
	int64_t rtt;
	enum taker tx, rx;
	int error;
	unsigned late, duplicates;
};

/* What it said of an interval, and of an outage. */
struct span_record {
	uint32_t target;
	uint64_t number, measured;
	int64_t from, to; /* since the start */
	struct tally tally;
};

struct outage_record {
	uint32_t target;
	uint64_t first, length;
	int64_t span;
};

struct parcel;

struct world {
	struct loop loop; /* never waited on: it marks the place of the world */
	struct settings settings;
	struct session *session;
	struct random random;
	struct mono start, now;
	struct mono stepped; /* until when all that was due has been done */
	struct mono next;    /* when there is something to do again */
	struct mono resumed; /* when the machine awoke */
	const struct mishap *next_mishap;
	unsigned crowded; /* steps in a row that left more to do at once */

	struct heap under_way;
	struct parcel *free_parcels;
	struct channel *ready; /* those with something unread */
	size_t parcels;
	uint64_t generations;

	struct truth *truths; /* of each target its probes, from sequence 1 */
	struct record *records;
	struct mono last_called[TARGETS_MAX];
	uint64_t newest[TARGETS_MAX];      /* sequence of the latest answer */
	struct address asked[TARGETS_MAX]; /* where probes are to go */
	uint64_t junk, reconnected, reordered;
	uint64_t mirrored;                  /* requests that got there, closing ones too, */
	uint64_t number;                    /* and the mirror's next number */
	uint64_t followed, steps, restarts; /* told by the session */
	int64_t last_step;
	uint64_t too_close; /* sends less than half their distance after the one before */
	uint64_t misaddressed;
	uint64_t renewed;   /* connections that the session ended by itself */
	uint64_t answers;   /* told so far, */
	struct mono latest; /* and when the last of them had been read */
	uint64_t hasty;     /* told before one that was read earlier */
	uint64_t suspensions, moves;
	uint64_t last_lost[TARGETS_MAX];
	bool disordered[TARGETS_MAX]; /* one was known to be lost before an older one was */

	struct span_record *spans;
	struct outage_record *outages;
	size_t span_count, span_room, outage_count, outage_room;

	uint8_t *bytes; /* all that the session said, in order */
	size_t length, room;
};

struct world *world_new(const struct settings *settings);
void world_free(struct world *world);

/* Runs until the session has finished. */
void world_run(struct world *world);
void world_run_until(struct world *world, struct mono instant);

/* Removes a target and asks it anew, in the same place. */
void world_replace(struct world *world, uint32_t i);

/* The target's name has this address now. */
void world_readdress(struct world *world, uint32_t i, const char *address);

/* Concludes the session and holds all that was said against the truth. */
void world_check(struct world *world);

/* Runs a world, holds it against the truth and returns what it counted. */
struct tally world_live(const struct settings *settings);

/* Holds what was said of each direction against the truth; returns it of the first target. */
struct direction_counts world_check_directions(struct world *world);

/* So many steps of the wall clock, of a microsecond to three years, at random instants of so long a
 * time; every other one soon after the one before. */
void world_unsettle(struct settings *settings, size_t count, int64_t time);

/* Sums over all targets. */
struct tally world_tally(const struct world *world);

struct truth *world_truth(const struct world *world, uint32_t target, uint64_t sequence);
struct record *world_record(const struct world *world, uint32_t target, uint64_t sequence);

/* --- between world, recorder and network --- */

extern const struct sink_ops world_recorder;

/* What the wall clock says at an instant. */
struct wall world_wall(const struct world *world, struct mono t);

/* Targets that the weather has chosen. */
bool world_is_dead(const struct world *world, uint32_t target);
bool world_is_slow(const struct world *world, uint32_t target);

/* True in so many of a thousand cases. */
bool world_chance(struct world *world, unsigned of_thousand);

/* From [0, limit). */
int64_t world_below(struct world *world, int64_t limit);

/* Moves all that has arrived by now into the inboxes. */
void network_collect(struct world *world);

/* The instant at which the next parcel arrives. */
struct mono network_next(const struct world *world);

/* The network goes on for a span while the clock stands still. */
void network_sleep(struct world *world, int64_t span);

/* Takes the next channel that has something unread; NULL when there is none. */
struct channel *network_ready(struct world *world);

/* What is under way for this target will find nobody. */
void network_forget(struct world *world, uint32_t target);
void network_done(struct world *world);
