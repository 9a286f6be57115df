// SPDX-License-Identifier: MIT
#include "modes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "cost.h"
#include "fleet.h"
#include "requests.h"
#include "salvo.h"
#include "samples.h"

enum {
	COMMANDS_MAX = 8,
};

// The outcome of one drive of either kind.
struct outcome {
	uint64_t answered;
	uint64_t lost;
	uint64_t corrupt;
	uint64_t strange;
	int64_t wall;
	struct cost cost;
};

static void outcome_print(const struct outcome *outcome, struct samples *rtt)
{
	const struct cost *cost = &outcome->cost;

	samples_sort(rtt);
	printf("answered=%" PRIu64 " lost=%" PRIu64 " corrupt=%" PRIu64 " strange=%" PRIu64,
	       outcome->answered, outcome->lost, outcome->corrupt, outcome->strange);
	printf(" wall=%" PRId64 " cpu=%" PRId64 " wait=%" PRId64 " own_wait=%" PRId64
	       " preempted=%" PRId64 " own_preempt=%" PRId64 " steal=%" PRId64,
	       outcome->wall, cost->cpu, cost->wait, cost->own_wait, cost->preempted,
	       cost->own_preempt, cost->steal);
	printf(" p50=%" PRId64 " p99=%" PRId64 " p999=%" PRId64 " max=%" PRId64 "\n",
	       samples_quantile(rtt, 0.5), samples_quantile(rtt, 0.99),
	       samples_quantile(rtt, 0.999), samples_quantile(rtt, 1));
}

// Drives an open fleet between two readings of the server's account.
static int fleet_measure(struct fleet *fleet, const struct setup *setup, uint64_t rounds,
                         struct samples *rtt, struct outcome *out)
{
	struct cost first;
	struct cost last;

	int result = cost_take((pid_t)setup->pid, &first);
	if (result < 0)
		return result;
	int64_t begun = now_mono();
	result = fleet_drive(fleet, rounds, setup->in_flight, rtt);
	int64_t wall = now_mono() - begun;
	if (result == 0)
		result = cost_take((pid_t)setup->pid, &last);
	if (result < 0)
		return result;

	*out = (struct outcome){
		.answered = fleet->answered,
		.lost = fleet->lost,
		.corrupt = fleet->corrupt,
		.wall = wall,
		.cost = cost_between(&first, &last),
	};
	return 0;
}

int tcp_run(const struct setup *setup)
{
	struct fleet fleet;
	struct samples rtt = { 0 };
	struct outcome outcome;

	int result = fleet_open(&fleet, &setup->server, setup->connections, setup->size);
	if (result < 0)
		return result;
	fleet.form = setup->form;
	result = samples_init(&rtt, setup->rounds);
	if (result == 0)
		result = fleet_drive(&fleet, setup->warm_up, setup->in_flight, NULL);
	if (result == 0)
		result = fleet_measure(&fleet, setup, setup->rounds, &rtt, &outcome);
	if (result == 0)
		outcome_print(&outcome, &rtt);
	samples_done(&rtt);
	fleet_close(&fleet);
	return result;
}

// What the server holds and spends while nobody says anything.
static int idle_print(const struct setup *setup, int64_t before_kb, int64_t open_span)
{
	struct timespec pause = {
		.tv_sec = (time_t)(setup->hold_ms / 1000),
		.tv_nsec = (long)(setup->hold_ms % 1000) * 1000000,
	};
	struct cost first;
	struct cost last;

	int result = cost_take((pid_t)setup->pid, &first);
	if (result < 0)
		return result;
	nanosleep(&pause, NULL);
	result = cost_take((pid_t)setup->pid, &last);
	if (result < 0)
		return result;
	int64_t held_kb = cost_resident_kb((pid_t)setup->pid);
	if (held_kb < 0)
		return (int)held_kb;

	struct cost idle = cost_between(&first, &last);
	printf("open=%" PRId64 " idle_cpu=%" PRId64 " before_kb=%" PRId64 " held_kb=%" PRId64
	       " ",
	       open_span, idle.cpu, before_kb, held_kb);
	return 0;
}

static int hold_ask(struct fleet *fleet, const struct setup *setup)
{
	struct samples rtt = { 0 };
	struct outcome outcome;

	int result = samples_init(&rtt, setup->connections);
	if (result == 0)
		result = fleet_measure(fleet, setup, setup->connections, &rtt, &outcome);
	int64_t after_kb = cost_resident_kb((pid_t)setup->pid);
	if (result == 0 && after_kb < 0)
		result = (int)after_kb;
	if (result == 0) {
		printf("after_kb=%" PRId64 " ", after_kb);
		outcome_print(&outcome, &rtt);
	}
	samples_done(&rtt);
	return result;
}

int hold_run(const struct setup *setup)
{
	struct fleet fleet;

	int64_t before_kb = cost_resident_kb((pid_t)setup->pid);
	if (before_kb < 0)
		return (int)before_kb;
	int64_t begun = now_mono();
	int result = fleet_open(&fleet, &setup->server, setup->connections, setup->size);
	if (result < 0)
		return result;
	result = idle_print(setup, before_kb, now_mono() - begun);
	if (result == 0)
		result = hold_ask(&fleet, setup);
	fleet_close(&fleet);
	return result;
}

// Drives an open salvo between two readings of the server's account.
static int salvo_measure(struct salvo *salvo, const struct setup *setup, struct samples *rtt,
                         struct outcome *out)
{
	struct cost first;
	struct cost last;

	int result = cost_take((pid_t)setup->pid, &first);
	if (result < 0)
		return result;
	int64_t begun = now_mono();
	result = salvo_drive(salvo, setup->rounds, rtt);
	int64_t wall = now_mono() - begun;
	if (result == 0)
		result = cost_take((pid_t)setup->pid, &last);
	if (result < 0)
		return result;

	*out = (struct outcome){
		.answered = salvo->answered,
		.lost = salvo->lost,
		.corrupt = salvo->corrupt,
		.strange = salvo->strange,
		.wall = wall,
		.cost = cost_between(&first, &last),
	};
	return 0;
}

static int datagrams_run(const struct setup *setup, const struct requests *requests)
{
	struct salvo salvo;
	struct samples rtt = { 0 };
	struct outcome outcome;

	int result = salvo_open(&salvo, &setup->server, setup->in_flight, setup->size);
	if (result < 0)
		return result;
	salvo.requests = requests;
	salvo.spins = setup->spin;
	result = samples_init(&rtt, setup->rounds);
	if (result == 0)
		result = salvo_drive(&salvo, setup->warm_up, NULL);
	if (result == 0)
		result = salvo_measure(&salvo, setup, &rtt, &outcome);
	if (result == 0)
		outcome_print(&outcome, &rtt);
	samples_done(&rtt);
	salvo_close(&salvo);
	return result;
}

int udp_run(const struct setup *setup)
{
	return datagrams_run(setup, NULL);
}

int stamp_run(const struct setup *setup)
{
	struct requests requests;

	int result = requests_make(&requests, setup->in_flight, setup->size, setup->sealed);
	if (result == 0)
		result = datagrams_run(setup, &requests);
	requests_free(&requests);
	return result;
}

// Cuts the arguments at each `--` into commands; their number.
static size_t commands_cut(char **arguments, char **commands[COMMANDS_MAX])
{
	size_t count = 0;
	bool fresh = true;

	for (; *arguments; arguments++) {
		if (strcmp(*arguments, "--") == 0) {
			*arguments = NULL;
			fresh = true;
		} else if (fresh && count < COMMANDS_MAX) {
			commands[count++] = arguments;
			fresh = false;
		}
	}
	return count;
}

// Each round runs every command once and begins with another one.
int spawn_run(const struct setup *setup)
{
	char **commands[COMMANDS_MAX];
	size_t count = commands_cut(setup->commands, commands);
	int result = count > 0 ? 0 : -EINVAL;

	for (uint64_t run = 0; run < setup->runs * count && result == 0; run++) {
		size_t which = (run + run / count) % count;
		struct spawned spawned;

		result = command_run(commands[which], &spawned);
		if (result == 0)
			printf("command=%zu wall=%" PRId64 " cpu=%" PRId64 " status=%d\n",
			       which, spawned.wall, spawned.cpu, spawned.status);
	}
	return result;
}
