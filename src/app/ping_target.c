/* SPDX-License-Identifier: MIT */
#include "app/ping_target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "probe/kinds.h"

enum { TARGETS_AT_FIRST = 4, WORDS_AT_FIRST = 256 };

struct ping_target_kept {
	uint32_t name_at, label_at; /* among the words; no label is at 0: there is a name */
	uint16_t port;
	uint8_t kind; /* its number among the kinds */
	uint8_t host_at, host_length;
};

/* One that is being completed. */
struct draft {
	const struct ask_options *options;
	const struct probe_ops *ops;
	struct endpoint endpoint;
};

static int complete_host(struct draft *draft, struct err *err)
{
	const char *const none[] = { NULL };
	const char *given = draft->options->host;
	const char *host = given ? given : draft->ops->default_host;
	struct endpoint endpoint;

	if (draft->endpoint.host[0])
		return 0;
	if (host && strstr(host, "://"))
		return err_set(err, -EINVAL,
		               "'%s' is an endpoint, and --host takes a host alone",
		               quote(host).text);
	if (!host)
		return err_set(err, -EINVAL, "'%s' needs a host (%s://HOST%s)",
		               draft->ops->name, draft->ops->name,
		               draft->ops->port_needed ? ":PORT" : "");
	int result = endpoint_parse(host, none, &endpoint, err);

	if (result < 0)
		return result;
	memcpy(draft->endpoint.host, endpoint.host, sizeof(endpoint.host));
	return 0;
}

static int complete_port(struct draft *draft, struct err *err)
{
	struct endpoint *endpoint = &draft->endpoint;
	const struct probe_ops *ops = draft->ops;
	int asked = (int)draft->options->port;
	int port = endpoint->port >= 0 ? endpoint->port : asked;

	if (!probe_has_ports(ops) && port >= 0)
		return err_set(err, -EINVAL, "'%s' has no ports (did you mean '%s'?)",
		               endpoint_text(ops->name, endpoint->host, port).text,
		               endpoint_text("tcp", endpoint->host, port).text);
	if (!probe_has_ports(ops))
		return 0;
	if (endpoint->port == 0)
		return err_set(err, -EINVAL, "port '0' of '%s' cannot be asked",
		               quote(endpoint->host).text);
	if (endpoint->port < 0)
		endpoint->port = asked > 0 ? asked : ops->port;
	struct endpoint_text name = endpoint_text(ops->name, endpoint->host, -1);

	if (endpoint->port == 0)
		return err_set(err, -EINVAL, "'%s' needs a port (%s:PORT)", name.text,
		               name.text);
	return 0;
}

static int check_literal(const struct draft *draft, const struct address *literal,
                         struct err *err)
{
	const struct address *source = &draft->options->probe.socket.source;
	const char *host = draft->endpoint.host;
	int family = draft->options->family;

	if (address_family(source) != AF_UNSPEC &&
	    address_family(source) != address_family(literal))
		return err_set(err, -EINVAL, "'%s' cannot be asked from '%s'", quote(host).text,
		               address_text(source).text);
	if (family != AF_UNSPEC && address_family(literal) != family)
		return err_set(err, -EINVAL, "'%s' is not an %s address", quote(host).text,
		               family == AF_INET ? "IPv4" : "IPv6");
	return 0;
}

static int check(const struct draft *draft, struct err *err)
{
	const struct ask_options *options = draft->options;
	const struct probe_ops *ops = draft->ops;
	const char *host = draft->endpoint.host;
	struct address literal;
	int result = ops->check ? ops->check(&options->probe, err) : 0;

	if (result < 0)
		return result;
	if (strcmp(host, "*") == 0)
		return err_set(err, -EINVAL, "'*' is every address, and no single host to ask");
	if (options->source_port > 0 && options->source_port == draft->endpoint.port &&
	    ops->scope == CHANNEL_FOR_ALL)
		return err_set(
			err, -EINVAL,
			"'--source-port %d' is the port that is asked: that would be a loop",
			draft->endpoint.port);
	if (ops->echoes && !probe_fits(ops, &options->probe))
		return err_set(err, -EINVAL, "a payload of '%zu' bytes is too small for %s",
		               options->probe.size, ops->name);
	if (address_parse(host, &literal) == 0)
		result = check_literal(draft, &literal, err);
	return result;
}

static void needs_kind(const struct draft *draft, struct err *err)
{
	const char *host =
		draft->endpoint.host[0] ? draft->endpoint.host : draft->options->host;

	(void)err_set(err, -EINVAL, "'%s' needs a kind (such as '%s')", quote(host).text,
	              endpoint_text("tcp-echo", host, draft->endpoint.port).text);
}

static int read_draft(struct draft *draft, const char *word, struct err *err)
{
	struct kind_names names = kind_names();
	int result = word ? endpoint_parse(word, names.names, &draft->endpoint, err) : 0;
	const char *kind = draft->endpoint.kind[0] ? draft->endpoint.kind
	                   : draft->options->kind  ? draft->options->kind
	                                           : draft->options->default_kind;

	if (result < 0)
		return result;
	draft->ops = kind ? kind_by_name(kind) : NULL;
	if (!draft->ops) {
		needs_kind(draft, err);
		return -EINVAL;
	}
	result = complete_host(draft, err);
	if (result == 0)
		result = complete_port(draft, err);
	if (result == 0)
		result = check(draft, err);
	return result;
}

static int reserve(struct ping_targets *targets)
{
	size_t room = targets->room ? 2 * targets->room : TARGETS_AT_FIRST;
	struct ping_target_kept *items;

	if (targets->count < targets->room)
		return 0;
	items = reallocarray(targets->items, room, sizeof(*items));
	if (!items)
		return -ENOMEM;
	targets->items = items;
	targets->room = room;
	return 0;
}

/* Copies a word; returns where it is among the words, negative when there is no memory for it. */
static int64_t keep_word(struct ping_targets *targets, const char *word)
{
	size_t size = strlen(word) + 1, at = targets->words_length;
	size_t room = targets->words_room ? targets->words_room : WORDS_AT_FIRST;

	while (room < at + size)
		room *= 2;
	if (room > targets->words_room) {
		char *words = realloc(targets->words, room);

		if (!words)
			return -ENOMEM;
		targets->words = words;
		targets->words_room = room;
	}
	memcpy(targets->words + at, word, size);
	targets->words_length = at + size;
	return (int64_t)at;
}

static uint8_t number_of(const struct probe_ops *ops)
{
	uint8_t number = 0;

	while (kinds()[number] != ops)
		number++;
	return number;
}

static int keep(struct ping_targets *targets, const struct draft *draft, const char *label)
{
	const struct endpoint *endpoint = &draft->endpoint;
	struct endpoint_text name =
		endpoint_text(draft->ops->name, endpoint->host, endpoint->port);
	size_t host_at = strlen(draft->ops->name) + strlen("://");
	int64_t name_at = reserve(targets) < 0 ? -ENOMEM : keep_word(targets, name.text);
	int64_t label_at = label ? keep_word(targets, label) : 0;

	if (name_at < 0 || label_at < 0)
		return -ENOMEM;
	targets->items[targets->count++] = (struct ping_target_kept){
		.name_at = (uint32_t)name_at,
		.label_at = (uint32_t)label_at,
		.port = endpoint->port > 0 ? (uint16_t)endpoint->port : 0,
		.kind = number_of(draft->ops),
		.host_at = (uint8_t)(host_at + (name.text[host_at] == '[')),
		.host_length = (uint8_t)strlen(endpoint->host),
	};
	return 0;
}

/* A socket for each target means a port for each. */
static int check_source_port(const struct ping_targets *targets, const struct draft *draft,
                             struct err *err)
{
	if (!draft->ops->alone || draft->options->source_port <= 0)
		return 0;
	for (size_t i = 0; i < targets->count; i++)
		if (kinds()[targets->items[i].kind]->alone)
			return err_set(
				err, -EINVAL,
				"'--source-port %d' can be the port of one %s target alone",
				(int)draft->options->source_port, draft->ops->name);
	return 0;
}

int ping_targets_add(struct ping_targets *targets, const struct ask_options *options,
                     const char *word, const char *label, struct err *err)
{
	struct draft draft = { .options = options, .endpoint.port = -1 };
	int result = read_draft(&draft, word, err);

	if (result == 0)
		result = check_source_port(targets, &draft, err);
	if (result < 0)
		return result;
	if (targets->count == PING_TARGETS_MAX)
		return err_set(err, -E2BIG, "'%s' is one target too many (at most %d)",
		               quote(word ? word : draft.ops->name).text, PING_TARGETS_MAX);
	result = keep(targets, &draft, label);
	return result < 0 ? err_set(err, result, "out of memory") : 0;
}

int ping_targets_check(const struct ping_targets *targets, const struct ask_options *options,
                       struct err *err)
{
	bool send = options->probe.send != NULL;
	const char *words = send ? options->probe.send : options->probe.expect;

	for (size_t i = 0; i < targets->count; i++)
		if (kinds()[targets->items[i].kind]->worded)
			return 0;
	if (!words)
		return 0;
	return err_set(err, -EINVAL, "'%s %s' is for targets such as line://HOST:PORT alone",
	               send ? "--send" : "--expect", quote(words).text);
}

void ping_targets_done(struct ping_targets *targets)
{
	free(targets->items);
	free(targets->words);
	*targets = (struct ping_targets){ 0 };
}

struct ping_target ping_targets_at(const struct ping_targets *targets, size_t index)
{
	const struct ping_target_kept *kept = &targets->items[index];

	return (struct ping_target){
		.ops = kinds()[kept->kind],
		.name = targets->words + kept->name_at,
		.label = kept->label_at ? targets->words + kept->label_at : NULL,
		.port = kept->port,
		.host_at = kept->host_at,
		.host_length = kept->host_length,
	};
}

struct host_text ping_target_host(const struct ping_target *target)
{
	struct host_text host = { 0 };

	memcpy(host.text, target->name + target->host_at, target->host_length);
	return host;
}
