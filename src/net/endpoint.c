/* SPDX-License-Identifier: MIT */
#include "net/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "base/text.h"

/* What is being read, for the sentences that say why not. */
struct reading {
	const char *text;
	const char *const *kinds;
	struct err *err;
};

/* A stretch of the text. */
struct part {
	const char *text;
	size_t length;
};

static int refuse(const struct reading *reading, const char *why)
{
	return err_set(reading->err, -EINVAL, "invalid endpoint '%s': %s",
	               quote(reading->text).text, why);
}

/* The kind as the table spells it: like the scheme of a URL it may be written in capitals. */
static const char *find_kind(const char *const *kinds, struct part part)
{
	for (; *kinds; kinds++)
		if (strlen(*kinds) == part.length &&
		    strncasecmp(*kinds, part.text, part.length) == 0)
			return *kinds;
	return NULL;
}

static bool is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '-' || c == '_';
}

static bool part_is(struct part part, const char *word)
{
	return part.length == strlen(word) && strncasecmp(part.text, word, part.length) == 0;
}

/* A name, an IPv4 literal or "*". */
static int take_name(const struct reading *reading, struct part part, struct endpoint *out)
{
	if (part.length == 0)
		return refuse(reading, "it names no host");
	if (part.length > HOST_MAX)
		return refuse(reading, "a host name has at most 253 characters");
	if (!part_is(part, "*")) {
		for (size_t i = 0; i < part.length; i++)
			if (!is_host_char(part.text[i]))
				return refuse(reading, "that is not a host name");
		if (part.text[0] == '-' || part.text[0] == '.')
			return refuse(reading, "that is not a host name");
	}
	memcpy(out->host, part.text, part.length);
	out->host[part.length] = '\0';
	return 0;
}

static int take_literal(const struct reading *reading, struct part part, struct endpoint *out)
{
	struct address address;

	if (part.length == 0 || part.length > HOST_MAX)
		return refuse(reading, "that is not an IPv6 address");
	memcpy(out->host, part.text, part.length);
	out->host[part.length] = '\0';
	int result = address_parse(out->host, &address);

	if (result == -ENODEV)
		return refuse(reading, "its zone names no interface");
	if (result < 0 || address_family(&address) != AF_INET6)
		return refuse(reading, "that is not an IPv6 address");
	return 0;
}

static int take_port(const struct reading *reading, struct part part, struct endpoint *out)
{
	char digits[8] = { 0 };
	int64_t port = 0;

	if (part.length == 0 || part.length >= sizeof(digits))
		return refuse(reading, "a port is a number from 0 to 65535");
	memcpy(digits, part.text, part.length);
	if (strspn(digits, "0123456789") != part.length ||
	    parse_integer(digits, 0, UINT16_MAX, &port) < 0)
		return refuse(reading, "a port is a number from 0 to 65535");
	out->port = (int)port;
	return 0;
}

/* [IPv6] with or without a port. */
static int take_bracketed(const struct reading *reading, struct part part, struct endpoint *out)
{
	const char *close = memchr(part.text, ']', part.length);

	if (!close)
		return refuse(reading, "the ']' is missing");
	struct part host = { part.text + 1, (size_t)(close - part.text) - 1 };
	struct part rest = { close + 1, part.length - host.length - 2 };
	int result = take_literal(reading, host, out);

	if (result < 0 || rest.length == 0)
		return result;
	if (rest.text[0] != ':')
		return refuse(reading, "after ']' only a port may follow");
	return take_port(reading, (struct part){ rest.text + 1, rest.length - 1 }, out);
}

/* HOST[:PORT] as it stands behind "://". */
static int take_authority(const struct reading *reading, struct part part, struct endpoint *out)
{
	if (part.length > 0 && memchr(part.text, '@', part.length))
		return refuse(reading, "a user name has no meaning here");
	if (part.length > 0 && part.text[0] == '[')
		return take_bracketed(reading, part, out);

	const char *colon = part.length > 0 ? memchr(part.text, ':', part.length) : NULL;
	size_t host = colon ? (size_t)(colon - part.text) : part.length;

	if (colon && memchr(colon + 1, ':', part.length - host - 1))
		return refuse(reading, "an IPv6 address needs brackets: [ADDRESS]:PORT");
	int result = take_name(reading, (struct part){ part.text, host }, out);

	if (result < 0 || !colon)
		return result;
	return take_port(reading, (struct part){ colon + 1, part.length - host - 1 }, out);
}

static int unknown_kind(const struct reading *reading, struct part part)
{
	struct quoted shown = quote_bytes(part.text, part.length);
	const char *nearest = text_nearest(shown.text, reading->kinds);

	if (nearest)
		return err_set(reading->err, -EINVAL, "unknown kind '%s' (did you mean '%s'?)",
		               shown.text, nearest);
	return err_set(reading->err, -EINVAL, "unknown kind '%s'", shown.text);
}

static int take_kind(const struct reading *reading, struct part part, struct endpoint *out)
{
	bool https = part_is(part, "https");

	if (part.length == 0)
		return refuse(reading, "it names no kind");
	if (https || part_is(part, "http")) {
		memcpy(out->kind, "tcp", sizeof("tcp"));
		out->port = https ? 443 : 80;
		out->url = true;
		part = (struct part){ "tcp", 3 };
	}
	const char *kind = find_kind(reading->kinds, part);

	if (!kind)
		return unknown_kind(reading, part);
	memcpy(out->kind, kind, part.length + 1);
	return 0;
}

/* A word without "://": a kind alone, an address, a name -- or a mistake worth explaining. */
static int take_plain(const struct reading *reading, struct endpoint *out)
{
	struct part whole = { reading->text, strlen(reading->text) };
	const char *colon = strchr(whole.text, ':');
	struct address address;

	if (find_kind(reading->kinds, whole))
		return take_kind(reading, whole, out);
	int literal = address_parse(whole.text, &address);

	if (literal == 0 && whole.length <= HOST_MAX) {
		memcpy(out->host, whole.text, whole.length + 1);
		return 0;
	}
	if (literal == -ENODEV)
		return refuse(reading, "its zone names no interface");
	if (strchr(whole.text, '@'))
		return refuse(reading, "a user name has no meaning here");
	if (whole.text[0] == '[') {
		int result = take_bracketed(reading, whole, out);

		if (result < 0 || out->port < 0)
			return result;
	}
	if (colon && find_kind(reading->kinds,
	                       (struct part){ whole.text, (size_t)(colon - whole.text) }))
		return err_set(
			reading->err, -EINVAL,
			"'%s' lacks the '//' behind its kind (did you mean '%.*s://%s'?)",
			quote(whole.text).text, (int)(colon - whole.text), whole.text,
			quote(colon + 1).text);
	if (out->port >= 0 || (colon && !strchr(colon + 1, ':') && colon > whole.text))
		return err_set(reading->err, -EINVAL,
		               "'%s' has a port but no kind (did you mean 'tcp://%s'?)",
		               quote(whole.text).text, quote(whole.text).text);
	return take_name(reading, whole, out);
}

int endpoint_parse(const char *text, const char *const *kinds, struct endpoint *out,
                   struct err *err)
{
	struct reading reading = { .text = text, .kinds = kinds, .err = err };
	struct endpoint endpoint = { .port = -1 };
	const char *rest = strstr(text, "://");
	int result;

	if (*text == '\0')
		return refuse(&reading, "it is empty");
	if (rest) {
		result = take_kind(&reading, (struct part){ text, (size_t)(rest - text) },
		                   &endpoint);
		rest += 3;
		if (result == 0)
			result = take_authority(&reading,
			                        (struct part){ rest, strcspn(rest, "/?#") },
			                        &endpoint);
	} else {
		result = take_plain(&reading, &endpoint);
	}
	if (result == 0)
		*out = endpoint;
	return result;
}

struct endpoint_text endpoint_text(const char *kind, const char *host, int port)
{
	struct endpoint_text out = { 0 };
	bool v6 = strchr(host, ':') != NULL;
	char suffix[16] = { 0 };

	if (port >= 0)
		(void)snprintf(suffix, sizeof(suffix), ":%d", port);
	(void)snprintf(out.text, sizeof(out.text), "%.*s://%s%.*s%s%s", KIND_MAX, kind,
	               v6 ? "[" : "", HOST_MAX, host, v6 ? "]" : "", suffix);
	return out;
}
