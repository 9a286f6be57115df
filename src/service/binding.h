/* SPDX-License-Identifier: MIT */
/* binding -- from an endpoint to sockets at which all workers serve it.
 *
 *   endpoint  --find-->  addresses  --open-->  one port, and at each address a socket per worker
 *
 * The first socket of an address is bound alone: a second server is told "address in use" instead
 * of silently taking a part of the clients.  Only then is it opened to those of the other workers.
 *
 * Sockets that were inherited are served as they are, and none is bound beside them: a socket that
 * joined theirs would take a part of the newcomers with it if we failed later.  Where there are more of
 * them than workers, a worker has several; where there are fewer, workers share one, unless the service
 * remembers its peers.
 */
#pragma once

#include "net/endpoint.h"
#include "net/inherited.h"
#include "net/resolver.h"
#include "service/worker.h"

struct binding {
	const struct service_ops *ops;
	struct endpoint endpoint; /* complete */
	struct address addresses[RESOLVED_MAX];
	size_t count;
	bool either;      /* an address of a family that this host lacks is left out */
	int receive_room; /* granted to a datagram socket; 0 for streams */
	int *sockets;     /* all at which it is served; borrowed from the workers */
	size_t socket_count, socket_room;
};

/* Finds the addresses of endpoint, whose kind, host and port are given; "*" is all of both
 * families, "" both loopback addresses.  Names are looked up, which may take some seconds. */
MUST_CHECK int binding_find(const struct endpoint *endpoint, struct binding *out,
                            struct err *err);

/* Opens its sockets, where they are not inherited already, and hands them to the workers;
 * addresses then tell their ports. */
MUST_CHECK int binding_open(struct binding *binding, struct worker *const *workers,
                            size_t count, struct inherited *inherited, struct err *err);

/* When the workers are gone, or before. */
void binding_done(struct binding *binding);
