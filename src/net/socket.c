/* SPDX-License-Identifier: MIT */
#include "net/socket.h"

#include <errno.h>
#include <linux/icmp.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#include "wire/icmp.h"

enum { SEND_TRIES = 4, CONTROL_BYTES = 256, UNSENT_MOST = 128 * 1024 };

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* The same wish has one name for IPv4 and another for IPv6. */
static int set_ip(int fd, int family, int v4_name, int v6_name, int value)
{
	if (family == AF_INET6)
		return set(fd, IPPROTO_IPV6, v6_name, value);
	return set(fd, IPPROTO_IP, v4_name, value);
}

int socket_open(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);

	return fd < 0 ? -errno : fd;
}

void socket_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

int socket_bind_to(int fd, const struct address *address)
{
	return bind(fd, &address->any, address_length(address)) < 0 ? -errno : 0;
}

static int bind_source(int fd, int family, const struct socket_options *options)
{
	struct address source = options->source;

	if (address_family(&source) == AF_UNSPEC && options->source_port == 0)
		return 0;
	if (address_family(&source) == AF_UNSPEC)
		source = address_any(family);
	if (address_family(&source) != family)
		return -EAFNOSUPPORT;
	address_set_port(&source, options->source_port);
	/* A port that was chosen is used again and again. */
	if (options->source_port)
		(void)set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	return socket_bind_to(fd, &source);
}

int socket_configure(int fd, int family, const struct socket_options *options)
{
	int result = 0;

	if (options->device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options->device,
	                                  (socklen_t)strlen(options->device)) < 0)
		return -errno;
	if (options->ttl >= 0)
		result = socket_set_ttl(fd, family, options->ttl);
	if (result == 0 && options->tos >= 0)
		result = set_ip(fd, family, IP_TOS, IPV6_TCLASS, options->tos);
	if (result == 0 && options->pmtu >= 0)
		result = set_ip(fd, family, IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, options->pmtu);
	return result < 0 ? result : bind_source(fd, family, options);
}

bool socket_lost_device(int fd)
{
	char name[IF_NAMESIZE];
	socklen_t length = sizeof(name);

	return getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &length) < 0 &&
	       errno == ENODEV;
}

int socket_receive_room(int fd, int room)
{
	int granted = 0;
	socklen_t length = sizeof(granted);

	if (set(fd, SOL_SOCKET, SO_RCVBUFFORCE, room) < 0)
		(void)set(fd, SOL_SOCKET, SO_RCVBUF, room);
	(void)getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &granted, &length);
	return granted;
}

int socket_set_ttl(int fd, int family, int ttl)
{
	return set_ip(fd, family, IP_TTL, IPV6_UNICAST_HOPS, ttl);
}

int socket_want_ttl(int fd, int family)
{
	return set_ip(fd, family, IP_RECVTTL, IPV6_RECVHOPLIMIT, 1);
}

int socket_want_bursts(int fd)
{
	return set(fd, SOL_UDP, UDP_GRO, 1);
}

void socket_poll_busily(int fd, int64_t span)
{
	(void)set(fd, SOL_SOCKET, SO_BUSY_POLL, (int)(span / NS_PER_US));
}

int socket_want_details(int fd, int family)
{
	int result = socket_want_ttl(fd, family);

	return result < 0 ? result : set_ip(fd, family, IP_RECVTOS, IPV6_RECVTCLASS, 1);
}

int socket_want_failures(int fd, int family)
{
	return set_ip(fd, family, IP_RECVERR, IPV6_RECVERR, 1);
}

int socket_filter_icmp(int fd, int family)
{
	/* A set bit keeps that type out. */
	struct icmp_filter v4 = { ~(1U << ICMP_ECHOREPLY | 1U << ICMP_DEST_UNREACH |
		                    1U << ICMP_TIME_EXCEEDED | 1U << ICMP_PARAMETERPROB) };
	struct icmp6_filter v6;
	int result;

	if (family == AF_INET) {
		result = setsockopt(fd, SOL_RAW, ICMP_FILTER, &v4, sizeof(v4));
		return result < 0 ? -errno : 0;
	}
	ICMP6_FILTER_SETBLOCKALL(&v6);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &v6);
	ICMP6_FILTER_SETPASS(ICMP6_DST_UNREACH, &v6);
	ICMP6_FILTER_SETPASS(ICMP6_PACKET_TOO_BIG, &v6);
	ICMP6_FILTER_SETPASS(ICMP6_TIME_EXCEEDED, &v6);
	ICMP6_FILTER_SETPASS(ICMP6_PARAM_PROB, &v6);
	result = setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &v6, sizeof(v6));
	return result < 0 ? -errno : 0;
}

int socket_want_destination(int fd, int family)
{
	return set_ip(fd, family, IP_PKTINFO, IPV6_RECVPKTINFO, 1);
}

static int bind_to(int fd, struct address *address, int type, enum socket_sharing sharing)
{
	int result = 0;

	if (address_family(address) == AF_INET6)
		result = set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	/* TIME_WAIT of an earlier server must not keep a TCP listener from its port. */
	if (result == 0 && type == SOCK_STREAM)
		result = set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (result == 0 && sharing == SOCKET_SHARED)
		result = set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (result < 0)
		return result;
	if (bind(fd, &address->any, address_length(address)) < 0)
		return -errno;
	return socket_local(fd, address);
}

int socket_bind(struct address *address, int type, enum socket_sharing sharing)
{
	int fd = socket_open(address_family(address), type, 0);

	if (fd < 0)
		return fd;
	int result = bind_to(fd, address, type, sharing);

	if (result < 0)
		socket_close(&fd);
	return result < 0 ? result : fd;
}

int socket_share(int fd)
{
	return set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
}

int socket_listen(int fd, int backlog)
{
	/* Its connections inherit this: the kernel, too, keeps little for who does not read. */
	(void)set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_MOST);
	return listen(fd, backlog) < 0 ? -errno : 0;
}

int socket_accept(int fd, struct address *peer)
{
	socklen_t length = sizeof(*peer);
	int client = accept4(fd, peer ? &peer->any : NULL, peer ? &length : NULL,
	                     SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (client < 0)
		return -errno;
	(void)set(client, IPPROTO_TCP, TCP_NODELAY, 1);
	return client;
}

int socket_connect(int fd, const struct address *address, struct mono *called)
{
	(void)set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	*called = clock_mono();
	if (connect(fd, &address->any, address_length(address)) == 0 || errno == EINPROGRESS)
		return 0;
	return -errno;
}

int socket_error(int fd)
{
	int error = 0;
	socklen_t length = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		return -errno;
	return -error;
}

int64_t socket_receive(int fd, void *data, size_t room)
{
	ssize_t got = recv(fd, data, room, 0);

	return got < 0 ? -errno : got;
}

int64_t socket_send(int fd, const void *data, size_t length)
{
	ssize_t sent = send(fd, data, length, MSG_NOSIGNAL);

	return sent < 0 ? -errno : sent;
}

int64_t socket_send_stamped(int fd, const void *data, size_t length, struct mono *called)
{
	*called = clock_mono();
	return socket_send(fd, data, length);
}

int64_t socket_receive_stamped(int fd, void *data, size_t room, struct stamp *arrival)
{
	_Alignas(struct cmsghdr) char control[CONTROL_BYTES];
	struct iovec iov = { data, room };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t got = recvmsg(fd, &message, 0);

	*arrival = (struct stamp){ 0 };
	if (got < 0)
		return -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
		(void)timestamp_read(c, arrival);
	return got;
}

int socket_connected(int fd, struct mono *read)
{
	struct address peer;
	int error = socket_error(fd);

	*read = clock_mono();
	if (error < 0)
		return error;
	return socket_peer(fd, &peer) == 0;
}

void socket_shutdown_write(int fd)
{
	(void)shutdown(fd, SHUT_WR);
}

void socket_shutdown(int fd)
{
	(void)shutdown(fd, SHUT_RDWR);
}

void socket_reset_on_close(int fd)
{
	struct linger linger = { .l_onoff = 1 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

struct socket_state socket_state(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t length = sizeof(info);

	/* It cannot fail on a TCP socket; were it to, nothing is what info says. */
	(void)getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length);
	return (struct socket_state){
		.retransmissions = (int)info.tcpi_total_retrans,
		.rtt = info.tcpi_rtt * NS_PER_US,
	};
}

int socket_local(int fd, struct address *out)
{
	socklen_t length = sizeof(*out);

	return getsockname(fd, &out->any, &length) < 0 ? -errno : 0;
}

int socket_peer(int fd, struct address *out)
{
	socklen_t length = sizeof(*out);

	return getpeername(fd, &out->any, &length) < 0 ? -errno : 0;
}

int socket_settle_on(int fd, const struct address *peer)
{
	return connect(fd, &peer->any, address_length(peer)) < 0 ? -errno : 0;
}

int socket_send_to(int fd, const void *data, size_t length, const struct address *to,
                   struct mono *called)
{
	*called = clock_mono();
	if (sendto(fd, data, length, MSG_NOSIGNAL, to ? &to->any : NULL,
	           to ? address_length(to) : 0) < 0)
		return -errno;
	return 0;
}

/* Errors that an ICMP message may have left on the socket; each is taken off by one call. */
static bool may_be_pending(int error)
{
	static const int pending[] = {
		-ECONNREFUSED, -EHOSTUNREACH, -ENETUNREACH, -EHOSTDOWN, -ENONET,
		-ENOPROTOOPT,  -EOPNOTSUPP,   -EPROTO,      -EACCES,    -EMSGSIZE,
	};

	for (size_t i = 0; i < COUNT(pending); i++)
		if (pending[i] == error)
			return true;
	return false;
}

int socket_send_shared(int fd, const void *data, size_t length, const struct address *to,
                       struct mono *called)
{
	int result = socket_send_to(fd, data, length, to, called);

	for (int i = 1; i < SEND_TRIES && may_be_pending(result); i++)
		result = socket_send_to(fd, data, length, to, called);
	return result == -ECONNREFUSED ? -EAGAIN : result;
}
