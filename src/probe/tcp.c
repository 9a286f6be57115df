/* SPDX-License-Identifier: MIT */
/* tcp -- one handshake per probe: SYN out, SYN/ACK (answered) or RST (refused) back.
 *
 * When the SYN had to be sent again the probe is lost: the kernel's second SYN is not our probe.
 * The connection is closed in order, without a byte. */
#include "probe/tcp.h"

#include <errno.h>

static int open_channel(struct channel *channel, const struct address *to, struct mono *called,
                        struct err *err)
{
	(void)channel;
	(void)to;
	(void)called;
	(void)err;
	return 0; /* the socket is made with the probe */
}

static void close_channel(struct channel *channel)
{
	/* A port that was chosen must be free again for the next probe. */
	if (channel->options->socket.source_port)
		socket_reset_on_close(channel->watch.fd);
	loop_forget(channel->loop, &channel->watch);
	socket_close(&channel->watch.fd);
}

static int send_probe(struct channel *channel, const struct address *to, uint64_t key,
                      struct mono *called)
{
	int family = address_family(to);
	int fd = socket_open(family, SOCK_STREAM, 0);

	(void)key;
	if (fd < 0)
		return fd;
	channel->watch.fd = fd;
	int result = socket_configure(fd, family, &channel->options->socket);

	if (result == 0)
		result = socket_connect(fd, to, called);
	if (result == 0)
		result = loop_watch(channel->loop, &channel->watch, LOOP_WRITE);
	return result;
}

/* The SYN cannot be stamped, but TCP times its handshake itself, to the microsecond.  After a lost
 * SYN it does not know which one was answered. */
static void read_state(const struct channel *channel, struct event *event)
{
	struct socket_state state = socket_state(channel->watch.fd);

	event->retransmissions = state.retransmissions;
	if (state.retransmissions == 0 && channel->options->stamping != STAMPING_USER)
		event->span = state.rtt;
}

static int heard(struct channel *channel, struct event *events, int room)
{
	struct mono read;
	int result = socket_connected(channel->watch.fd, &read);

	(void)room;
	if (result == 0)
		return 0;
	/* What never stood cannot be reset: the SYN/ACK came, and an RST right behind it. */
	if (result == -ECONNRESET || result == -EPIPE)
		result = 1;
	/* The kernel has given up: nobody answered. */
	if (result == -ETIMEDOUT) {
		events[0] = (struct event){ .kind = EVENT_ENDED, .error = result };
		return 1;
	}
	events[0] = (struct event){
		.kind = result < 0 ? EVENT_REFUSED : EVENT_REPLY,
		.key = channel->inflight.next - 1,
		.ttl = -1,
		.tos = -1,
		.read = read,
		.error = result < 0 ? result : 0,
	};
	if (result > 0)
		read_state(channel, &events[0]);
	return 1;
}

const struct probe_ops probe_tcp = {
	.name = "tcp",
	.help = "TCP handshake: SYN -> SYN/ACK",
	.asks_by = "TCP handshake",
	.port = 443,
	.scope = CHANNEL_PER_PROBE,
	.key_bits = 32,
	.retransmission_is_loss = true,
	.open = open_channel,
	.send = send_probe,
	.heard = heard,
	.close = close_channel,
};
