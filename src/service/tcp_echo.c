/* SPDX-License-Identifier: MIT */
/* tcp-echo -- sends every byte back (RFC 862). */
#include "service/conversation.h"
#include "service/services.h"

static enum verdict echo(void *state, struct conversation *conversation, const uint8_t *data,
                         size_t length)
{
	(void)state;
	conversation_say(conversation, data, length);
	return SERVICE_DONE;
}

const struct service_ops service_tcp_echo = {
	.name = "tcp-echo",
	.help = "send every byte back (RFC 862)",
	.port = 8888,
	.type = SOCK_STREAM,
	.chunk = echo,
};
