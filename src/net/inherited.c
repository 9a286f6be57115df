/* SPDX-License-Identifier: MIT */
#include "net/inherited.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/socket.h"

/* -1 when fd is no such socket. */
static int ask(int fd, int level, int name)
{
	int value = -1;
	socklen_t length = sizeof(value);

	if (getsockopt(fd, level, name, &value, &length) < 0)
		return -1;
	return value;
}

/* What is wrong with it; NULL when it can be served. */
static const char *fault_of(int fd, const struct inherited_socket *found)
{
	int family = address_family(&found->address);

	if (found->type != SOCK_STREAM && found->type != SOCK_DGRAM)
		return "no stream or datagram socket";
	if (family != AF_INET && family != AF_INET6)
		return "not of IPv4 or IPv6";
	if (address_port(&found->address) == 0)
		return "not bound";
	if (found->type == SOCK_STREAM && ask(fd, SOL_SOCKET, SO_ACCEPTCONN) != 1)
		return "not listening";
	if (family == AF_INET6 && ask(fd, IPPROTO_IPV6, IPV6_V6ONLY) != 1)
		return "taking IPv4 as well (BindIPv6Only=ipv6-only keeps them apart)";
	return NULL;
}

static int set_flags(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return 0;
}

static int examine(int fd, const char *kind, struct inherited_socket *out, struct err *err)
{
	struct inherited_socket found = { .fd = fd, .type = ask(fd, SOL_SOCKET, SO_TYPE) };
	int result = set_flags(fd);

	if (result == 0)
		result = socket_local(fd, &found.address);
	if (result < 0)
		return err_set(err, result, "descriptor '%d' is no socket: %s", fd,
		               err_reason(result).text);
	const char *fault = fault_of(fd, &found);

	if (fault)
		return err_set(err, -EINVAL, "descriptor '%d' cannot be served: it is %s", fd,
		               fault);
	if (kind)
		(void)snprintf(found.kind, sizeof(found.kind), "%s", kind);
	*out = found;
	return 0;
}

int inherited_add(struct inherited *inherited, int fd, const char *kind, struct err *err)
{
	struct inherited_socket found = { 0 };
	struct inherited_socket *all;
	int result = examine(fd, kind, &found, err);

	if (result == 0) {
		all = reallocarray(inherited->all, inherited->count + 1, sizeof(*all));
		if (all)
			inherited->all = all;
		else
			result = err_set(err, -ENOMEM, "cannot start: out of memory");
	}
	if (result < 0) {
		socket_close(&fd);
		return result;
	}
	inherited->all[inherited->count++] = found;
	return 0;
}

void inherited_close(struct inherited *inherited)
{
	for (size_t i = 0; i < inherited->count; i++)
		socket_close(&inherited->all[i].fd);
}

void inherited_done(struct inherited *inherited)
{
	inherited_close(inherited);
	free(inherited->all);
	*inherited = (struct inherited){ 0 };
}

static bool is_wanted(const struct inherited_socket *found, const char *kind, int type,
                      const struct address *address)
{
	uint16_t port = address_port(address);

	return found->fd >= 0 && found->type == type &&
	       (found->kind[0] == '\0' || strcmp(found->kind, kind) == 0) &&
	       (port == 0 || port == address_port(&found->address)) &&
	       address_same_host(address, &found->address);
}

int inherited_take(struct inherited *inherited, const char *kind, int type,
                   struct address *address)
{
	for (size_t i = 0; i < inherited->count; i++) {
		struct inherited_socket *found = &inherited->all[i];
		int fd = found->fd;

		if (!is_wanted(found, kind, type, address))
			continue;
		*address = found->address;
		found->fd = -1;
		found->taken = true;
		return fd;
	}
	return -1;
}

int inherited_share(int fd)
{
	int other = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return other < 0 ? -errno : other;
}

size_t inherited_taken(const struct inherited *inherited)
{
	size_t taken = 0;

	for (size_t i = 0; i < inherited->count; i++)
		taken += inherited->all[i].taken;
	return taken;
}

const struct inherited_socket *inherited_left(const struct inherited *inherited)
{
	for (size_t i = 0; i < inherited->count; i++)
		if (inherited->all[i].must_serve && !inherited->all[i].taken)
			return &inherited->all[i];
	return NULL;
}
