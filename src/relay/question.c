/* SPDX-License-Identifier: MIT */
#include "relay/question.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "probe/kinds.h"

static const char host_alphabet[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._:%-";

static bool is_printable(const char *text)
{
	while (*text > ' ' && *text <= '~')
		text++;
	return *text == '\0';
}

static int check_host(const struct endpoint *endpoint, const struct probe_ops *ops,
                      struct err *err)
{
	const char *host = endpoint->host;

	if (host[0] == '\0')
		return err_set(err, -EINVAL, "'%s' needs a host (%s://HOST)", ops->name,
		               ops->name);
	if (strcmp(host, "*") == 0)
		return err_set(err, -EINVAL, "'*' is every address, and no single host to ask");
	if (host[strspn(host, host_alphabet)] != '\0')
		return err_set(err, -EINVAL, "'%s' is not a host name", quote(host).text);
	return 0;
}

static int check_port(const struct endpoint *endpoint, const struct probe_ops *ops,
                      struct err *err)
{
	if (!probe_has_ports(ops) && endpoint->port >= 0)
		return err_set(err, -EINVAL, "'%s' has no ports (did you mean 'tcp'?)",
		               ops->name);
	if (endpoint->port == 0)
		return err_set(err, -EINVAL, "port '0' of '%s' cannot be asked",
		               quote(endpoint->host).text);
	return 0;
}

int question_read(const char *text, struct question *out, struct err *err)
{
	struct kind_names names = kind_names();
	struct endpoint endpoint;

	if (!is_printable(text))
		return err_set(err, -EINVAL, "invalid target '%s'", quote(text).text);
	int result = endpoint_parse(text, names.names, &endpoint, err);

	if (result < 0)
		return result;
	const struct probe_ops *ops = kind_by_name(endpoint.kind[0] ? endpoint.kind : "icmp");

	if (ops->worded)
		return err_set(err, -EINVAL, "'%s' is nothing to ask for others", ops->name);
	result = check_host(&endpoint, ops, err);
	if (result == 0)
		result = check_port(&endpoint, ops, err);
	if (result < 0)
		return result;
	*out = (struct question){
		.ops = ops,
		.port = endpoint.port < 0 ? ops->port : (uint16_t)endpoint.port,
	};
	memcpy(out->host, endpoint.host, sizeof(out->host));
	return 0;
}
