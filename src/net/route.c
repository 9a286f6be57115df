/* SPDX-License-Identifier: MIT */
#include "net/route.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "net/socket.h"

enum { ANSWER_ROOM = 4096 };

struct request {
	struct nlmsghdr head;
	struct rtmsg route;
	uint8_t attributes[RTA_SPACE(sizeof(struct in6_addr)) + RTA_SPACE(sizeof(uint32_t))];
};

static void add(struct request *request, unsigned short type, const void *value, size_t length)
{
	struct rtattr attribute = { .rta_len = (unsigned short)RTA_LENGTH(length),
		                    .rta_type = type };
	uint8_t *end = (uint8_t *)request + request->head.nlmsg_len;

	memcpy(end, &attribute, sizeof(attribute));
	memcpy(end + RTA_LENGTH(0), value, length);
	request->head.nlmsg_len += (uint32_t)RTA_SPACE(length);
}

static struct request request_for(const struct address *address)
{
	bool v6 = address_family(address) == AF_INET6;
	struct request request = {
		.head = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
		          .nlmsg_type = RTM_GETROUTE,
		          .nlmsg_flags = NLM_F_REQUEST },
		.route = { .rtm_family = (unsigned char)address_family(address),
		           .rtm_dst_len = v6 ? 128 : 32 },
	};

	if (!v6) {
		add(&request, RTA_DST, &address->v4.sin_addr, sizeof(address->v4.sin_addr));
		return request;
	}
	add(&request, RTA_DST, &address->v6.sin6_addr, sizeof(address->v6.sin6_addr));
	if (address->v6.sin6_scope_id)
		add(&request, RTA_OIF, &address->v6.sin6_scope_id, sizeof(uint32_t));
	return request;
}

static int meaning_of_type(unsigned char type)
{
	switch (type) {
	case RTN_UNICAST:
		return ROUTE_AWAY;
	case RTN_LOCAL:
	case RTN_ANYCAST:
		return ROUTE_HERE;
	case RTN_BROADCAST:
	case RTN_MULTICAST:
		return ROUTE_TO_MANY;
	case RTN_PROHIBIT:
		return ROUTE_BARRED;
	case RTN_BLACKHOLE:
	case RTN_UNREACHABLE:
		return ROUTE_NONE;
	default:
		return -EIO;
	}
}

static int meaning_of_error(int error)
{
	switch (error) {
	case -ENETUNREACH:
	case -EHOSTUNREACH:
	case -EOPNOTSUPP: /* a family that this host does not speak */
		return ROUTE_NONE;
	case -EACCES:
		return ROUTE_BARRED;
	default:
		return error < 0 ? error : -EIO;
	}
}

static int read_answer(const uint8_t *answer, size_t length)
{
	struct nlmsghdr head;
	struct nlmsgerr error;
	struct rtmsg route;

	if (length < NLMSG_HDRLEN)
		return -EIO;
	memcpy(&head, answer, sizeof(head));
	if (head.nlmsg_type == NLMSG_ERROR && length >= NLMSG_LENGTH(sizeof(error))) {
		memcpy(&error, answer + NLMSG_HDRLEN, sizeof(error));
		return meaning_of_error(error.error);
	}
	if (head.nlmsg_type != RTM_NEWROUTE || length < NLMSG_LENGTH(sizeof(route)))
		return -EIO;
	memcpy(&route, answer + NLMSG_HDRLEN, sizeof(route));
	return meaning_of_type(route.rtm_type);
}

/* The kernel answers within the call that asks. */
int route_to(const struct address *address)
{
	struct request request = request_for(address);
	uint8_t answer[ANSWER_ROOM];
	int fd = socket_open(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	if (fd < 0)
		return fd;
	int64_t result = socket_send(fd, &request, request.head.nlmsg_len);

	if (result >= 0)
		result = socket_receive(fd, answer, sizeof(answer));
	socket_close(&fd);
	return result < 0 ? (int)result : read_answer(answer, (size_t)result);
}
