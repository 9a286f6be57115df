/* SPDX-License-Identifier: MIT */
#include "app/metrics_host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "net/endpoint.h"

/* Understands text as what follows "://" in an endpoint. */
static int parse(const char *text, struct endpoint *out)
{
	static const char *const kinds[] = { "metrics", NULL };
	char whole[KIND_MAX + HOST_MAX + 32];
	int length = snprintf(whole, sizeof(whole), "metrics://%s", text);

	if (length < 0 || (size_t)length >= sizeof(whole) || strpbrk(text, "/?#"))
		return -EINVAL;
	return endpoint_parse(whole, kinds, out, NULL);
}

int metrics_host_read(const char *text, struct address *out, struct err *err)
{
	struct endpoint endpoint;
	int result = parse(text, &endpoint);

	if (result == 0 && endpoint.port < 0)
		result = -EINVAL;
	if (result == 0)
		result = address_parse(endpoint.host, out);
	if (result < 0)
		return err_set(err, -EINVAL,
		               "'%s' is no address and port for --metrics "
		               "(such as 127.0.0.1:9464 or [::1]:9464)",
		               quote(text).text);
	address_set_port(out, (uint16_t)endpoint.port);
	return 0;
}

bool metrics_host_is_loopback(const char *text, uint16_t port)
{
	struct endpoint endpoint;
	struct address address;

	if (parse(text, &endpoint) < 0 || endpoint.port != port)
		return false;
	if (strcasecmp(endpoint.host, "localhost") == 0)
		return true;
	return address_parse(endpoint.host, &address) == 0 && address_is_loopback(&address);
}
