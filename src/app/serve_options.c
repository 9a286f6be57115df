/* SPDX-License-Identifier: MIT */
#include "app/serve_options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "core/clock.h"
#include "service/services.h"

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
	{ "relay", 0, OPTION_FLAG, NULL, "'ping TARGET' for clients from elsewhere too",
	  FIELD(relay), 0, 0 },
	{ "relay-allow", 0, OPTION_LIST, "CIDR", "special addresses that may be pinged so",
	  FIELD(relay_allow), 0, 0 },
	{ "allow-source-port", 0, OPTION_LIST, "PORT", "answer datagrams from it all the same",
	  FIELD(allow_source_ports), 0, 0 },
	{ "rate", 0, OPTION_INTEGER, "N",
	  "datagrams a second from one network, each worker (20000; 0: any)", FIELD(rate), 0,
	  1000000000 },
	{ "log", 0, OPTION_TEXT, "HOW", "text or json: what is told on stderr (text)",
	  FIELD(log), 0, 0 },
	{ "no-loop-guards", 0, OPTION_FLAG, NULL, "answer datagrams from every source port",
	  FIELD(no_loop_guards), 0, 0 },
	{ "no-sandbox", 0, OPTION_FLAG, NULL,
	  "keep all that the process may do (for debugging)", FIELD(no_sandbox), 0, 0 },
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

int serve_options_read(struct serve_options *out, int argc, char **argv, struct err *err)
{
	*out = (struct serve_options){ .port = -1, .idle_timeout = HOUR, .rate = 20000 };
	int words = option_parse(&table, out, argc - 1, argv + 1, err);
	int result = words < 0 ? words : 0;

	if (out->help || out->version)
		return result;
	if (result == 0)
		result = read_allowed_ports(out, err);
	if (result == 0 && out->log)
		result = read_log(out, err);
	for (int i = 0; i < words && result == 0; i++)
		result = add_endpoint(out, argv[1 + i], err);
	if (words == 0 && result == 0)
		result = add_every_service(out, err);
	return result;
}
