/* SPDX-License-Identifier: MIT */
#include "net/reports.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <string.h>

#include "wire/icmp.h"

enum { CONTROL_BYTES = 256 };

static void read_extended(const struct cmsghdr *message, struct report *out)
{
	struct {
		struct sock_extended_err error;
		struct sockaddr_in6 offender;
	} extended = { 0 };
	size_t length = message->cmsg_len - CMSG_LEN(0);

	memcpy(&extended, CMSG_DATA(message), size_min(length, sizeof(extended)));
	bool v6 = extended.error.ee_origin == SO_EE_ORIGIN_ICMP6;

	if (extended.error.ee_origin == SO_EE_ORIGIN_TIMESTAMPING) {
		out->error = 0;
		out->id = extended.error.ee_data;
		out->queued = extended.error.ee_info == SCM_TSTAMP_SCHED;
		return;
	}
	out->error = -(int)extended.error.ee_errno;
	if (!v6 && extended.error.ee_origin != SO_EE_ORIGIN_ICMP)
		return;
	int named = icmp_error_of(v6 ? ICMP_V6 : ICMP_V4, extended.error.ee_type,
	                          extended.error.ee_code);

	out->error = named < 0 ? named : out->error;
	out->offender.any.sa_family = extended.offender.sin6_family;
	memcpy(&out->offender, &extended.offender, address_length(&out->offender));
}

static void read_report(struct msghdr *header, struct report *out)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c))
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
			read_extended(c, out);
		else
			(void)timestamp_read(c, &out->stamp);
}

int reports_take(int fd, struct report *reports, int room)
{
	_Alignas(struct cmsghdr) char control[REPORTS_MAX][CONTROL_BYTES];
	struct mmsghdr messages[REPORTS_MAX];
	struct iovec iov[REPORTS_MAX];

	room = room < REPORTS_MAX ? room : REPORTS_MAX;
	for (int i = 0; i < room; i++) {
		reports[i].target.any.sa_family = AF_UNSPEC;
		iov[i] = (struct iovec){ reports[i].quoted, sizeof(reports[i].quoted) };
		messages[i].msg_hdr = (struct msghdr){
			.msg_name = &reports[i].target,
			.msg_namelen = sizeof(reports[i].target),
			.msg_iov = &iov[i],
			.msg_iovlen = 1,
			.msg_control = control[i],
			.msg_controllen = CONTROL_BYTES,
		};
	}
	int got = recvmmsg(fd, messages, (unsigned)room, MSG_ERRQUEUE | MSG_DONTWAIT, NULL);

	for (int i = 0; i < got; i++) {
		reports[i].error = -EPROTO; /* until it says what it is */
		reports[i].stamp = (struct stamp){ 0 };
		reports[i].queued = false;
		reports[i].offender.any.sa_family = AF_UNSPEC;
		reports[i].quoted_length = messages[i].msg_len;
		read_report(&messages[i].msg_hdr, &reports[i]);
	}
	return got < 0 ? 0 : got;
}
