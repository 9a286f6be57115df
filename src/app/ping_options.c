/* SPDX-License-Identifier: MIT */
#include "app/ping_options.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/text.h"
#include "core/clock.h"
#include "wire/payload.h"

#define DAY (86400 * NS_PER_SEC)
#define FLOOD_INTERVAL (10 * NS_PER_MS)   /* as ping has it: a hundred a second at the least */
#define USER_GAP (2 * NS_PER_MS)          /* as ping grants it to those who are not root */
#define STAMPED_PER_SECOND INT64_C(20000) /* beyond, stamps of sending are too dear */

enum {
	COUNT_UNLESS_TOLD = 4,
	INTERVALS_MOST = 1000, /* that may wait for the time-outs of their probes */
	AMPLE_TARGETS = 16,    /* with more of them, each keeps less */
};

#define FIELD(member) offsetof(struct ping_options, member)

static const struct option_spec specs[] = {
	{ "count", 'c', OPTION_INTEGER, "N", "probes per target (4; 0: until stopped)",
	  FIELD(count), 0, INT64_C(1000000000000) },
	{ "interval", 'i', OPTION_DURATION, "DUR", "between probes (1s; -f: 10ms)",
	  FIELD(interval), NS_PER_US, DAY },
	{ "timeout", 'W', OPTION_DURATION, "DUR", "an answer later than this is lost (1s)",
	  FIELD(timeout), NS_PER_US, DAY },
	{ "deadline", 'w', OPTION_DURATION, "DUR", "stop after this, whatever came",
	  FIELD(deadline), NS_PER_US, 1000 * DAY },
	{ "size", 's', OPTION_INTEGER, "BYTES", "of payload (56; stamp: what it needs)",
	  FIELD(ask.size), 0, PAYLOAD_MAX },
	{ "kind", 'k', OPTION_TEXT, "KIND",
	  "icmp, tcp, tcp-echo, udp-echo, pong, stamp, line (icmp)", FIELD(ask.kind), 0, 0 },
	{ "host", 0, OPTION_TEXT, "HOST", "whom to ask, where the target does not say",
	  FIELD(ask.host), 0, 0 },
	{ "port", 'p', OPTION_INTEGER, "PORT", "where the target does not say", FIELD(ask.port),
	  1, UINT16_MAX },
	{ "targets", 0, OPTION_TEXT, "FILE", "one a line, a label behind it; - is stdin",
	  FIELD(targets), 0, 0 },
	{ "adaptive", 'A', OPTION_FLAG, NULL, "the next upon the answer (users: 2ms apart)",
	  FIELD(adaptive), 0, 0 },
	{ "flood", 'f', OPTION_FLAG, NULL, "likewise, at least 100 a second, and quiet",
	  FIELD(flood), 0, 0 },
	{ "poisson", 0, OPTION_FLAG, NULL, "at random gaps that average the interval",
	  FIELD(poisson), 0, 0 },
	{ "seed", 0, OPTION_INTEGER, "N", "of all that is random, to repeat a run", FIELD(seed),
	  0, INT64_MAX },
	{ "source-port", 0, OPTION_INTEGER, "PORT", "ask from this port",
	  FIELD(ask.source_port), 1, UINT16_MAX },
	{ "interface", 'I', OPTION_TEXT, "IF|ADDR", "ask by this interface, from this address",
	  FIELD(ask.device), 0, 0 },
	{ "ipv4", '4', OPTION_FLAG, NULL, "IPv4 only", FIELD(ask.v4), 0, 0 },
	{ "ipv6", '6', OPTION_FLAG, NULL, "IPv6 only", FIELD(ask.v6), 0, 0 },
	{ "ttl", 't', OPTION_INTEGER, "TTL", "time to live, hop limit", FIELD(ask.ttl), 1,
	  255 },
	{ "tos", 'Q', OPTION_INTEGER, "TOS", "the whole byte", FIELD(ask.tos), 0, 255 },
	{ "dscp", 0, OPTION_TEXT, "N|NAME", "0 to 63, or ef, af41, cs6 ...", FIELD(dscp), 0,
	  0 },
	{ "pmtudisc", 'M', OPTION_TEXT, "do|want|dont", "path MTU discovery, as ping has it",
	  FIELD(pmtu), 0, 0 },
	{ "numeric", 'n', OPTION_FLAG, NULL, "addresses as numbers (they always are)",
	  FIELD(numeric), 0, 0 },
	{ "quiet", 'q', OPTION_FLAG, NULL, "the summary only", FIELD(quiet), 0, 0 },
	{ "epoch", 'D', OPTION_FLAG, NULL, "a Unix time before each line", FIELD(epoch), 0, 0 },
	{ "outstanding", 'O', OPTION_FLAG, NULL, "tell which have no answer yet",
	  FIELD(outstanding), 0, 0 },
	{ "user-stamps", 'U', OPTION_FLAG, NULL, "times by this process, not by the kernel",
	  FIELD(user_stamps), 0, 0 },
	{ "report", 0, OPTION_DURATION, "DUR", "a summary of each such interval", FIELD(report),
	  NS_PER_MS, 1000 * DAY },
	{ "json", 'J', OPTION_FLAG, NULL, "a JSON object a line, instead of text", FIELD(json),
	  0, 0 },
	{ "csv", 0, OPTION_FLAG, NULL, "a line of CSV for each probe, instead of text",
	  FIELD(csv), 0, 0 },
	{ "output", 'o', OPTION_TEXT, "FILE", "JSON or CSV goes there, text stays",
	  FIELD(output), 0, 0 },
	{ "fail-if", 0, OPTION_LIST, "EXPR", "exit 1 if so: loss>1%, p99>5ms ... (repeatable)",
	  FIELD(fail_if), 0, 0 },
	{ "send", 0, OPTION_TEXT, "TEXT", "line: what is asked, as one line (CRLF)",
	  FIELD(ask.probe.send), 0, 0 },
	{ "expect", 0, OPTION_TEXT, "PREFIX", "line: how an answer begins (anyhow)",
	  FIELD(ask.probe.expect), 0, 0 },
	{ "key", 0, OPTION_TEXT, "FILE", "stamp: authenticated, by the keys in it",
	  FIELD(ask.key), 0, 0 },
	{ "stamp-open", 0, OPTION_FLAG, NULL, "stamp: open all the same: --key is for the TLVs",
	  FIELD(stamp_open), 0, 0 },
	{ "ssid", 0, OPTION_INTEGER, "N", "stamp: the session's number (a random one)",
	  FIELD(ask.ssid), 1, UINT16_MAX },
	{ "ptp", 0, OPTION_FLAG, NULL, "stamp: times in PTP's format, not NTP's",
	  FIELD(ask.ptp), 0, 0 },
	{ "utc-offset", 0, OPTION_INTEGER, "S",
	  "stamp: PTP's times are so far ahead of UTC (0)", FIELD(ask.utc_offset), 0, 3600 },
	{ "need-ssid", 0, OPTION_FLAG, NULL, "stamp: replies without it are junk (RFC 8972)",
	  FIELD(need_ssid), 0, 0 },
	{ "no-tlvs", 0, OPTION_FLAG, NULL, "stamp: the base packet alone (RFC 8762)",
	  FIELD(no_tlvs), 0, 0 },
	{ "resolve-every", 0, OPTION_DURATION, "DUR", "look names up again so often",
	  FIELD(resolve_every), 100 * NS_PER_MS, 1000 * DAY },
	{ "verbose", 'v', OPTION_FLAG, NULL, "tell more", FIELD(verbose), 0, 0 },
	{ "version", 'V', OPTION_FLAG, NULL, "print the version", FIELD(version), 0, 0 },
	{ "help", 'h', OPTION_FLAG, NULL, "print this", FIELD(help), 0, 0 },
};

static const struct option_table table = { specs, COUNT(specs) };

const struct option_table *ping_option_table(void)
{
	return &table;
}

/* A code point by number or by its name in RFC 2474, 2597, 3246, 5865, 8622. */
static int read_dscp(const char *text, int64_t *tos, struct err *err)
{
	static const struct {
		const char *name;
		int value;
	} names[] = {
		{ "cs0", 0 },   { "cs1", 8 },   { "cs2", 16 },  { "cs3", 24 },  { "cs4", 32 },
		{ "cs5", 40 },  { "cs6", 48 },  { "cs7", 56 },  { "af11", 10 }, { "af12", 12 },
		{ "af13", 14 }, { "af21", 18 }, { "af22", 20 }, { "af23", 22 }, { "af31", 26 },
		{ "af32", 28 }, { "af33", 30 }, { "af41", 34 }, { "af42", 36 }, { "af43", 38 },
		{ "be", 0 },    { "ef", 46 },   { "va", 44 },   { "le", 1 },
	};
	int64_t value = -1;

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcasecmp(names[i].name, text) == 0)
			value = names[i].value;
	if (value < 0 && parse_integer(text, 0, 63, &value) < 0)
		return err_set(err, -EINVAL,
		               "'%s' is no DSCP (0 to 63, or a name such as ef, af41, cs6)",
		               quote(text).text);
	*tos = value << 2;
	return 0;
}

static int read_pmtu(const char *text, int *pmtu, struct err *err)
{
	static const struct {
		const char *name;
		int value;
	} ways[] = {
		{ "do", IP_PMTUDISC_DO },
		{ "want", IP_PMTUDISC_WANT },
		{ "dont", IP_PMTUDISC_DONT },
	};

	for (size_t i = 0; i < COUNT(ways); i++)
		if (strcmp(ways[i].name, text) == 0) {
			*pmtu = ways[i].value;
			return 0;
		}
	return err_set(err, -EINVAL, "'%s' is no way to treat large packets (do, want or dont)",
	               quote(text).text);
}

static int read_socket_options(struct ping_options *options, struct err *err)
{
	struct ask_options *ask = &options->ask;

	if (options->dscp && ask->tos >= 0)
		return err_set(err, -EINVAL, "'--dscp' and '--tos' both set the same byte");
	int result = options->dscp ? read_dscp(options->dscp, &ask->tos, err) : 0;

	if (result == 0 && options->pmtu)
		result = read_pmtu(options->pmtu, &ask->probe.socket.pmtu, err);
	return result;
}

static int read_verdicts(struct ping_options *options, struct err *err)
{
	int result = 0;

	for (size_t i = 0; i < options->fail_if.count && result == 0; i++)
		result = verdict_parse(options->fail_if.items[i], VERDICT_PING,
		                       &options->verdicts[i], err);
	return result;
}

static int check_exclusions(const struct ping_options *options, struct err *err)
{
	if (options->json && options->csv)
		return err_set(err, -EINVAL, "'--json' and '--csv' exclude each other");
	if (options->poisson && (options->adaptive || options->flood))
		return err_set(err, -EINVAL, "'--poisson' and '%s' exclude each other",
		               options->flood ? "--flood" : "--adaptive");
	return 0;
}

/* Each interval waits for the time-outs of its probes, so there are many at once. */
static int check_report(const struct ping_options *options, struct err *err)
{
	int64_t timeout = options->timeout > 0 ? options->timeout : NS_PER_SEC;

	if (options->report <= 0 || timeout / options->report <= INTERVALS_MOST)
		return 0;
	return err_set(err, -EINVAL, "'--report %s' is too short beside a time-out of %s",
	               span_text(options->report).text, span_text(timeout).text);
}

static int check(struct ping_options *options, struct err *err)
{
	int result = check_exclusions(options, err);

	if (result == 0)
		result = check_report(options, err);
	if (result == 0)
		result = read_verdicts(options, err);
	if (result == 0)
		result = read_socket_options(options, err);
	return result;
}

static void complete(struct ping_options *options)
{
	int64_t interval = options->flood ? FLOOD_INTERVAL : NS_PER_SEC;
	struct probe_options *probe = &options->ask.probe;

	probe->interval = options->interval > 0 ? options->interval : interval;
	probe->timeout = options->timeout > 0 ? options->timeout : NS_PER_SEC;
	probe->stamp.bare = options->no_tlvs;
	probe->stamp.strict = options->need_ssid;
	probe->stamp.open = options->stamp_open;
}

static int check_open(const struct ping_options *options, struct err *err)
{
	if (options->stamp_open && !options->ask.key)
		return err_set(err, -EINVAL,
		               "'--stamp-open' protects TLVs by a key: --key FILE");
	if (options->stamp_open && options->no_tlvs)
		return err_set(err, -EINVAL,
		               "'--no-tlvs' leaves nothing to protect (--stamp-open)");
	return 0;
}

void ping_options_done(struct ping_options *options)
{
	ask_options_done(&options->ask);
}

int ping_options_read(struct ping_options *options, int argc, char **argv, struct err *err)
{
	*options = (struct ping_options){
		.count = -1,
		.interval = -1,
		.timeout = -1,
		.deadline = -1,
		.seed = -1,
		.report = -1,
		.resolve_every = -1,
		.ask = ask_options_none(),
	};
	options->ask.default_kind = "icmp";
	int words = option_parse(&table, options, argc, argv, err);

	if (words < 0 || options->help || options->version)
		return words;
	int result = check(options, err);

	if (result < 0)
		return result;
	complete(options);
	result = check_open(options, err);
	if (result == 0)
		result = ask_options_complete(&options->ask, err);
	return result < 0 ? result : words;
}

/* As fast as answers come, but no faster than this user may. */
static int64_t least_gap(void)
{
	return getuid() == 0 ? 0 : USER_GAP;
}

static enum stamping stamping_of(const struct ping_options *options,
                                 const struct session_options *session, size_t targets)
{
	int64_t gap = session->pace == PACE_ANSWERS ? session->least_gap
	                                            : options->ask.probe.interval;
	bool alone = session->pace == PACE_ANSWERS &&
	             targets <= (options->flood ? 1 : AMPLE_TARGETS);

	if (options->user_stamps)
		return STAMPING_USER;
	if (!alone && (int64_t)targets * NS_PER_SEC > STAMPED_PER_SECOND * gap)
		return STAMPING_RECEIPT;
	return STAMPING_KERNEL;
}

struct session_options ping_options_session(const struct ping_options *options, size_t targets)
{
	struct session_options session = {
		.count = options->count >= 0     ? options->count
		         : options->deadline > 0 ? 0
		                                 : COUNT_UNLESS_TOLD,
		.probe = options->ask.probe,
		.seeded = options->seed >= 0,
		.seed = options->seed >= 0 ? (uint64_t)options->seed : 0,
		.report = options->report > 0 ? options->report : 0,
		.thrift = targets > AMPLE_TARGETS ? STATS_FRUGAL : STATS_AMPLE,
	};

	if (options->poisson)
		session.pace = PACE_POISSON;
	if (options->adaptive || options->flood) {
		session.pace = PACE_ANSWERS;
		session.least_gap = least_gap();
	}
	session.probe.stamping = stamping_of(options, &session, targets);
	session.probe.queueing = options->verbose && session.probe.stamping == STAMPING_KERNEL;
	return session;
}
