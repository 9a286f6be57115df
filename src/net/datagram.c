/* SPDX-License-Identifier: MIT */
#include "net/datagram.h"

#include <errno.h>
#include <linux/net_tstamp.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>

enum {
	CONTROL_BYTES = 256,
	RECEIVE_TRIES = 4,
	/* Slots a power of two apart would meet in the same lines of the cache. */
	SLOT_STAGGER = 192,
};

struct datagrams {
	bool details;
	size_t room;
	uint8_t *pool;
	struct datagram items[DATAGRAMS_MAX];
	struct mmsghdr in[DATAGRAMS_MAX], out[DATAGRAMS_MAX];
	struct iovec in_iov[DATAGRAMS_MAX], out_iov[DATAGRAMS_MAX];
	struct datagram *sending[DATAGRAMS_MAX];
	_Alignas(struct cmsghdr) char control[DATAGRAMS_MAX][CONTROL_BYTES];
	_Alignas(struct cmsghdr) char out_control[DATAGRAMS_MAX][CONTROL_BYTES];
};

int datagrams_new(struct datagrams **out, size_t room, bool details)
{
	struct datagrams *datagrams = calloc(1, sizeof(*datagrams));

	if (!datagrams)
		return -ENOMEM;
	datagrams->details = details;
	datagrams->room = room;
	datagrams->pool = malloc(DATAGRAMS_MAX * (room + SLOT_STAGGER));
	if (!datagrams->pool) {
		free(datagrams);
		return -ENOMEM;
	}
	for (size_t i = 0; i < DATAGRAMS_MAX; i++) {
		datagrams->items[i].data = datagrams->pool + i * (room + SLOT_STAGGER);
		datagrams->items[i].room = room;
		datagrams->in_iov[i] = (struct iovec){ datagrams->items[i].data, room };
		datagrams->in[i].msg_hdr.msg_name = &datagrams->items[i].peer;
		datagrams->in[i].msg_hdr.msg_iov = &datagrams->in_iov[i];
		datagrams->in[i].msg_hdr.msg_iovlen = 1;
	}
	*out = datagrams;
	return 0;
}

void datagrams_free(struct datagrams *datagrams)
{
	if (datagrams)
		free(datagrams->pool);
	free(datagrams);
}

size_t datagrams_size(size_t room)
{
	return sizeof(struct datagrams) + DATAGRAMS_MAX * (room + SLOT_STAGGER);
}

struct datagram *datagrams_at(struct datagrams *datagrams, int index)
{
	return &datagrams->items[index];
}

/* Numbers in control messages are an int or a single byte (IP_TOS). */
static int number_in(const struct cmsghdr *c)
{
	int value = 0;

	if (c->cmsg_len >= CMSG_LEN(sizeof(int)))
		memcpy(&value, CMSG_DATA(c), sizeof(int));
	else
		value = *(const uint8_t *)CMSG_DATA(c);
	return value;
}

static void read_v4(const struct cmsghdr *c, struct datagram *item)
{
	struct in_pktinfo info;

	switch (c->cmsg_type) {
	case IP_TTL:
		item->ttl = number_in(c);
		break;
	case IP_TOS:
		item->tos = number_in(c);
		break;
	case IP_PKTINFO:
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		item->local = address_any(AF_INET);
		item->local.v4.sin_addr = info.ipi_spec_dst;
		item->to_many = info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr;
		break;
	default:
		break;
	}
}

static void read_v6(const struct cmsghdr *c, struct datagram *item)
{
	struct in6_pktinfo info;

	switch (c->cmsg_type) {
	case IPV6_HOPLIMIT:
		item->ttl = number_in(c);
		break;
	case IPV6_TCLASS:
		item->tos = number_in(c);
		break;
	case IPV6_PKTINFO:
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		item->local = address_any(AF_INET6);
		item->local.v6.sin6_addr = info.ipi6_addr;
		item->to_many = IN6_IS_ADDR_MULTICAST(&info.ipi6_addr);
		item->interface = info.ipi6_ifindex;
		break;
	default:
		break;
	}
}

static void read_udp(const struct cmsghdr *c, struct datagram *item)
{
	int piece = c->cmsg_type == UDP_GRO ? number_in(c) : 0;

	if (piece > 0 && (size_t)piece < item->length)
		item->piece = (size_t)piece;
}

static void read_control(struct msghdr *header, struct datagram *item)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level == IPPROTO_IP)
			read_v4(c, item);
		else if (c->cmsg_level == IPPROTO_IPV6)
			read_v6(c, item);
		else if (c->cmsg_level == SOL_UDP)
			read_udp(c, item);
		else
			(void)timestamp_read(c, &item->arrival);
	}
}

static void expect(struct datagrams *datagrams, int index)
{
	struct datagram *item = &datagrams->items[index];
	struct msghdr *header = &datagrams->in[index].msg_hdr;

	item->ttl = item->tos = -1;
	item->answered = item->to_many = item->read_late = false;
	item->ticket = 0;
	item->out_ttl = item->out_tos = 0;
	item->interface = 0;
	item->piece = 0;
	item->arrival = (struct stamp){ 0 };
	item->local.any.sa_family = AF_UNSPEC;
	header->msg_namelen = sizeof(item->peer);
	if (!datagrams->details)
		return;
	header->msg_control = datagrams->control[index];
	header->msg_controllen = CONTROL_BYTES;
}

/* One system call; returns how many came, or -1 with errno. */
static int receive(struct datagrams *datagrams, int fd, int most)
{
	for (int i = 0; i < most; i++)
		expect(datagrams, i);
	if (most > 1)
		return recvmmsg(fd, datagrams->in, (unsigned)most, MSG_DONTWAIT, NULL);
	ssize_t got = recvmsg(fd, &datagrams->in[0].msg_hdr, MSG_DONTWAIT);

	datagrams->in[0].msg_len = got < 0 ? 0 : (unsigned)got;
	return got < 0 ? -1 : 1;
}

int datagrams_receive(struct datagrams *datagrams, int fd, int most)
{
	int count = -1;

	/* What an ICMP error left on the socket fails one call, and datagrams wait behind it. */
	for (int i = 0; i < RECEIVE_TRIES && count < 0; i++) {
		count = receive(datagrams, fd, most);
		if (count < 0 && errno == EAGAIN)
			return 0;
	}
	if (count < 0)
		return -errno;
	for (int i = 0; i < count; i++) {
		struct datagram *item = &datagrams->items[i];

		item->length = datagrams->in[i].msg_len;
		item->truncated = datagrams->in[i].msg_hdr.msg_flags & MSG_TRUNC;
		if (datagrams->details)
			read_control(&datagrams->in[i].msg_hdr, item);
	}
	return count;
}

/* Appends one control message; returns the bytes it took. */
static size_t put_control(char *at, int level, int type, const void *data, size_t length)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)at;

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(length);
	memcpy(CMSG_DATA(c), data, length);
	return CMSG_SPACE(length);
}

/* From the very address that was asked; by the interface only where the address means nothing
 * without it, so that routing decides everywhere else. */
static size_t put_source(char *at, const struct datagram *item)
{
	struct in_pktinfo v4 = { .ipi_spec_dst = item->local.v4.sin_addr };
	struct in6_pktinfo v6 = { .ipi6_addr = item->local.v6.sin6_addr };

	if (address_family(&item->local) == AF_INET)
		return put_control(at, IPPROTO_IP, IP_PKTINFO, &v4, sizeof(v4));
	if (address_is_link_local(&item->local))
		v6.ipi6_ifindex = item->interface;
	return put_control(at, IPPROTO_IPV6, IPV6_PKTINFO, &v6, sizeof(v6));
}

/* It is several, to be cut apart on their way; what is left of several may be one. */
static bool is_burst(const struct datagram *item)
{
	return item->piece > 0 && item->piece < item->length;
}

static void prepare(struct datagrams *datagrams, int slot, struct datagram *item)
{
	struct msghdr *header = &datagrams->out[slot].msg_hdr;
	char *control = datagrams->out_control[slot];
	bool v6 = address_family(&item->peer) == AF_INET6;
	int ttl = item->out_ttl, tos = item->out_tos;
	uint16_t piece = (uint16_t)item->piece;
	unsigned stamped = SOF_TIMESTAMPING_TX_SOFTWARE;
	size_t used = 0;

	if (address_family(&item->local) != AF_UNSPEC)
		used += put_source(control, item);
	if (ttl)
		used += put_control(control + used, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
		                    v6 ? IPV6_HOPLIMIT : IP_TTL, &ttl, sizeof(ttl));
	if (tos)
		used += put_control(control + used, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
		                    v6 ? IPV6_TCLASS : IP_TOS, &tos, sizeof(tos));
	if (item->ticket)
		used += put_control(control + used, SOL_SOCKET, SO_TIMESTAMPING, &stamped,
		                    sizeof(stamped));
	if (is_burst(item))
		used += put_control(control + used, SOL_UDP, UDP_SEGMENT, &piece,
		                    sizeof(piece));
	datagrams->out_iov[slot] = (struct iovec){ item->data, item->length };
	*header = (struct msghdr){
		.msg_name = &item->peer,
		.msg_namelen = address_length(&item->peer),
		.msg_iov = &datagrams->out_iov[slot],
		.msg_iovlen = 1,
		.msg_control = used ? control : NULL,
		.msg_controllen = used,
	};
	datagrams->sending[slot] = item;
}

/* Where the kernel does not take them as one -- the way back may take less at once than the way here, or
 * its card may not sum up -- they go one by one. */
static int send_pieces(int fd, struct msghdr *header, const struct datagram *item)
{
	int result = 0;

	/* The control message that cuts is the last one. */
	header->msg_controllen -= CMSG_SPACE(sizeof(uint16_t));
	if (header->msg_controllen == 0)
		header->msg_control = NULL;
	for (size_t at = 0; at < item->length; at += item->piece) {
		size_t left = item->length - at;

		*header->msg_iov = (struct iovec){ item->data + at,
			                           left < item->piece ? left : item->piece };
		if (sendmsg(fd, header, MSG_DONTWAIT) < 0)
			result = -errno;
	}
	return result;
}

/* Sends one.  An error that was left on the socket is taken off by the call that it fails, and memory
 * may be back: once more, then, unless the buffer is full. */
static int send_one(struct datagrams *datagrams, int fd, int slot)
{
	const struct datagram *item = datagrams->sending[slot];
	struct msghdr *message = &datagrams->out[slot].msg_hdr;
	ssize_t took = sendmsg(fd, message, MSG_DONTWAIT);

	if (took < 0 && errno != EAGAIN)
		took = sendmsg(fd, message, MSG_DONTWAIT);
	if (took >= 0)
		return 0;
	if (is_burst(item) && (errno == EINVAL || errno == EIO || errno == EMSGSIZE))
		return send_pieces(fd, message, item);
	return -errno;
}

void datagrams_prepare(struct datagrams *datagrams, int index)
{
	prepare(datagrams, index, &datagrams->items[index]);
}

void datagrams_send(struct datagrams *datagrams, int fd, int index)
{
	const struct msghdr *header = &datagrams->out[index].msg_hdr;
	const struct datagram *item = datagrams->sending[index];
	/* The plainer call is the cheaper one. */
	ssize_t took = header->msg_control ? sendmsg(fd, header, MSG_DONTWAIT)
	                                   : sendto(fd, item->data, item->length, MSG_DONTWAIT,
	                                            header->msg_name, header->msg_namelen);

	datagrams->sending[index]->result = took < 0 ? -errno : 0;
}

int datagrams_begin(struct datagrams *datagrams, int fd, int index, size_t known)
{
	struct msghdr head = datagrams->out[index].msg_hdr;
	struct iovec first = { datagrams->items[index].data, known };

	head.msg_iov = &first;
	return sendmsg(fd, &head, MSG_DONTWAIT | MSG_MORE) < 0 ? -errno : 0;
}

void datagrams_finish(struct datagrams *datagrams, int fd, int index, size_t known)
{
	struct datagram *item = &datagrams->items[index];

	if (sendto(fd, item->data + known, item->length - known, MSG_DONTWAIT, NULL, 0) >= 0) {
		item->result = 0;
		return;
	}
	item->result = -errno;
	datagrams_abandon(fd);
}

/* What cannot be added to takes with it what was begun; if nothing was, it has no destination. */
void datagrams_abandon(int fd)
{
	struct iovec nowhere = { NULL, 1 };
	struct msghdr header = { .msg_iov = &nowhere, .msg_iovlen = 1 };

	(void)sendmsg(fd, &header, MSG_DONTWAIT);
}

void datagrams_answer(struct datagrams *datagrams, int fd, int count)
{
	int ready = 0, sent = 0;

	for (int i = 0; i < count; i++)
		if (datagrams->items[i].answered)
			prepare(datagrams, ready++, &datagrams->items[i]);
	if (ready == 1) {
		datagrams->sending[0]->result = send_one(datagrams, fd, 0);
		return;
	}
	while (sent < ready) {
		int took = sendmmsg(fd, datagrams->out + sent, (unsigned)(ready - sent),
		                    MSG_DONTWAIT);

		for (int i = 0; i < took; i++)
			datagrams->sending[sent + i]->result = 0;
		/* The first that would not go is tried alone; those behind it have their turn. */
		if (took <= 0)
			datagrams->sending[sent]->result = send_one(datagrams, fd, sent);
		sent += took > 0 ? took : 1;
	}
}
