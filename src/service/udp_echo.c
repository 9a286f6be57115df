/* SPDX-License-Identifier: MIT */
/* udp-echo -- sends every datagram back as it came (RFC 862). */
#include "service/services.h"

static enum drop echo(void *state, struct datagram *datagram)
{
	(void)state;
	(void)datagram;
	return DROP_NONE;
}

const struct service_ops service_udp_echo = {
	.name = "udp-echo",
	.help = "send every datagram back (RFC 862)",
	.port = 8888,
	.type = SOCK_DGRAM,
	.ttl_decays = true,
	.answer = echo,
};
