/* SPDX-License-Identifier: MIT */
/* guard_bench -- what the guards spend on a datagram of 64 bytes.
 *
 * usage: guard_bench DATAGRAMS RUNS
 *
 * Prints a line of JSON for each run and case, in ns for each datagram.  "judged": the guards alone,
 * in one process and without a system call, every payload different from the one before.  "served": a
 * worker's way with a batch, receive, judge, answer, over a loopback socket, with the guards and
 * without; their difference has in it what the kernel spends on telling the TTL.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "net/socket.h"
#include "service/judge.h"

enum { SIZE = 64, BURST = DATAGRAMS_MAX, CROWD = 1024 };

static int64_t processor_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

struct setup {
	struct guard ports;
	struct judge judge;
	bool guarded;
};

static int prepare(struct setup *setup, bool guarded)
{
	const struct limits limits = {
		.loop_guards = guarded,
		/* Nothing is to be dropped for its rate: that would be cheaper. */
		.datagram_rate = guarded ? 1000000000 : 0,
	};

	*setup = (struct setup){ .guarded = guarded };
	if (guarded)
		guard_init(&setup->ports);
	return judge_init(&setup->judge, &setup->ports, &limits);
}

static void number(uint8_t *payload, uint64_t count)
{
	memcpy(payload + SIZE - sizeof(count), &count, sizeof(count));
}

/* --- judged --- */

static int find_sources(struct address *sources, const char *first, size_t count)
{
	struct address address;
	int result = address_parse(first, &address);

	address_set_port(&address, 40000);
	for (size_t i = 0; i < count; i++) {
		uint32_t host = htonl((uint32_t)i << 8 | 1);

		sources[i] = address;
		if (address_family(&address) == AF_INET)
			sources[i].v4.sin_addr.s_addr |= host;
		else
			memcpy(&sources[i].v6.sin6_addr.s6_addr[4], &host, sizeof(host));
	}
	return result;
}

/* ns for each datagram; from so many sources in turn.  Negative errno. */
static double judge_all(const char *first, size_t crowd, uint64_t count)
{
	static struct address sources[CROWD];
	uint8_t payload[SIZE] = { 0 };
	struct datagram datagram = { .data = payload, .length = SIZE, .ttl = 57 };
	uint64_t answered = 0;
	struct setup setup;
	int result = prepare(&setup, true);

	if (result == 0)
		result = find_sources(sources, first, crowd);
	if (result < 0)
		return result;
	struct mono now = clock_mono();
	int64_t began = processor_time();

	for (uint64_t i = 0; i < count; i++) {
		number(payload, i);
		datagram.peer = sources[i % crowd];
		answered += judge_datagram(&setup.judge, &datagram, true, now) == DROP_NONE;
	}
	double spent = (double)(processor_time() - began);

	judge_done(&setup.judge);
	return answered < count / 4 ? -1 : spent / (double)count;
}

/* --- served --- */

struct wire {
	int server, client;
	struct address there;
	struct datagrams *batch;
};

static int open_wire(struct wire *wire, const char *host, bool guarded)
{
	int result = address_parse(host, &wire->there);
	int family = address_family(&wire->there);

	if (result == 0)
		wire->server = result = socket_bind(&wire->there, SOCK_DGRAM, SOCKET_ALONE);
	if (result >= 0)
		wire->client = result = socket_open(family, SOCK_DGRAM, 0);
	if (result >= 0 && guarded)
		result = socket_set_ttl(wire->server, family, JUDGE_TTL - 1);
	if (result >= 0 && guarded)
		result = socket_want_ttl(wire->server, family);
	return result < 0 ? result : datagrams_new(&wire->batch, SIZE, guarded);
}

/* ns of one burst at the server's side; negative errno. */
static int64_t serve_burst(struct wire *wire, struct setup *setup, uint64_t from)
{
	uint8_t payload[SIZE] = { 0 };
	struct mono called;

	for (uint64_t i = 0; i < BURST; i++) {
		number(payload, from + i);
		int result = socket_send_to(wire->client, payload, SIZE, &wire->there, &called);

		if (result < 0)
			return result;
	}
	struct mono began = clock_mono();
	int count = datagrams_receive(wire->batch, wire->server, BURST);

	for (int i = 0; i < count; i++) {
		struct datagram *datagram = datagrams_at(wire->batch, i);

		datagram->answered = judge_datagram(&setup->judge, datagram, setup->guarded,
		                                    began) == DROP_NONE;
	}
	datagrams_answer(wire->batch, wire->server, count);
	int64_t spent = mono_since(clock_mono(), began);

	while (socket_receive(wire->client, payload, SIZE) >= 0)
		;
	return count == BURST ? spent : -1;
}

static int in_order(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/* ns for each datagram in the median burst; negative errno. */
static double serve_all(const char *host, bool guarded, uint64_t count)
{
	uint64_t bursts = count / BURST, middle = bursts / 2;
	int64_t *spent = calloc(bursts, sizeof(*spent));
	struct wire wire = { -1, -1, { { { 0 } } }, NULL };
	struct setup setup;
	int64_t result = spent ? prepare(&setup, guarded) : -1;

	if (result == 0)
		result = open_wire(&wire, host, guarded);
	for (uint64_t i = 0; i < bursts && result >= 0; i++)
		result = spent[i] = serve_burst(&wire, &setup, i * BURST);
	if (result >= 0)
		qsort(spent, bursts, sizeof(*spent), in_order);
	double median = result < 0 ? -BURST : (double)spent[middle];

	judge_done(&setup.judge);
	datagrams_free(wire.batch);
	socket_close(&wire.server);
	socket_close(&wire.client);
	free(spent);
	return median / BURST;
}

static bool tell(const char *what, double ns)
{
	printf("{\"what\": \"%s\", \"ns\": %.1f}\n", what, ns);
	return ns >= 0;
}

int main(int count, char **arguments)
{
	if (count != 3) {
		fputs("usage: guard_bench DATAGRAMS RUNS\n", stderr);
		return 2;
	}
	uint64_t datagrams = strtoull(arguments[1], NULL, 10);
	unsigned long runs = strtoul(arguments[2], NULL, 10);
	bool good = datagrams >= BURST;

	for (unsigned long i = 0; i < runs && good; i++)
		good = tell("judged, one source, IPv4", judge_all("192.0.2.1", 1, datagrams)) &&
		       tell("judged, one source, IPv6",
		            judge_all("2001:db8::1", 1, datagrams)) &&
		       tell("judged, 1024 sources, IPv4",
		            judge_all("10.0.0.0", CROWD, datagrams)) &&
		       tell("judged, 1024 sources, IPv6",
		            judge_all("2001:db8::1", CROWD, datagrams)) &&
		       tell("served without guards, IPv4",
		            serve_all("127.0.0.1", false, datagrams / 8)) &&
		       tell("served with guards, IPv4",
		            serve_all("127.0.0.1", true, datagrams / 8)) &&
		       tell("served without guards, IPv6",
		            serve_all("::1", false, datagrams / 8)) &&
		       tell("served with guards, IPv6", serve_all("::1", true, datagrams / 8));
	return good ? 0 : 1;
}
