/* SPDX-License-Identifier: MIT */
#include "service/binding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "net/socket.h"
#include "service/services.h"

#define LOOK_UP_AT_MOST (5 * NS_PER_SEC)

enum {
	QUEUE = 4096,           /* connections that wait to be accepted */
	RECEIVE_ROOM = 8 << 20, /* bytes of datagrams that wait to be read */
	PORT_TRIES = 8,         /* for one that is free on all addresses */
};

/* --- finding --- */

/* Waits for the one answer to the one question. */
static int await(struct resolver *resolver, struct resolver_answer *answer)
{
	struct mono end = mono_add(clock_mono(), LOOK_UP_AT_MOST);
	struct loop loop;
	struct happening happening;
	int result = loop_init(&loop);

	if (result == 0)
		result = loop_watch(&loop, &resolver->watch, LOOP_READ);
	if (result == 0) {
		loop_arm(&loop, end);
		do
			result = loop_wait(&loop, &happening, 1) > 0
			                 ? resolver_take(resolver, answer)
			                 : -EAGAIN;
		while (result == -EAGAIN && mono_before(clock_mono(), end));
	}
	loop_done(&loop);
	return result;
}

static int look_up(struct binding *binding, struct err *err)
{
	const char *host = binding->endpoint.host;
	struct resolver_answer answer = { 0 };
	struct resolver resolver;
	int result = resolver_init_threads(&resolver);

	if (result == 0) {
		result = resolver_ask(&resolver, 0, host, AF_UNSPEC);
		if (result == 0)
			result = await(&resolver, &answer);
		resolver_done(&resolver);
	}
	if (result < 0 || answer.error)
		return err_set(err, -ENOENT, "cannot resolve '%s': %s", quote(host).text,
		               answer.error        ? answer.reason
		               : result == -EAGAIN ? "no answer in time"
		                                   : err_reason(result).text);
	binding->count = answer.count;
	memcpy(binding->addresses, answer.addresses, binding->count * sizeof(struct address));
	binding->either = binding->count > 1; /* a name may have addresses this host has not */
	return 0;
}

/* Connecting to where many would hear it is what the kernel asks permission for. */
static bool is_broadcast(const struct address *address)
{
	struct address there = *address;
	struct mono called;
	int fd = socket_open(address_family(address), SOCK_DGRAM, 0);

	if (fd < 0)
		return false;
	address_set_port(&there, 9);
	int result = socket_connect(fd, &there, &called);

	socket_close(&fd);
	return result == -EACCES;
}

static int refuse_many(const struct binding *binding, struct err *err)
{
	for (size_t i = 0; i < binding->count; i++) {
		const struct address *address = &binding->addresses[i];
		bool multicast = address_is_multicast(address);

		if (multicast || (!address_is_any(address) && is_broadcast(address)))
			return err_set(err, -EINVAL,
			               "cannot listen on '%s': it is a %s address",
			               quote(binding->endpoint.host).text,
			               multicast ? "multicast" : "broadcast");
	}
	return 0;
}

static void take_both(struct binding *binding, const struct address *v4,
                      const struct address *v6)
{
	binding->addresses[0] = *v4;
	binding->addresses[1] = *v6;
	binding->count = 2;
	binding->either = true;
}

int binding_find(const struct endpoint *endpoint, struct binding *out, struct err *err)
{
	struct binding binding = {
		.ops = services_find(endpoint->kind),
		.endpoint = *endpoint,
		.count = 1,
	};
	struct address v4 = address_any(AF_INET), v6 = address_any(AF_INET6);
	bool loopback = endpoint->host[0] == '\0';
	int result = 0;

	if (!binding.ops)
		return err_set(err, -EINVAL, "'%s' cannot be served",
		               quote(endpoint->kind).text);
	if (loopback) {
		v4.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		v6.v6.sin6_addr = in6addr_loopback;
	}
	if (loopback || strcmp(endpoint->host, "*") == 0)
		take_both(&binding, &v4, &v6);
	else if (address_parse(endpoint->host, &binding.addresses[0]) < 0)
		result = look_up(&binding, err);
	if (result == 0)
		result = refuse_many(&binding, err);
	if (result == 0)
		*out = binding;
	return result;
}

/* --- opening --- */

struct opening {
	struct worker *const *workers;
	size_t count;
	struct inherited *inherited;
};

/* The first socket of an address. */
struct first {
	int fd; /* or a negative errno */
	bool inherited;
};

static int explain(const struct binding *binding, const struct address *address, int result,
                   struct err *err)
{
	struct endpoint_text where = endpoint_text(
		binding->ops->name, address_text(address).text, binding->endpoint.port);
	struct err reason = err_reason(result);

	if (result == -EADDRINUSE)
		return err_set(err, result, "cannot listen on '%s': address in use",
		               where.text);
	if (result == -EADDRNOTAVAIL)
		return err_set(err, result,
		               "cannot listen on '%s': this host has no such address",
		               where.text);
	if (result == -EACCES && binding->endpoint.port < 1024)
		return err_set(
			err, result,
			"cannot listen on '%s': %s (ports below 1024 need cap_net_bind_service)",
			where.text, reason.text);
	return err_set(err, result, "cannot listen on '%s': %s", where.text, reason.text);
}

static int prepare(struct binding *binding, int fd, const struct address *address)
{
	if (binding->ops->type == SOCK_STREAM)
		return socket_listen(fd, QUEUE);
	binding->receive_room = socket_receive_room(fd, RECEIVE_ROOM);
	return address_is_any(address) ? socket_want_destination(fd, address_family(address))
	                               : 0;
}

/* The one whose success says that the address is free. */
static int open_first(struct binding *binding, struct address *address, bool shared)
{
	int fd = socket_bind(address, binding->ops->type, SOCKET_ALONE);

	if (fd < 0)
		return fd;
	int result = shared ? socket_share(fd) : 0;

	if (result == 0)
		result = prepare(binding, fd, address);
	if (result < 0)
		socket_close(&fd);
	return result < 0 ? result : fd;
}

static int open_next(struct binding *binding, struct address *address)
{
	int fd = socket_bind(address, binding->ops->type, SOCKET_SHARED);

	if (fd < 0)
		return fd;
	int result = prepare(binding, fd, address);

	if (result < 0)
		socket_close(&fd);
	return result < 0 ? result : fd;
}

static bool lacks_family(const struct binding *binding, int result)
{
	return binding->either && (result == -EAFNOSUPPORT || result == -EADDRNOTAVAIL);
}

static void close_all(struct first *firsts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		socket_close(&firsts[i].fd);
}

/* One that is inherited, or else bound. */
static struct first find_first(struct binding *binding, struct address *address,
                               const struct opening *opening)
{
	int fd = inherited_take(opening->inherited, binding->ops->name, binding->ops->type,
	                        address);

	if (fd < 0)
		return (struct first){ .fd = open_first(binding, address, opening->count > 1) };
	int result = prepare(binding, fd, address);

	if (result < 0)
		socket_close(&fd);
	return (struct first){ .fd = result < 0 ? result : fd, .inherited = true };
}

/* Finds every address once, all at the port that the first was given. */
static int try_first(struct binding *binding, const struct opening *opening,
                     struct first *firsts, struct err *err)
{
	uint16_t port = (uint16_t)binding->endpoint.port;
	size_t kept = 0;

	for (size_t i = 0; i < binding->count; i++) {
		struct address address = binding->addresses[i];

		address_set_port(&address, port);
		struct first first = find_first(binding, &address, opening);

		if (lacks_family(binding, first.fd) && (kept > 0 || i + 1 < binding->count))
			continue;
		if (first.fd < 0) {
			close_all(firsts, kept);
			return explain(binding, &address, first.fd, err);
		}
		port = address_port(&address);
		binding->addresses[kept] = address;
		firsts[kept++] = first;
	}
	binding->count = kept;
	return 0;
}

/* A port that was free on the first address may be taken on the next: then another is tried. */
static int open_all_first(struct binding *binding, const struct opening *opening,
                          struct first *firsts, struct err *err)
{
	const struct binding before = *binding;
	int result = -EADDRINUSE;
	int tries = binding->endpoint.port == 0 ? PORT_TRIES : 1;

	for (int i = 0; i < tries && result == -EADDRINUSE; i++) {
		*binding = before;
		result = try_first(binding, opening, firsts, err);
	}
	return result;
}

static int note_socket(struct binding *binding, int fd)
{
	if (binding->socket_count == binding->socket_room) {
		size_t room = 2 * binding->socket_room + 8;
		int *sockets = reallocarray(binding->sockets, room, sizeof(*sockets));

		if (!sockets)
			return -ENOMEM;
		binding->sockets = sockets;
		binding->socket_room = room;
	}
	binding->sockets[binding->socket_count++] = fd;
	return 0;
}

/* Has a worker serve at fd, which is taken. */
static int serve_at(struct binding *binding, const struct opening *opening, size_t worker,
                    int fd, bool many, struct err *err)
{
	return worker_serve(opening->workers[worker % opening->count], binding->ops, fd, many,
	                    err);
}

/* The same at a socket that is one of this server's, rather than a worker's. */
static int serve_own(struct binding *binding, const struct opening *opening, size_t worker,
                     int fd, bool many, struct err *err)
{
	int result = note_socket(binding, fd);

	if (result < 0) {
		socket_close(&fd);
		return err_set(err, result, "cannot serve %s: out of memory",
		               binding->ops->name);
	}
	return serve_at(binding, opening, worker, fd, many, err);
}

static int serve_shared(struct binding *binding, const struct opening *opening, size_t worker,
                        int fd, bool many, struct err *err)
{
	int other = inherited_share(fd);

	if (other < 0)
		return err_set(err, other, "cannot serve %s: %s", binding->ops->name,
		               err_reason(other).text);
	return serve_at(binding, opening, worker, other, many, err);
}

/* All sockets of an address that were inherited, over all workers. */
static int serve_inherited(struct binding *binding, struct address *address, int first,
                           const struct opening *opening, struct err *err)
{
	bool many = address_is_any(address);
	size_t begin = binding->socket_count;
	int result = 0;

	for (int fd = first; fd >= 0 && result == 0;
	     fd = inherited_take(opening->inherited, binding->ops->name, binding->ops->type,
	                         address)) {
		if (fd != first)
			result = prepare(binding, fd, address);
		if (result < 0)
			socket_close(&fd);
		else
			result = serve_own(binding, opening, binding->socket_count - begin, fd,
			                   many, err);
	}
	size_t found = binding->socket_count - begin;

	for (size_t i = found; !binding->ops->remembers && i < opening->count && !result; i++)
		result = serve_shared(binding, opening, i, binding->sockets[begin + i % found],
		                      many, err);
	return result;
}

/* Hands the first socket of an address to the first worker, and opens those of the others. */
static int serve_bound(struct binding *binding, struct address *address, int first,
                       const struct opening *opening, struct err *err)
{
	bool many = address_is_any(address);
	int result = serve_own(binding, opening, 0, first, many, err);

	for (size_t i = 1; i < opening->count && result == 0; i++) {
		int fd = open_next(binding, address);

		if (fd < 0)
			return explain(binding, address, fd, err);
		result = serve_own(binding, opening, i, fd, many, err);
	}
	return result;
}

int binding_open(struct binding *binding, struct worker *const *workers, size_t count,
                 struct inherited *inherited, struct err *err)
{
	const struct opening opening = { workers, count, inherited };
	struct first firsts[RESOLVED_MAX] = { 0 };
	int result = open_all_first(binding, &opening, firsts, err);

	if (result < 0)
		return result;
	binding->endpoint.port = address_port(&binding->addresses[0]);
	for (size_t i = 0; i < binding->count; i++) {
		struct address *address = &binding->addresses[i];

		if (result < 0)
			socket_close(&firsts[i].fd);
		else if (firsts[i].inherited)
			result = serve_inherited(binding, address, firsts[i].fd, &opening, err);
		else
			result = serve_bound(binding, address, firsts[i].fd, &opening, err);
	}
	return result;
}

void binding_done(struct binding *binding)
{
	free(binding->sockets);
	binding->sockets = NULL;
	binding->socket_count = binding->socket_room = 0;
}
