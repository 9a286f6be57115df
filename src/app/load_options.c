/* SPDX-License-Identifier: MIT */
#include "app/load_options.h"

#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "core/random.h"
#include "wire/payload.h"

#define DAY (86400 * NS_PER_SEC)

enum {
	CONNECTIONS_UNLESS_TOLD = 64,
	CONNECTIONS_MOST = 1 << 20,
	HOLD_MOST = 1 << 24,
	DEPTH_MOST = 1 << 16,
	IN_FLIGHT = 1 << 16, /* of an open loop, on all connections, unless told otherwise */
	RATE_MOST = 100 * 1000 * 1000,
	RATE_AT_FIRST = 100, /* of a search */
	THREADS_MOST = 1024,
};

/* A step of a search is one of twenty. */
#define DURATION_UNLESS_TOLD (10 * NS_PER_SEC)
#define DURATION_OF_STEP (2 * NS_PER_SEC)
#define WARMUP_UNLESS_TOLD NS_PER_SEC
#define WARMUP_OF_STEP (NS_PER_SEC / 2)

#define FIELD(member) offsetof(struct load_options, member)

static const struct option_spec specs[] = {
	{ "connections", 'c', OPTION_INTEGER, "N", "sockets to ask by (64)", FIELD(connections),
	  1, CONNECTIONS_MOST },
	{ "depth", 0, OPTION_INTEGER, "N", "most in flight on each (1; open loop: ample)",
	  FIELD(depth), 1, DEPTH_MOST },
	{ "rate", 'R', OPTION_INTEGER, "N", "open loop: so many a second, come what may",
	  FIELD(rate), 1, RATE_MOST },
	{ "poisson", 0, OPTION_FLAG, NULL, "at random gaps that average the rate",
	  FIELD(poisson), 0, 0 },
	{ "ramp", 0, OPTION_TEXT, "A..B", "open loop: from A to B a second, over the duration",
	  FIELD(ramp), 0, 0 },
	{ "find", 0, OPTION_TEXT, "EXPR", "the highest rate that keeps it: 'p99<1ms' ...",
	  FIELD(find), 0, 0 },
	{ "duration", 'd', OPTION_DURATION, "DUR",
	  "measured (10s; --find: of a step, 2s; 0: on)", FIELD(duration), 0, 1000 * DAY },
	{ "warmup", 0, OPTION_DURATION, "DUR", "before it, not counted (1s; --find: 500ms)",
	  FIELD(warmup), 0, DAY },
	{ "size", 's', OPTION_TEXT, "BYTES", "of payload (56), or a list: 64,512,1400",
	  FIELD(sizes), 0, 0 },
	{ "threads", 't', OPTION_INTEGER, "N", "of the generator (1)", FIELD(threads), 1,
	  THREADS_MOST },
	{ "timeout", 'W', OPTION_DURATION, "DUR", "an answer later than this is lost (1s)",
	  FIELD(timeout), NS_PER_US, DAY },
	{ "reconnect", 0, OPTION_FLAG, NULL, "a connection for each request", FIELD(reconnect),
	  0, 0 },
	{ "hold", 0, OPTION_INTEGER, "N", "idle connections; with -c, -R ... beside a load",
	  FIELD(hold), 1, HOLD_MOST },
	{ "server-pid", 0, OPTION_INTEGER, "PID", "tell its CPU and memory, children included",
	  FIELD(server_pid), 1, INT32_MAX },
	{ "with-ping", 0, OPTION_TEXT, "KIND", "probe the host gently, before and meanwhile",
	  FIELD(with_ping), 0, 0 },
	{ "kind", 'k', OPTION_TEXT, "KIND", "tcp-echo, udp-echo, pong, stamp, line",
	  FIELD(ask.kind), 0, 0 },
	{ "host", 0, OPTION_TEXT, "HOST", "whom to ask, where the target does not say",
	  FIELD(ask.host), 0, 0 },
	{ "port", 'p', OPTION_INTEGER, "PORT", "where the target does not say", FIELD(ask.port),
	  1, UINT16_MAX },
	{ "interface", 'I', OPTION_TEXT, "IF|ADDR", "ask by this interface, from this address",
	  FIELD(ask.device), 0, 0 },
	{ "ipv4", '4', OPTION_FLAG, NULL, "IPv4 only", FIELD(ask.v4), 0, 0 },
	{ "ipv6", '6', OPTION_FLAG, NULL, "IPv6 only", FIELD(ask.v6), 0, 0 },
	{ "send", 0, OPTION_TEXT, "TEXT", "line: what is asked, as one line (CRLF)",
	  FIELD(ask.probe.send), 0, 0 },
	{ "expect", 0, OPTION_TEXT, "PREFIX", "line: how an answer begins (anyhow)",
	  FIELD(ask.probe.expect), 0, 0 },
	{ "key", 0, OPTION_TEXT, "FILE", "stamp: authenticated, by the keys in it",
	  FIELD(ask.key), 0, 0 },
	{ "ssid", 0, OPTION_INTEGER, "N", "stamp: the sessions' number (random ones)",
	  FIELD(ask.ssid), 1, UINT16_MAX },
	{ "seed", 0, OPTION_INTEGER, "N", "of all that is random, to repeat a run", FIELD(seed),
	  0, INT64_MAX },
	{ "fail-if", 0, OPTION_LIST, "EXPR", "exit 1 if so: errors>0, p99>5ms, rate<10000 ...",
	  FIELD(fail_if), 0, 0 },
	{ "json", 'J', OPTION_FLAG, NULL, "a JSON object a line, instead of text", FIELD(json),
	  0, 0 },
	{ "output", 'o', OPTION_TEXT, "FILE", "JSON goes there, text stays", FIELD(output), 0,
	  0 },
	{ "hgrm", 0, OPTION_TEXT, "FILE",
	  "the percentiles, as HdrHistogram's plotter reads them", FIELD(hgrm), 0, 0 },
	{ "quiet", 'q', OPTION_FLAG, NULL, "the end only: no progress", FIELD(quiet), 0, 0 },
	{ "verbose", 'v', OPTION_FLAG, NULL, "tell more", FIELD(verbose), 0, 0 },
	{ "version", 'V', OPTION_FLAG, NULL, "print the version", FIELD(version), 0, 0 },
	{ "help", 'h', OPTION_FLAG, NULL, "print this", FIELD(help), 0, 0 },
};

static const struct option_table table = { specs, COUNT(specs) };

const struct option_table *load_option_table(void)
{
	return &table;
}

/* --- reading --- */

/* The next of the words that commas part; false when it is too long for a number. */
static bool take_word(const char **text, char *word, size_t room)
{
	size_t length = strcspn(*text, ",");
	bool fits = length < room;

	if (fits)
		memcpy(word, *text, length);
	word[fits ? length : 0] = '\0';
	*text += length + ((*text)[length] == ',');
	return fits;
}

static int read_sizes(struct load_options *options, struct err *err)
{
	const char *rest = options->sizes;
	bool more = rest != NULL;

	for (; more; options->size_count++) {
		struct probe_options *probe = &options->probe[options->size_count];
		int64_t size = 0;
		char word[24];

		if (options->size_count == LOAD_SIZES_MAX)
			return err_set(err, -EINVAL, "'%s' are too many sizes (at most %d)",
			               quote(options->sizes).text, LOAD_SIZES_MAX);
		more = strchr(rest, ',') != NULL;
		if (!take_word(&rest, word, sizeof(word)) ||
		    parse_integer(word, 0, PAYLOAD_MAX, &size) < 0)
			return err_set(err, -EINVAL,
			               "'%s' is no size, nor a list such as 64,512 (0 to %d)",
			               quote(options->sizes).text, PAYLOAD_MAX);
		*probe = options->ask.probe;
		probe->size = (size_t)size;
		probe->size_given = true;
	}
	if (options->size_count == 0)
		options->probe[options->size_count++] = options->ask.probe;
	return 0;
}

static int read_ramp(struct load_options *options, struct err *err)
{
	const char *text = options->ramp;
	const char *dots = text ? strstr(text, "..") : NULL;
	char from[24] = { 0 };
	int64_t a = 0, b = 0;

	if (!text)
		return 0;
	if (dots && (size_t)(dots - text) < sizeof(from))
		memcpy(from, text, (size_t)(dots - text));
	if (!dots || parse_integer(from, 0, RATE_MOST, &a) < 0 ||
	    parse_integer(dots + 2, 0, RATE_MOST, &b) < 0 || a + b == 0)
		return err_set(err, -EINVAL,
		               "'%s' is no ramp such as 1000..20000 (requests a second)",
		               quote(text).text);
	options->ramp_from = (double)a;
	options->ramp_to = (double)b;
	return 0;
}

static int read_verdicts(struct load_options *options, struct err *err)
{
	int result = 0;

	if (options->find)
		result = verdict_parse(options->find, VERDICT_LOAD, &options->wish, err);
	for (size_t i = 0; i < options->fail_if.count && result == 0; i++)
		result = verdict_parse(options->fail_if.items[i], VERDICT_LOAD,
		                       &options->verdicts[i], err);
	return result;
}

/* --- checking --- */

static int check_exclusions(const struct load_options *options, struct err *err)
{
	const char *paced = options->ramp ? "--ramp" : options->find ? "--find" : NULL;

	if (options->ramp && options->rate > 0)
		return err_set(err, -EINVAL, "'--ramp' and '--rate' exclude each other");
	if (options->ramp && options->find)
		return err_set(err, -EINVAL, "'--ramp' and '--find' exclude each other");
	if (options->poisson && !paced && options->rate < 0)
		return err_set(err, -EINVAL, "'--poisson' needs a rate (-R, --ramp or --find)");
	if (paced && options->duration == 0)
		return err_set(err, -EINVAL, "'%s' needs a duration, not '-d 0'", paced);
	if (options->reconnect && options->depth > 1)
		return err_set(err, -EINVAL,
		               "'--depth %d' and '--reconnect' exclude each other",
		               (int)options->depth);
	return 0;
}

/* What would mean nothing beside idle connections alone. */
static int check_idle(const struct load_options *options, struct err *err)
{
	const struct {
		bool given;
		const char *name;
	} needless[] = {
		{ options->depth > 0, "--depth" },     { options->sizes != NULL, "--size" },
		{ options->threads > 1, "--threads" }, { options->warmup >= 0, "--warmup" },
		{ options->reconnect, "--reconnect" }, { options->hgrm != NULL, "--hgrm" },
	};

	for (size_t i = 0; i < COUNT(needless) && !options->runs; i++)
		if (needless[i].given)
			return err_set(err, -EINVAL,
			               "'%s' needs a load beside '--hold' (-c, -R)",
			               needless[i].name);
	return 0;
}

static int check_threads(const struct load_options *options, struct err *err)
{
	int64_t connections =
		options->connections > 0 ? options->connections : CONNECTIONS_UNLESS_TOLD;

	if (options->threads <= connections)
		return 0;
	return err_set(err, -EINVAL, "'-t %d' threads cannot share '-c %d' connections",
	               (int)options->threads, (int)connections);
}

static void complete(struct load_options *options)
{
	struct probe_options *probe = &options->ask.probe;

	options->runs = options->hold < 0 || options->connections > 0 || options->rate > 0 ||
	                options->ramp || options->find;
	probe->timeout = options->timeout > 0 ? options->timeout : NS_PER_SEC;
	probe->interval = NS_PER_SEC;
	probe->stamp.bare = true; /* nothing that it might say is looked at */
}

int load_options_read(struct load_options *options, int argc, char **argv, struct err *err)
{
	*options = (struct load_options){
		.connections = -1,
		.depth = -1,
		.rate = -1,
		.duration = -1,
		.warmup = -1,
		.threads = 1,
		.timeout = -1,
		.seed = -1,
		.hold = -1,
		.server_pid = -1,
		.ask = ask_options_none(),
	};
	int words = option_parse(&table, options, argc, argv, err);

	if (words < 0 || options->help || options->version)
		return words;
	complete(options);
	int result = check_exclusions(options, err);

	if (result == 0)
		result = check_idle(options, err);
	if (result == 0)
		result = check_threads(options, err);
	if (result == 0)
		result = read_verdicts(options, err);
	if (result == 0)
		result = read_ramp(options, err);
	if (result == 0)
		result = ask_options_complete(&options->ask, err);
	if (result == 0)
		result = read_sizes(options, err);
	return result < 0 ? result : words;
}

void load_options_done(struct load_options *options)
{
	ask_options_done(&options->ask);
}

int load_options_check(const struct load_options *options, const struct probe_ops *ops,
                       struct err *err)
{
	const char *connections = options->reconnect  ? "--reconnect"
	                          : options->hold > 0 ? "--hold"
	                                              : NULL;

	if (!probe_has_ports(ops) || ops->scope == CHANNEL_PER_PROBE)
		return err_set(
			err, -EINVAL,
			"'%s' is no kind that a load can ask by (tcp-echo, udp-echo, pong, "
			"stamp, line)",
			ops->name);
	if (connections && ops->scope != CHANNEL_PER_TARGET)
		return err_set(err, -EINVAL, "'%s' needs connections, and %s has none",
		               connections, ops->name);
	for (size_t i = 0; i < options->size_count; i++)
		if (ops->echoes && !probe_fits(ops, &options->probe[i]))
			return err_set(err, -EINVAL,
			               "a payload of '%zu' bytes is too small for %s",
			               options->probe[i].size, ops->name);
	for (size_t i = 0; i < options->size_count && options->depth > 1; i++)
		if (probe_is_nameless(ops, &options->probe[i]))
			return err_set(err, -EINVAL,
			               "'--depth %d' needs a number in each request, and a "
			               "payload of %zu bytes has no room for it",
			               (int)options->depth, options->probe[i].size);
	return 0;
}

/* --- what is asked of the engine --- */

static uint64_t seed_of(const struct load_options *options)
{
	struct random random;

	if (options->seed >= 0)
		return (uint64_t)options->seed;
	random_init(&random);
	return random_next(&random) >> 1; /* it can be given again */
}

static enum load_pace pace_of(const struct load_options *options)
{
	if (options->rate < 0 && !options->ramp && !options->find)
		return LOAD_CLOSED;
	return options->poisson ? LOAD_POISSON : LOAD_CONSTANT;
}

static size_t depth_of(const struct load_options *options, const struct load_plan *plan)
{
	bool named = plan->target_count == 0; /* some of the requests */

	if (options->depth > 0)
		return (size_t)options->depth;
	for (size_t i = 0; i < plan->probe_count && !named; i++)
		named = !probe_is_nameless(plan->targets[0].ops, &plan->probe[i]);
	if (plan->pace == LOAD_CLOSED || options->reconnect || plan->connections == 0 || !named)
		return 1;
	return plan->connections < IN_FLIGHT ? IN_FLIGHT / plan->connections : 1;
}

static void set_times(const struct load_options *options, struct load_plan *plan)
{
	bool steps = options->find != NULL;

	plan->warmup = steps ? WARMUP_OF_STEP : WARMUP_UNLESS_TOLD;
	plan->duration = steps ? DURATION_OF_STEP : DURATION_UNLESS_TOLD;
	if (options->warmup >= 0)
		plan->warmup = options->warmup;
	if (options->duration >= 0)
		plan->duration = options->duration;
}

static void set_rates(const struct load_options *options, struct load_plan *plan)
{
	double rate = options->rate > 0 ? (double)options->rate
	              : options->find   ? RATE_AT_FIRST
	                                : 0;

	plan->rate_from = options->ramp ? options->ramp_from : rate;
	plan->rate_to = options->ramp ? options->ramp_to : rate;
}

struct load_plan load_options_plan(const struct load_options *options,
                                   const struct load_target *targets, size_t count)
{
	struct load_plan plan = {
		.targets = targets,
		.target_count = count,
		.pace = pace_of(options),
		.reconnect = options->reconnect,
		.probe = options->probe,
		.probe_count = options->size_count,
		.seed = seed_of(options),
	};

	if (options->runs)
		plan.connections = options->connections > 0 ? (size_t)options->connections
		                                            : CONNECTIONS_UNLESS_TOLD;
	plan.depth = depth_of(options, &plan);
	set_times(options, &plan);
	set_rates(options, &plan);
	return plan;
}
