/* SPDX-License-Identifier: MIT */
#include "app/ask_options.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "net/endpoint.h"
#include "probe/kinds.h"

enum { SIZE_UNLESS_TOLD = 56 };

struct ask_options ask_options_none(void)
{
	return (struct ask_options){
		.size = -1,
		.ttl = -1,
		.tos = -1,
		.port = -1,
		.source_port = -1,
		.ssid = -1,
		.utc_offset = -1,
		.probe.socket.pmtu = -1,
	};
}

void ask_options_done(struct ask_options *ask)
{
	key_ring_done(&ask->keys);
}

int ask_kind_check(const char *kind, struct err *err)
{
	struct kind_names names = kind_names();
	const char *nearest;

	if (kind_by_name(kind))
		return 0;
	nearest = text_nearest(kind, names.names);
	return err_set(err, -EINVAL, "unknown kind '%s'%s%s%s", quote(kind).text,
	               nearest ? " (did you mean '" : "", nearest ? nearest : "",
	               nearest ? "'?)" : "");
}

static int read_family(struct ask_options *ask, struct err *err)
{
	if (ask->v4 && ask->v6)
		return err_set(err, -EINVAL, "'-4' and '-6' exclude each other");
	ask->family = ask->v4 ? AF_INET : ask->v6 ? AF_INET6 : AF_UNSPEC;
	return 0;
}

/* -I takes an address or the name of an interface. */
static int read_device(struct ask_options *ask, struct err *err)
{
	struct socket_options *socket = &ask->probe.socket;
	const char *text = ask->device;
	int family;

	if (!text)
		return 0;
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
	if (ask->family != AF_UNSPEC && ask->family != family)
		return err_set(err, -EINVAL, "'%s' is not an %s address", quote(text).text,
		               ask->family == AF_INET ? "IPv4" : "IPv6");
	ask->family = family;
	return 0;
}

/* The one key that this session takes. */
static int read_key(struct ask_options *ask, struct err *err)
{
	if (!ask->key)
		return 0;
	int result = key_file_read(ask->key, &ask->keys, err);
	const struct stamp_key *key =
		result < 0 ? NULL : key_ring_find(&ask->keys, ask->probe.stamp.ssid);

	if (result < 0)
		return result;
	if (!key && ask->ssid > 0)
		return err_set(err, -EINVAL, "'%s' has no key for --ssid '%d'",
		               quote(ask->key).text, (int)ask->ssid);
	if (!key)
		return err_set(err, -EINVAL, "'%s' has several keys: say which by --ssid",
		               quote(ask->key).text);
	ask->probe.stamp.key = key->bytes;
	ask->probe.stamp.key_length = key->length;
	if (ask->probe.stamp.ssid == 0)
		ask->probe.stamp.ssid = key->ssid;
	return 0;
}

static void complete(struct ask_options *ask)
{
	struct probe_options *probe = &ask->probe;

	probe->size_given = ask->size >= 0;
	probe->size = (size_t)(ask->size >= 0 ? ask->size : SIZE_UNLESS_TOLD);
	probe->socket.ttl = (int)ask->ttl;
	probe->socket.tos = (int)ask->tos;
	probe->socket.source_port = ask->source_port > 0 ? (uint16_t)ask->source_port : 0;
	probe->stamp.ssid = (uint16_t)(ask->ssid > 0 ? ask->ssid : 0);
	probe->stamp.ptp = ask->ptp;
	probe->stamp.tai = span_max(ask->utc_offset, 0) * NS_PER_SEC;
}

int ask_options_complete(struct ask_options *ask, struct err *err)
{
	int result = read_family(ask, err);

	if (result == 0 && ask->kind)
		result = ask_kind_check(ask->kind, err);
	if (result == 0)
		result = read_device(ask, err);
	complete(ask);
	return result < 0 ? result : read_key(ask, err);
}

int ask_denied(struct err *err, const char *host)
{
	char self[256] = { 0 };

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		memcpy(self, "sounder", sizeof("sounder"));
	return err_set(
		err, -EPERM,
		"no permission to send ICMP to '%s': as root run 'setcap cap_net_raw+ep %s' "
		"or 'sysctl net.ipv4.ping_group_range=\"0 2147483647\"', "
		"or go without by 'sounder ping %s'",
		quote(host).text, self, endpoint_text("tcp", host, -1).text);
}
