/* SPDX-License-Identifier: MIT */
/* socket -- opening, tuning, connecting and reading the errors of sockets.
 *
 * Every descriptor made here is non-blocking and close-on-exec.  All functions return a negative
 * errno on failure.  Datagrams in batches are the work of net/datagram.
 */
#pragma once

#include "base/err.h"
#include "core/clock.h"
#include "net/address.h"
#include "net/timestamp.h"

/* What a person may ask of the packets of a probe; -1 = the system's default. */
struct socket_options {
	int ttl, tos;
	int pmtu;              /* IP_PMTUDISC_DO, _WANT, _DONT */
	const char *device;    /* NULL = any */
	struct address source; /* family 0 = any */
	uint16_t source_port;  /* 0 = any */
};

MUST_CHECK int socket_open(int family, int type, int protocol);
void socket_close(int *fd);

/* Applies the options, and binds where a source is given. */
MUST_CHECK int socket_configure(int fd, int family, const struct socket_options *options);

/* True when the interface that the options bound it to is there no more. */
bool socket_lost_device(int fd);

/* Binds a socket that socket_configure() left unbound. */
MUST_CHECK int socket_bind_to(int fd, const struct address *address);

/* Asks for room bytes of receive buffer, beyond the system's limit where permitted; returns what
 * was granted. */
int socket_receive_room(int fd, int room);

/* What is sent then has this TTL (hop limit) unless it says otherwise; -1 = the system's default. */
MUST_CHECK int socket_set_ttl(int fd, int family, int ttl);

/* Datagrams then tell their TTL (hop limit). */
MUST_CHECK int socket_want_ttl(int fd, int family);

/* Replies then tell their TTL and TOS (hop limit, traffic class). */
MUST_CHECK int socket_want_details(int fd, int family);

/* Datagrams of one flow that came in a burst may then be handed over as one (UDP GRO; net/datagram). */
MUST_CHECK int socket_want_bursts(int fd);

/* Asking it for what has come also asks its network card, for up to span ns (SO_BUSY_POLL); where the card
 * can and this user may. */
void socket_poll_busily(int fd, int64_t span);

/* ICMP errors about what was sent are then kept for reports_take(). */
MUST_CHECK int socket_want_failures(int fd, int family);

/* A raw ICMP socket then gets echo replies and errors only. */
MUST_CHECK int socket_filter_icmp(int fd, int family);

/* The destination address of each datagram is told: needed where a socket has several. */
MUST_CHECK int socket_want_destination(int fd, int family);

/* --- servers --- */

enum socket_sharing { SOCKET_ALONE, SOCKET_SHARED }; /* SHARED: SO_REUSEPORT */

/* A socket bound to address; on success the port that was bound is written back. */
MUST_CHECK int socket_bind(struct address *address, int type, enum socket_sharing sharing);
/* A socket that was bound alone lets SOCKET_SHARED ones of the same user join it from now on: so
 * the first finds out whether the address is free, and nobody can slip in before the others. */
MUST_CHECK int socket_share(int fd);

/* Its connections will accept little to be sent that their peers do not read: then -EAGAIN. */
MUST_CHECK int socket_listen(int fd, int backlog);

/* The next connection of a listener, TCP_NODELAY set; peer may be NULL. */
MUST_CHECK int socket_accept(int fd, struct address *peer);

/* --- streams --- */

/* Starts connecting; 0 also while it is under way. */
MUST_CHECK int socket_connect(int fd, const struct address *address, struct mono *called);

/* The pending error of the socket, cleared: 0, or a negative errno. */
int socket_error(int fd);

/* Bytes received, 0 at the end of the stream; -EAGAIN when there are none yet. */
MUST_CHECK int64_t socket_receive(int fd, void *data, size_t room);

/* Bytes the kernel took; -EAGAIN when it takes none now.  Never raises SIGPIPE. */
MUST_CHECK int64_t socket_send(int fd, const void *data, size_t length);

/* The same, and the instant just before the call. */
MUST_CHECK int64_t socket_send_stamped(int fd, const void *data, size_t length,
                                       struct mono *called);

/* Receives, with the stamp of the last byte's arrival where the socket has such stamps. */
MUST_CHECK int64_t socket_receive_stamped(int fd, void *data, size_t room,
                                          struct stamp *arrival);

/* 1 when the handshake is done, 0 while it is under way, or its negative errno; and the instant. */
MUST_CHECK int socket_connected(int fd, struct mono *read);

void socket_shutdown_write(int fd);

/* Ends both directions, so that whoever reads from it finds the end. */
void socket_shutdown(int fd);

/* Closing will send an RST and leave nothing behind. */
void socket_reset_on_close(int fd);

/* What TCP itself knows of a connection. */
struct socket_state {
	int retransmissions; /* segments sent again, the SYN included */
	int64_t rtt;         /* ns, smoothed; of one just made: its handshake; 0 = not known */
};

struct socket_state socket_state(int fd);

MUST_CHECK int socket_local(int fd, struct address *out);
MUST_CHECK int socket_peer(int fd, struct address *out);

/* --- datagrams, one at a time --- */

/* It then talks to this peer alone: what is sent needs no address, which is cheaper. */
MUST_CHECK int socket_settle_on(int fd, const struct address *peer);

/* Sends to an address, NULL: to the peer that it was settled on; called is the instant just before. */
MUST_CHECK int socket_send_to(int fd, const void *data, size_t length, const struct address *to,
                              struct mono *called);

/* The same on a socket that several targets share.  What one of them refused waits there and would
 * fail the send to another: such a send is tried again.  The refusal itself stays in the queue of
 * reports_take(). */
MUST_CHECK int socket_send_shared(int fd, const void *data, size_t length,
                                  const struct address *to, struct mono *called);
