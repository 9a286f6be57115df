/* SPDX-License-Identifier: MIT */
#include "app/ping_options.h"

#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "core/clock.h"
#include "probe/kinds.h"
#include "wire/payload.h"

#define DAY (86400 * NS_PER_SEC)

#define FIELD(member) offsetof(struct ping_options, member)

static const struct option_spec specs[] = {
	{ "count", 'c', OPTION_INTEGER, "N", "probes per target (4; 0: until stopped)",
	  FIELD(count), 0, INT64_C(1000000000000) },
	{ "interval", 'i', OPTION_DURATION, "DUR", "between probes (1s)", FIELD(interval),
	  NS_PER_US, DAY },
	{ "timeout", 'W', OPTION_DURATION, "DUR", "an answer later than this is lost (1s)",
	  FIELD(timeout), NS_PER_US, DAY },
	{ "deadline", 'w', OPTION_DURATION, "DUR", "stop after this, whatever came",
	  FIELD(deadline), NS_PER_US, 1000 * DAY },
	{ "size", 's', OPTION_INTEGER, "BYTES", "of payload (56)", FIELD(size), 0,
	  PAYLOAD_MAX },
	{ "kind", 'k', OPTION_TEXT, "KIND", "icmp, tcp, tcp-echo, udp-echo or pong (icmp)",
	  FIELD(kind), 0, 0 },
	{ "host", 0, OPTION_TEXT, "HOST", "whom to ask, where the target does not say",
	  FIELD(host), 0, 0 },
	{ "port", 'p', OPTION_INTEGER, "PORT", "where the target does not say", FIELD(port), 1,
	  UINT16_MAX },
	{ "source-port", 0, OPTION_INTEGER, "PORT", "ask from this port", FIELD(source_port), 1,
	  UINT16_MAX },
	{ "interface", 'I', OPTION_TEXT, "IF|ADDR", "ask by this interface, from this address",
	  FIELD(device), 0, 0 },
	{ "ipv4", '4', OPTION_FLAG, NULL, "IPv4 only", FIELD(v4), 0, 0 },
	{ "ipv6", '6', OPTION_FLAG, NULL, "IPv6 only", FIELD(v6), 0, 0 },
	{ "ttl", 't', OPTION_INTEGER, "TTL", "time to live, hop limit", FIELD(ttl), 1, 255 },
	{ "tos", 'Q', OPTION_INTEGER, "TOS", "the whole byte", FIELD(tos), 0, 255 },
	{ "dscp", 0, OPTION_TEXT, "N|NAME", "0 to 63, or ef, af41, cs6 ...", FIELD(dscp), 0,
	  0 },
	{ "pmtudisc", 'M', OPTION_TEXT, "HOW", "do, want or dont: fragmenting", FIELD(pmtu), 0,
	  0 },
	{ "numeric", 'n', OPTION_FLAG, NULL, "addresses as numbers (they always are)",
	  FIELD(numeric), 0, 0 },
	{ "quiet", 'q', OPTION_FLAG, NULL, "the summary only", FIELD(quiet), 0, 0 },
	{ "epoch", 'D', OPTION_FLAG, NULL, "a Unix time before each line", FIELD(epoch), 0, 0 },
	{ "outstanding", 'O', OPTION_FLAG, NULL, "tell which have no answer yet",
	  FIELD(outstanding), 0, 0 },
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

/* -I takes an address or the name of an interface. */
static int read_device(struct ping_options *options, struct err *err)
{
	struct socket_options *socket = &options->probe.socket;
	const char *text = options->device;
	int family;

	if (address_parse(text, &socket->source) < 0) {
		if (!address_is_interface(text))
			return err_set(
				err, -EINVAL,
				"'%s' is neither an interface nor an address of this host",
				quote(text).text);
		socket->device = text;
		return 0;
	}
	family = address_family(&socket->source);
	if (options->family != AF_UNSPEC && options->family != family)
		return err_set(err, -EINVAL, "'%s' is not an %s address", quote(text).text,
		               options->family == AF_INET ? "IPv4" : "IPv6");
	options->family = family;
	return 0;
}

static int read_socket_options(struct ping_options *options, struct err *err)
{
	struct socket_options *socket = &options->probe.socket;
	int result = 0;

	if (options->dscp && options->tos >= 0)
		return err_set(err, -EINVAL, "'--dscp' and '--tos' both set the same byte");
	if (options->dscp)
		result = read_dscp(options->dscp, &options->tos, err);
	if (result == 0 && options->pmtu)
		result = read_pmtu(options->pmtu, &socket->pmtu, err);
	if (result == 0 && options->device)
		result = read_device(options, err);
	socket->ttl = (int)options->ttl;
	socket->tos = (int)options->tos;
	socket->source_port = options->source_port > 0 ? (uint16_t)options->source_port : 0;
	return result;
}

static int check(struct ping_options *options, struct err *err)
{
	if (options->v4 && options->v6)
		return err_set(err, -EINVAL, "'-4' and '-6' exclude each other");
	if (options->kind && !kind_by_name(options->kind)) {
		struct kind_names names = kind_names();
		const char *nearest = text_nearest(options->kind, names.names);

		return err_set(err, -EINVAL, "unknown kind '%s'%s%s%s",
		               quote(options->kind).text, nearest ? " (did you mean '" : "",
		               nearest ? nearest : "", nearest ? "'?)" : "");
	}
	options->family = options->v4 ? AF_INET : options->v6 ? AF_INET6 : AF_UNSPEC;
	return read_socket_options(options, err);
}

int ping_options_read(struct ping_options *options, int argc, char **argv, struct err *err)
{
	*options = (struct ping_options){
		.count = -1,
		.interval = NS_PER_SEC,
		.timeout = -1,
		.deadline = -1,
		.size = 56,
		.ttl = -1,
		.tos = -1,
		.port = -1,
		.source_port = -1,
		.probe.socket.pmtu = -1,
	};
	int words = option_parse(&table, options, argc, argv, err);

	if (words < 0 || options->help || options->version)
		return words;
	int result = check(options, err);

	if (result < 0)
		return result;
	options->probe.interval = options->interval;
	options->probe.timeout = options->timeout > 0 ? options->timeout : NS_PER_SEC;
	options->probe.size = (size_t)options->size;
	return words;
}

static int complete_host(const struct ping_options *options, struct ping_target *target,
                         struct err *err)
{
	const char *const none[] = { NULL };
	const char *host = options->host ? options->host : target->ops->default_host;
	struct endpoint given;

	if (target->endpoint.host[0])
		return 0;
	if (host && strstr(host, "://"))
		return err_set(err, -EINVAL,
		               "'%s' is an endpoint, and --host takes a host alone",
		               quote(host).text);
	if (!host)
		return err_set(err, -EINVAL, "'%s' needs a host (%s://HOST)", target->ops->name,
		               target->ops->name);
	int result = endpoint_parse(host, none, &given, err);

	if (result < 0)
		return result;
	memcpy(target->endpoint.host, given.host, sizeof(given.host));
	return 0;
}

static int complete_port(const struct ping_options *options, struct ping_target *target,
                         struct err *err)
{
	struct endpoint *endpoint = &target->endpoint;

	int port = endpoint->port >= 0 ? endpoint->port : (int)options->port;

	if (target->ops->port == 0 && port >= 0)
		return err_set(err, -EINVAL, "'%s' has no ports (did you mean '%s'?)",
		               endpoint_text(target->ops->name, endpoint->host, port).text,
		               endpoint_text("tcp", endpoint->host, port).text);
	if (target->ops->port == 0)
		return 0;
	if (endpoint->port == 0)
		return err_set(err, -EINVAL, "port '0' of '%s' cannot be asked",
		               quote(endpoint->host).text);
	if (endpoint->port < 0)
		endpoint->port = options->port > 0 ? (int)options->port : target->ops->port;
	return 0;
}

static int check_target(const struct ping_options *options, const struct ping_target *target,
                        struct err *err)
{
	const char *host = target->endpoint.host;
	const struct address *source = &options->probe.socket.source;
	struct address literal;
	bool is_literal = address_parse(host, &literal) == 0;

	if (strcmp(host, "*") == 0)
		return err_set(err, -EINVAL, "'*' is every address, and no single host to ask");
	if (options->source_port > 0 && options->source_port == target->endpoint.port &&
	    target->ops->scope == CHANNEL_FOR_ALL)
		return err_set(
			err, -EINVAL,
			"'--source-port %d' is the port that is asked: that would be a loop",
			target->endpoint.port);
	if (is_literal && address_family(source) != AF_UNSPEC &&
	    address_family(source) != address_family(&literal))
		return err_set(err, -EINVAL, "'%s' cannot be asked from '%s'", quote(host).text,
		               address_text(source).text);
	if (is_literal && options->family != AF_UNSPEC &&
	    address_family(&literal) != options->family)
		return err_set(err, -EINVAL, "'%s' is not an %s address", quote(host).text,
		               options->family == AF_INET ? "IPv4" : "IPv6");
	if (target->ops->echoes && options->probe.size < target->ops->size_min)
		return err_set(err, -EINVAL, "a payload of '%zu' bytes is too small for %s",
		               options->probe.size, target->ops->name);
	return 0;
}

int ping_target_read(const struct ping_options *options, const char *word,
                     struct ping_target *out, struct err *err)
{
	struct kind_names names = kind_names();
	struct ping_target target = { .endpoint.port = -1 };
	int result = word ? endpoint_parse(word, names.names, &target.endpoint, err) : 0;
	const char *kind = target.endpoint.kind[0] ? target.endpoint.kind
	                   : options->kind         ? options->kind
	                                           : "icmp";

	if (result < 0)
		return result;
	target.ops = kind_by_name(kind);
	result = complete_host(options, &target, err);
	if (result == 0)
		result = complete_port(options, &target, err);
	if (result == 0)
		result = check_target(options, &target, err);
	if (result < 0)
		return result;
	target.name =
		endpoint_text(target.ops->name, target.endpoint.host, target.endpoint.port);
	*out = target;
	return 0;
}
