/* SPDX-License-Identifier: MIT */
#include "app/prober.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "app/trial.h"
#include "probe/kinds.h"
#include "probe/session.h"

enum { HAPPENINGS = 16 };

#define PACE (50 * NS_PER_MS)
#define TIMEOUT_LEAST (3 * NS_PER_SEC) /* where queues are long, a late answer is no lost one */

struct prober {
	struct ask_options ask; /* a copy: how this probe asks */
	struct ping_targets given;
	struct ping_target target;
	struct session *session;
	struct load_ping ping; /* the thread's, until it has ended */
	struct loop loop;
	struct watch wake;
	pthread_t thread;
	bool running;
	_Atomic int64_t from, until; /* of the load; INT64_MAX = not known */
	_Atomic bool finish, hurry, ended;
};

/* --- in the thread --- */

static bool is_over(struct prober *prober)
{
	return atomic_load(&prober->finish) && prober->session->targets[0]->awaited == 0;
}

static void take_turn(struct prober *prober)
{
	struct happening happenings[HAPPENINGS];
	struct mono now = clock_mono();

	prober->ping.from = (struct mono){ atomic_load(&prober->from) };
	prober->ping.until = (struct mono){ atomic_load(&prober->until) };
	prober->session->wall_offset = clock_wall().ns - now.ns;
	loop_arm(&prober->loop, session_step(prober->session, now));
	int count = loop_wait(&prober->loop, happenings, HAPPENINGS);

	now = clock_mono();
	for (int i = 0; i < count; i++)
		if (happenings[i].watch == &prober->wake)
			loop_take_wake(&prober->wake);
		else
			session_heard(prober->session, happenings[i].watch, now);
}

/* A path that answers nothing any more ends with the time-out of the last probes. */
static void *work(void *state)
{
	struct prober *prober = state;
	struct mono end = MONO_NEVER;

	loop_be_punctual();
	while (!is_over(prober) && !atomic_load(&prober->hurry) &&
	       mono_before(clock_mono(), end)) {
		take_turn(prober);
		if (atomic_load(&prober->finish))
			end = mono_earlier(end,
			                   mono_add(clock_mono(), prober->ask.probe.timeout));
	}
	session_stop(prober->session);
	atomic_store(&prober->ended, true);
	return NULL;
}

/* --- making it --- */

/* Whether a kind without a port of its own is to ask at the very port that the load asks: by the same kind, or
 * by the handshake of the same server. */
static bool shares_port(const struct probe_ops *ops, const struct probe_ops *load)
{
	return ops == load ||
	       (ops->scope == CHANNEL_PER_PROBE && load->scope == CHANNEL_PER_TARGET);
}

/* A kind alone asks the first target's host. */
static int read_kind(struct prober *prober, const struct ping_target *first,
                     const struct host_text *host, const char *kind, struct err *err)
{
	struct ask_options *ask = &prober->ask;
	int result = ask_kind_check(kind, err);

	if (result < 0)
		return result;
	ask->kind = kind;
	ask->host = host->text;
	if (shares_port(kind_by_name(kind), first->ops))
		ask->port = first->port;
	result = ping_targets_add(&prober->given, ask, NULL, NULL, err);
	ask->host = NULL; /* the target has a copy of it */
	return result;
}

static int read_word(struct prober *prober, const struct load_targets *targets,
                     const char *word, struct err *err)
{
	struct ping_target first = ping_targets_at(&targets->given, 0);
	struct host_text host = ping_target_host(&first);

	prober->ask.port = -1;
	int result = strstr(word, "://")
	                     ? ping_targets_add(&prober->given, &prober->ask, word, NULL, err)
	                     : read_kind(prober, &first, &host, word, err);

	if (result == 0)
		prober->target = ping_targets_at(&prober->given, 0);
	return result;
}

/* The very address that the load asks, where it asks the same host. */
static int find_address(const struct prober *prober, const struct load_targets *targets,
                        struct address *out, struct err *err)
{
	struct ping_target first = ping_targets_at(&targets->given, 0);
	struct host_text host = ping_target_host(&prober->target);
	struct resolver_answer found = { .addresses[0] = targets->items[0].address };
	int result = 0;

	if (strcmp(host.text, ping_target_host(&first).text) != 0)
		result = trial_resolve(host.text, prober->ask.family, &found, err);
	if (result < 0)
		return result;
	*out = found.addresses[0];
	address_set_port(out, prober->target.port);
	return 0;
}

static int add_target(struct prober *prober, const struct load_targets *targets,
                      struct err *err)
{
	struct address address;
	struct session_target target = {
		.ops = prober->target.ops,
		.name = prober->target.name,
		.addresses = &address,
		.count = 1,
		.start = clock_mono(),
	};
	int result = find_address(prober, targets, &address, err);

	if (result < 0)
		return result;
	result = session_add(prober->session, &target, NULL);
	if (result == -EPERM && !probe_has_ports(target.ops))
		return ask_denied(err, ping_target_host(&prober->target).text);
	if (result < 0)
		return err_set(err, result, "cannot ask '%s': %s", prober->target.name,
		               err_reason(result).text);
	return 0;
}

static int equip(struct prober *prober)
{
	struct session_options options = { .loop = &prober->loop };
	struct probe_options *probe = &prober->ask.probe;

	probe->interval = PACE;
	probe->timeout = span_max(probe->timeout, TIMEOUT_LEAST);
	probe->stamping = STAMPING_KERNEL;
	probe->stamp.bare = false;
	options.probe = *probe;
	int result = load_ping_init(&prober->ping, prober->target.name);

	if (result == 0)
		result = loop_init_discreet(&prober->loop);
	if (result == 0)
		result = loop_watch_wakes(&prober->loop, &prober->wake);
	if (result == 0)
		result = session_new(&prober->session, &options);
	if (result == 0)
		session_add_sink(prober->session, &load_ping_sink, &prober->ping);
	return result;
}

int prober_new(struct prober **out, const struct load_options *options,
               const struct load_targets *targets, struct err *err)
{
	struct prober *prober = calloc(1, sizeof(*prober));

	if (!prober)
		return err_set(err, -ENOMEM, "cannot start: out of memory");
	prober->ask = options->ask;
	prober->loop = (struct loop){ .epoll = -1, .timer = -1 };
	prober->wake.fd = -1;
	prober->from = prober->until = INT64_MAX;
	int result = read_word(prober, targets, options->with_ping, err);

	if (result == 0 && (result = equip(prober)) < 0)
		(void)err_set(err, result, "cannot start: %s", err_reason(result).text);
	if (result == 0)
		result = add_target(prober, targets, err);
	if (result < 0) {
		prober_free(prober);
		return result;
	}
	*out = prober;
	return 0;
}

void prober_free(struct prober *prober)
{
	if (!prober)
		return;
	(void)prober_finish(prober);
	session_free(prober->session);
	load_ping_done(&prober->ping);
	socket_close(&prober->wake.fd);
	loop_done(&prober->loop);
	ping_targets_done(&prober->given);
	free(prober);
}

/* --- its owner --- */

int prober_start(struct prober *prober, struct err *err)
{
	int result = -pthread_create(&prober->thread, NULL, work, prober);

	prober->running = result == 0;
	if (result < 0)
		return err_set(err, result, "cannot start a thread: %s",
		               err_reason(result).text);
	return 0;
}

void prober_loaded(struct prober *prober, struct mono from)
{
	if (prober)
		atomic_store(&prober->from, from.ns);
}

void prober_unloaded(struct prober *prober, struct mono until)
{
	if (prober)
		atomic_store(&prober->until, until.ns);
}

void prober_stop(struct prober *prober)
{
	if (!prober)
		return;
	atomic_store(&prober->finish, true);
	loop_wake(&prober->wake);
}

bool prober_has_ended(const struct prober *prober)
{
	return !prober || !prober->running || atomic_load(&prober->ended);
}

const struct load_ping *prober_finish(struct prober *prober)
{
	if (!prober)
		return NULL;
	if (prober->running) {
		atomic_store(&prober->hurry, true);
		loop_wake(&prober->wake);
		(void)pthread_join(prober->thread, NULL);
		prober->running = false;
	}
	return &prober->ping;
}
