/* SPDX-License-Identifier: MIT */
#include "app/serve_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/config.h"
#include "app/metrics_host.h"
#include "base/parse.h"
#include "base/text.h"
#include "core/clock.h"
#include "service/backlog.h"
#include "service/limits.h"
#include "service/services.h"
#include "service/stamp_sessions.h"

#define HOUR (3600 * NS_PER_SEC)
#define FIELD(member) offsetof(struct serve_options, member)

static const struct option_spec specs[] = {
	{ "host", 0, OPTION_TEXT, "HOST", "listen here, where the endpoint does not say",
	  FIELD(host), 0, 0 },
	{ "port", 'p', OPTION_INTEGER, "PORT", "the same (0: any that is free)", FIELD(port), 0,
	  UINT16_MAX },
	{ "workers", 0, OPTION_INTEGER, "N", "threads (as many as there are CPUs)",
	  FIELD(workers), 1, SERVE_WORKERS_MAX },
	{ "max-connections", 0, OPTION_INTEGER, "N",
	  "at once (what the descriptor limit allows)", FIELD(max_connections), 1, 10000000 },
	{ "idle-timeout", 0, OPTION_DURATION, "DUR", "end connections silent for longer (1h)",
	  FIELD(idle_timeout), NS_PER_MS, 8760 * HOUR },
	{ "high-water", 0, OPTION_INTEGER, "KB",
	  "keep so much for one peer that does not read (256)", FIELD(high_water_kb),
	  OWED_WHEN_SHORT >> 10, BACKLOG_MARK_MAX >> 10 },
	{ "high-water-total", 0, OPTION_INTEGER, "MB", "and so much for all of them (64)",
	  FIELD(high_water_total_mb), 1, 65536 },
	{ "relay", 0, OPTION_FLAG, NULL, "'ping TARGET' for clients from elsewhere too",
	  FIELD(relay), 0, 0 },
	{ "relay-allow", 0, OPTION_LIST, "CIDR", "special addresses that may be pinged so",
	  FIELD(relay_allow), 0, 0 },
	{ "allow-source-port", 0, OPTION_LIST, "PORT", "answer datagrams from it all the same",
	  FIELD(allow_source_ports), 0, 0 },
	{ "rate", 0, OPTION_INTEGER, "N",
	  "datagrams a second from one network, each worker (20000; 0: any)", FIELD(rate), 0,
	  1000000000 },
	{ "metrics", 0, OPTION_TEXT, "HOST:PORT", "answer Prometheus there (port 0: any)",
	  FIELD(metrics), 0, 0 },
	{ "log", 0, OPTION_TEXT, "text|json", "how events are told on stderr (text)",
	  FIELD(log), 0, 0 },
	{ "gro", 0, OPTION_FLAG, NULL, "take bursts of datagrams as one (all else is dearer)",
	  FIELD(gro), 0, 0 },
	{ "spin", 0, OPTION_FLAG, NULL, "least latency: workers never sleep", FIELD(spin), 0,
	  0 },
	{ "no-loop-guards", 0, OPTION_FLAG, NULL, "answer datagrams that may go round for ever",
	  FIELD(no_loop_guards), 0, 0 },
	{ "no-sandbox", 0, OPTION_FLAG, NULL,
	  "keep all that the process may do (for debugging)", FIELD(no_sandbox), 0, 0 },
	{ "stamp-stateless", 0, OPTION_FLAG, NULL,
	  "STAMP: number replies as their requests, remember nobody", FIELD(stamp_stateless), 0,
	  0 },
	{ "stamp-sessions", 0, OPTION_INTEGER, "N", "sessions each worker counts for (4096)",
	  FIELD(stamp_sessions), 1, STAMP_SESSIONS_MAX },
	{ "stamp-idle", 0, OPTION_DURATION, "DUR", "a session silent for longer is over (300s)",
	  FIELD(stamp_idle), NS_PER_SEC, 8760 * HOUR },
	{ "stamp-keys", 0, OPTION_TEXT, "FILE", "lines of SSID and KEY: authenticated sessions",
	  FIELD(stamp_keys), 0, 0 },
	{ "stamp-open", 0, OPTION_FLAG, NULL, "and, beside them, open ones", FIELD(stamp_open),
	  0, 0 },
	{ "stamp-dscp", 0, OPTION_LIST, "N", "replies may be asked for with this DSCP (any)",
	  FIELD(stamp_dscp), 0, 0 },
	{ "stamp-hide-location", 0, OPTION_FLAG, NULL,
	  "STAMP: tell nobody which addresses and ports packets have",
	  FIELD(stamp_hide_location), 0, 0 },
	{ "short-requests", 0, OPTION_LIST, "ADDRESS",
	  "answer this host's requests that are shorter than replies", FIELD(short_requests), 0,
	  0 },
	{ "listen", 0, OPTION_LIST, "ENDPOINT", "the same as ENDPOINT alone", FIELD(listens), 0,
	  0 },
	{ "config", 0, OPTION_TEXT, "FILE", "options, one a line; SIGHUP reads it again",
	  FIELD(config), 0, 0 },
	{ "handover", 0, OPTION_TEXT, "PATH",
	  "take over from who serves there, then stand there", FIELD(handover), 0, 0 },
	{ "verbose", 'v', OPTION_FLAG, NULL, "tell more", FIELD(verbose), 0, 0 },
	{ "version", 'V', OPTION_FLAG, NULL, "print the version", FIELD(version), 0, 0 },
	{ "help", 'h', OPTION_FLAG, NULL, "print this", FIELD(help), 0, 0 },
};

static const struct option_table table = { specs, COUNT(specs) };

const struct option_table *serve_option_table(void)
{
	return &table;
}

static int no_kind(const char *word, const char *const *kinds, struct err *err)
{
	const char *nearest = text_nearest(word, kinds);

	if (nearest)
		return err_set(err, -EINVAL, "unknown kind '%s' (did you mean '%s'?)",
		               quote(word).text, nearest);
	return err_set(err, -EINVAL, "'%s' names no kind (did you mean 'tcp-echo://%s'?)",
	               quote(word).text, quote(word).text);
}

/* Kinds that can be asked but not served are known, to be refused by a better sentence. */
static int read_endpoint(const char *word, struct endpoint *out, struct err *err)
{
	static const char *const unserved[] = { "icmp", "tcp" };
	const char *kinds[SERVICES_MAX + COUNT(unserved) + 1] = { 0 };
	size_t count = 0;

	for (; services_all[count]; count++)
		kinds[count] = services_all[count]->name;
	for (size_t i = 0; i < COUNT(unserved); i++)
		kinds[count++] = unserved[i];
	int result = endpoint_parse(word, kinds, out, err);

	if (result < 0)
		return result;
	if (out->kind[0] == '\0')
		return no_kind(word, kinds, err);
	if (!services_find(out->kind))
		return err_set(err, -EINVAL, "'%s' can be asked but not served (see --help)",
		               quote(word).text);
	return 0;
}

/* The host of --host is read as it would be in the endpoint, where an IPv6 address has brackets. */
static int take_host(const char *host, struct endpoint *endpoint, struct err *err)
{
	char text[KIND_MAX + HOST_MAX + 32];
	bool brackets = strchr(host, ':') && host[0] != '[';
	int length = snprintf(text, sizeof(text), brackets ? "%s://[%s]" : "%s://%s",
	                      endpoint->kind, host);

	if (length < 0 || (size_t)length >= sizeof(text))
		return err_set(err, -EINVAL, "'%s' is too long for --host", quote(host).text);
	int result = read_endpoint(text, endpoint, err);

	if (result == 0 && (endpoint->port >= 0 || host[strcspn(host, "/?#")]))
		return err_set(err, -EINVAL, "'%s' is more than a host (--host, --port)",
		               quote(host).text);
	return result;
}

/* Takes from --host and --port what the endpoint does not say itself. */
static int complete(const struct serve_options *options, struct endpoint *endpoint,
                    struct err *err)
{
	if (endpoint->host[0] == '\0' && options->host) {
		int result = take_host(options->host, endpoint, err);

		if (result < 0)
			return result;
	}
	if (endpoint->port < 0)
		endpoint->port = options->port >= 0 ? (int)options->port
		                                    : services_find(endpoint->kind)->port;
	return 0;
}

static int add_endpoint(struct serve_options *options, const char *word, struct err *err)
{
	if (options->endpoint_count == SERVE_ENDPOINTS_MAX)
		return err_set(err, -EINVAL, "'%s' is one endpoint too many (at most %d)",
		               quote(word).text, SERVE_ENDPOINTS_MAX);
	struct endpoint *endpoint = &options->endpoints[options->endpoint_count];
	int result = read_endpoint(word, endpoint, err);

	if (result == 0)
		result = complete(options, endpoint, err);
	if (result == 0)
		options->endpoint_count++;
	return result;
}

static int add_every_service(struct serve_options *options, struct err *err)
{
	int result = 0;

	if (options->port >= 0)
		return err_set(err, -EINVAL,
		               "--port '%d' needs an endpoint, such as 'tcp-echo' (see --help)",
		               (int)options->port);
	for (const struct service_ops *const *ops = services_all; *ops && result == 0; ops++)
		result = add_endpoint(options, (*ops)->name, err);
	options->unasked = true;
	return result;
}

static int read_allowed_ports(struct serve_options *options, struct err *err)
{
	for (size_t i = 0; i < options->allow_source_ports.count; i++) {
		const char *text = options->allow_source_ports.items[i];
		int64_t port = 0;

		if (parse_integer(text, 1, UINT16_MAX, &port) < 0)
			return err_set(err, -EINVAL,
			               "'%s' is no port for --allow-source-port (1 to 65535)",
			               quote(text).text);
		options->allowed_ports[i] = (uint16_t)port;
	}
	return 0;
}

static int read_log(struct serve_options *out, struct err *err)
{
	out->log_json = strcmp(out->log, "json") == 0;
	if (!out->log_json && strcmp(out->log, "text") != 0)
		return err_set(err, -EINVAL, "'%s' is no way to log (text or json)",
		               quote(out->log).text);
	return 0;
}

/* A socket that a service manager holds for us, as an endpoint: its name is the kind. */
static int add_inherited(struct serve_options *options, const struct inherited_socket *found,
                         struct err *err)
{
	if (found->kind[0] == '\0')
		return err_set(err, -EINVAL,
		               "'%s' was handed over without an endpoint or a name that is a "
		               "kind (FileDescriptorName=tcp-echo)",
		               address_text_port(&found->address).text);
	struct endpoint_text text = endpoint_text(
		found->kind, address_text(&found->address).text, address_port(&found->address));

	for (size_t i = 0; i < options->endpoint_count; i++) {
		const struct endpoint *there = &options->endpoints[i];

		if (strcmp(endpoint_text(there->kind, there->host, there->port).text,
		           text.text) == 0)
			return 0; /* several sockets of one address */
	}
	return add_endpoint(options, text.text, err);
}

/* Where nobody has named an endpoint. */
static int add_what_is_there(struct serve_options *options, const struct inherited *inherited,
                             struct err *err)
{
	int result = 0;

	for (size_t i = 0; i < inherited->count && result == 0; i++)
		if (inherited->all[i].must_serve)
			result = add_inherited(options, &inherited->all[i], err);
	if (result == 0 && options->endpoint_count == 0)
		result = add_every_service(options, err);
	return result;
}

static int add_endpoints(struct serve_options *options, char *const *words, int count,
                         const struct inherited *inherited, struct err *err)
{
	int result = 0;

	for (int i = 0; i < count && result == 0; i++)
		result = add_endpoint(options, words[i], err);
	for (size_t i = 0; i < options->listens.count && result == 0; i++)
		result = add_endpoint(options, options->listens.items[i], err);
	if (result == 0 && options->endpoint_count == 0)
		result = add_what_is_there(options, inherited, err);
	return result;
}

static void set_defaults(struct serve_options *out)
{
	*out = (struct serve_options){
		.port = -1,
		.idle_timeout = HOUR,
		.high_water_kb = OWED_BY_ONE >> 10,
		.high_water_total_mb = OWED_MAX >> 20,
		.rate = 20000,
		.stamp_sessions = 4096,
		.stamp_idle = 300 * NS_PER_SEC,
	};
}

/* Reads argv, of which words gets a copy to be put in another order; returns how many words are
 * no options. */
static int read_words(struct serve_options *out, int argc, char *const *argv, char **words,
                      struct err *err)
{
	memcpy(words, argv, (size_t)argc * sizeof(*words));
	return option_parse(&table, out, argc - 1, words + 1, err);
}

/* The command line is read once to find the file, and again over what the file says; a list that both
 * name is that of the command line. */
static int read_file(struct serve_options *out, bool endpoints_given, struct err *err)
{
	uint64_t lists = option_lists_given(&table, out);
	const char *path = out->config;

	set_defaults(out);
	int result = config_read(path, &table, out, &out->config_text, err);

	option_empty_lists(&table, out, lists);
	if (endpoints_given)
		out->listens.count = 0;
	return result;
}

static int read_sources(struct serve_options *out, int argc, char *const *argv, char **words,
                        struct err *err)
{
	int count = read_words(out, argc, argv, words, err);

	if (count < 0 || !out->config || out->help || out->version)
		return count;
	int result = read_file(out, count > 0, err);

	return result < 0 ? result : read_words(out, argc, argv, words, err);
}

int serve_options_read(struct serve_options *out, int argc, char *const *argv,
                       const struct inherited *inherited, struct err *err)
{
	char **words = calloc((size_t)argc + 1, sizeof(*words));

	set_defaults(out);
	if (!words)
		return err_set(err, -ENOMEM, "cannot start: out of memory");
	int count = read_sources(out, argc, argv, words, err);
	int result = count < 0 ? count : 0;
	bool telling = out->help || out->version;

	if (result == 0 && !telling)
		result = read_allowed_ports(out, err);
	if (result == 0 && !telling && out->log)
		result = read_log(out, err);
	if (result == 0 && !telling && out->metrics)
		result = metrics_host_read(out->metrics, &out->metrics_at, err);
	if (result == 0 && !telling)
		result = add_endpoints(out, words + 1, count, inherited, err);
	free(words);
	return result;
}

void serve_options_done(struct serve_options *options)
{
	free(options->config_text);
	options->config_text = NULL;
}
