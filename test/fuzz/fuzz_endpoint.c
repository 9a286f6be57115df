/* SPDX-License-Identifier: MIT */
/* Endpoints: what is understood can be written and is understood again, to the same. */
#include <errno.h>

#include "base/text.h"
#include "fuzz/fuzz.h"
#include "net/endpoint.h"

static const char *const kinds[] = { "icmp", "tcp", "tcp-echo", "udp-echo", "pong", NULL };

static bool is_kind(const char *name)
{
	for (size_t i = 0; kinds[i]; i++)
		if (strcmp(kinds[i], name) == 0)
			return true;
	return false;
}

static void check_meaning(const struct endpoint *endpoint)
{
	must(endpoint->kind[0] == '\0' || is_kind(endpoint->kind));
	must(endpoint->host[0] != '\0' || endpoint->kind[0] != '\0');
	must(endpoint->port >= -1 && endpoint->port <= UINT16_MAX);
	must(!endpoint->url || (strcmp(endpoint->kind, "tcp") == 0 && endpoint->port >= 0));
	must_be_printable(endpoint->host);
	must(!strpbrk(endpoint->host, "/?#@[] '\""));
}

static void check_round_trip(const struct endpoint *endpoint)
{
	const char *kind = endpoint->kind[0] ? endpoint->kind : "icmp";
	struct endpoint_text text = endpoint_text(kind, endpoint->host, endpoint->port);
	struct endpoint again;

	if (endpoint->host[0] == '\0')
		return;
	must(endpoint_parse(text.text, kinds, &again, NULL) == 0);
	must(strcmp(again.kind, kind) == 0);
	must(strcmp(again.host, endpoint->host) == 0);
	must(again.port == endpoint->port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = string_of(data, size);
	struct endpoint endpoint = { .port = 77777 };
	struct err err = { 0 };
	int result = endpoint_parse(text, kinds, &endpoint, &err);

	if (result == 0) {
		check_meaning(&endpoint);
		check_round_trip(&endpoint);
	} else {
		must(result == -EINVAL);
		must(endpoint.port == 77777);
		must_be_a_sentence(&err);
	}
	must_be_printable(quote_bytes((const char *)data, size).text);
	free(text);
	return 0;
}
