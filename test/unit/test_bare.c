/* SPDX-License-Identifier: MIT */
/* What a channel costs that is asked for answers alone (struct probe_options, bare): a request is one system call,
 * and what has piled up another. */
#include <string.h>
#include <sys/socket.h>

#include "peer.h"
#include "probe/line.h"
#include "probe/pong.h"
#include "probe/tcp_echo.h"
#include "probe/udp_echo.h"

enum { SIZE = 64, PILE = 10 };

/* System calls since they were last forgotten. */
struct calls {
	int sends, receives, queue_reads, others;
};

static struct calls calls;

/* The linker (--wrap) sends all calls of send() to __wrap_send(), and those of __real_send() to the C library;
 * so it is with the others. */
ssize_t real_send(int fd, const void *data, size_t length, int flags) __asm__("__real_send");
ssize_t real_sendto(int fd, const void *data, size_t length, int flags,
                    const struct sockaddr *to, socklen_t to_length) __asm__("__real_sendto");
ssize_t real_sendmsg(int fd, const struct msghdr *message, int flags) __asm__("__real_sendmsg");
ssize_t real_recv(int fd, void *data, size_t room, int flags) __asm__("__real_recv");
ssize_t real_recvfrom(int fd, void *data, size_t room, int flags, struct sockaddr *from,
                      socklen_t *from_length) __asm__("__real_recvfrom");
ssize_t real_recvmsg(int fd, struct msghdr *message, int flags) __asm__("__real_recvmsg");
int real_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                  struct timespec *timeout) __asm__("__real_recvmmsg");
int real_getsockopt(int fd, int level, int name, void *value,
                    socklen_t *length) __asm__("__real_getsockopt");
int real_setsockopt(int fd, int level, int name, const void *value,
                    socklen_t length) __asm__("__real_setsockopt");

ssize_t counted_send(int fd, const void *data, size_t length, int flags) __asm__("__wrap_send");
ssize_t counted_sendto(int fd, const void *data, size_t length, int flags,
                       const struct sockaddr *to, socklen_t to_length) __asm__("__wrap_sendto");
ssize_t counted_sendmsg(int fd, const struct msghdr *message,
                        int flags) __asm__("__wrap_sendmsg");
ssize_t counted_recv(int fd, void *data, size_t room, int flags) __asm__("__wrap_recv");
ssize_t counted_recvfrom(int fd, void *data, size_t room, int flags, struct sockaddr *from,
                         socklen_t *from_length) __asm__("__wrap_recvfrom");
ssize_t counted_recvmsg(int fd, struct msghdr *message, int flags) __asm__("__wrap_recvmsg");
int counted_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                     struct timespec *timeout) __asm__("__wrap_recvmmsg");
int counted_getsockopt(int fd, int level, int name, void *value,
                       socklen_t *length) __asm__("__wrap_getsockopt");
int counted_setsockopt(int fd, int level, int name, const void *value,
                       socklen_t length) __asm__("__wrap_setsockopt");

ssize_t counted_send(int fd, const void *data, size_t length, int flags)
{
	calls.sends++;
	return real_send(fd, data, length, flags);
}

ssize_t counted_sendto(int fd, const void *data, size_t length, int flags,
                       const struct sockaddr *to, socklen_t to_length)
{
	calls.sends++;
	return real_sendto(fd, data, length, flags, to, to_length);
}

ssize_t counted_sendmsg(int fd, const struct msghdr *message, int flags)
{
	calls.sends++;
	return real_sendmsg(fd, message, flags);
}

ssize_t counted_recv(int fd, void *data, size_t room, int flags)
{
	calls.receives++;
	return real_recv(fd, data, room, flags);
}

ssize_t counted_recvfrom(int fd, void *data, size_t room, int flags, struct sockaddr *from,
                         socklen_t *from_length)
{
	calls.receives++;
	return real_recvfrom(fd, data, room, flags, from, from_length);
}

ssize_t counted_recvmsg(int fd, struct msghdr *message, int flags)
{
	calls.receives++;
	calls.others += message->msg_controllen > 0;
	return real_recvmsg(fd, message, flags);
}

int counted_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                     struct timespec *timeout)
{
	bool queue = flags & MSG_ERRQUEUE;

	calls.queue_reads += queue;
	calls.receives += !queue;
	for (unsigned i = 0; i < count && !queue; i++)
		calls.others += messages[i].msg_hdr.msg_controllen > 0;
	return real_recvmmsg(fd, messages, count, flags, timeout);
}

int counted_getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
	calls.others++;
	return real_getsockopt(fd, level, name, value, length);
}

int counted_setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	calls.others++;
	return real_setsockopt(fd, level, name, value, length);
}

static void prepare(struct peer *peer, const struct probe_ops *ops)
{
	peer_prepare(peer, ops, SIZE);
	peer->options.stamping = STAMPING_KERNEL; /* it is bare all the same */
	peer->options.bare = true;
	peer->options.send = "PING";
	peer->options.expect = "+PONG";
}

static void ask(struct peer *peer, int count)
{
	calls = (struct calls){ 0 };
	for (int i = 0; i < count; i++)
		(void)peer_ask(peer);
	assert_int_equal(calls.sends, count);
	assert_int_equal(calls.receives + calls.queue_reads + calls.others, 0);
}

/* All answers have come, and are told in order: that costs one receive. */
static void hear(struct peer *peer, int count, uint64_t first)
{
	assert_true(wait_for(peer->channel.watch.fd, POLLIN));
	calls = (struct calls){ 0 };
	assert_int_equal(peer->channel.ops->heard(&peer->channel, peer->events, EVENTS_ROOM),
	                 count);
	assert_int_equal(calls.receives, 1);
	assert_int_equal(calls.sends + calls.queue_reads + calls.others, 0);
	for (int i = 0; i < count; i++) {
		assert_int_equal(peer->events[i].kind, EVENT_REPLY);
		assert_int_equal(peer->events[i].key, first + (uint64_t)i);
		assert_true(mono_known(peer->events[i].read));
		assert_false(mono_known(peer->events[i].stamp));
		assert_int_equal(peer->events[i].ttl, -1);
		assert_int_equal(peer->events[i].tos, -1);
		assert_int_equal(peer->events[i].retransmissions, 0);
	}
}

/* So many requests, each answered by these words, or by itself. */
static void converse(struct peer *peer, int count, const char *words, uint64_t first)
{
	char data[PILE * SIZE];
	size_t length = 0, each = words ? strlen(words) : SIZE;

	ask(peer, count);
	while (!words && length < (size_t)count * SIZE)
		length += peer_read(peer, data + length, sizeof(data) - length);
	for (int i = 0; i < count && words; i++)
		for (size_t at = 0; at < each; at++)
			data[length++] = words[at];
	peer_say(peer, data, length);
	hear(peer, count, first);
}

static void assert_cheap_stream(const struct probe_ops *ops, const char *words)
{
	struct peer peer;

	prepare(&peer, ops);
	peer_stand(&peer);
	converse(&peer, 1, words, 1);
	converse(&peer, 1, words, 2);
	converse(&peer, PILE, words, 3);
	peer_done(&peer);
}

TEST(a_request_on_a_stream_is_a_send_and_what_has_piled_up_a_receive)
{
	assert_cheap_stream(&probe_tcp_echo, NULL);
	assert_cheap_stream(&probe_pong, "pong 1700000000\n");
	assert_cheap_stream(&probe_line, "+PONG\r\n");
}

/* Sends back so many datagrams, to whom they came from. */
static void echo(const struct peer *peer, int count)
{
	for (int i = 0; i < count; i++) {
		struct address from = { 0 };
		socklen_t length = sizeof(from);
		uint8_t data[SIZE];

		assert_true(wait_for(peer->fd, POLLIN));
		assert_int_equal(recvfrom(peer->fd, data, SIZE, 0, &from.any, &length), SIZE);
		assert_int_equal(sendto(peer->fd, data, SIZE, 0, &from.any, length), SIZE);
	}
}

TEST(a_datagram_is_a_send_and_what_has_piled_up_a_receive)
{
	struct peer peer;

	prepare(&peer, &probe_udp_echo);
	peer_face(&peer);
	ask(&peer, 1);
	echo(&peer, 1);
	hear(&peer, 1, 1);
	ask(&peer, PILE);
	echo(&peer, PILE);
	hear(&peer, PILE, 2);
	peer_done(&peer);
}

TEST(a_refusal_is_told)
{
	struct peer peer;

	prepare(&peer, &probe_udp_echo);
	peer_face(&peer);
	socket_close(&peer.fd);
	uint64_t key = peer_ask(&peer);

	assert_int_equal(peer_hear(&peer), 1);
	assert_int_equal(peer.events[0].kind, EVENT_REFUSED);
	assert_int_equal(peer.events[0].error, -ECONNREFUSED);
	assert_int_equal(peer.events[0].key, key);
	peer_done(&peer);
}

TEST(a_refusal_behind_an_answer_is_told_when_the_loop_says_so_again)
{
	struct peer peer;

	prepare(&peer, &probe_udp_echo);
	peer_face(&peer);
	(void)peer_ask(&peer);
	echo(&peer, 1);
	socket_close(&peer.fd);
	uint64_t refused = peer_ask(&peer);

	assert_true(wait_for(peer.channel.watch.fd, POLLERR));
	assert_int_equal(peer_hear(&peer), 1);
	assert_int_equal(peer.events[0].kind, EVENT_REPLY);
	assert_true(wait_for(peer.channel.watch.fd, POLLERR));
	assert_int_equal(peer_hear(&peer), 1);
	assert_int_equal(peer.events[0].kind, EVENT_REFUSED);
	assert_int_equal(peer.events[0].key, refused);
	peer_done(&peer);
}

TEST(whoever_is_not_bare_pays_for_what_it_learns)
{
	struct peer peer;
	uint8_t data[SIZE];

	peer_connect(&peer, &probe_tcp_echo, SIZE);
	(void)peer_ask(&peer);
	assert_int_equal(peer_read(&peer, data, SIZE), SIZE);
	peer_say(&peer, data, SIZE);
	assert_true(wait_for(peer.channel.watch.fd, POLLIN));
	calls = (struct calls){ 0 };
	assert_int_equal(peer_hear(&peer), 1);
	assert_true(calls.others > 0);
	peer_done(&peer);
}

TEST(channels_of_different_sizes_keep_to_theirs)
{
	static const size_t sizes[] = { 1, 20, 300, 1400 };
	struct peer *peers = calloc(COUNT(sizes), sizeof(*peers));
	uint8_t data[1400];

	assert_non_null(peers);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		prepare(&peers[i], &probe_tcp_echo);
		peers[i].options.size = sizes[i];
		peer_stand(&peers[i]);
	}
	for (size_t i = 0; i < 2 * COUNT(sizes); i++) {
		struct peer *peer = &peers[i % COUNT(sizes)];

		(void)peer_ask(peer);
		assert_int_equal(peer_read(peer, data, sizeof(data)), sizes[i % COUNT(sizes)]);
		peer_say(peer, data, sizes[i % COUNT(sizes)]);
	}
	for (size_t i = 0; i < COUNT(sizes); i++) {
		assert_int_equal(peer_hear(&peers[i]), 2);
		assert_int_equal(peers[i].events[1].kind, EVENT_REPLY);
		assert_int_equal(peers[i].events[1].bytes, sizes[i]);
		peer_done(&peers[i]);
	}
	free(peers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_request_on_a_stream_is_a_send_and_what_has_piled_up_a_receive),
		cmocka_unit_test(a_datagram_is_a_send_and_what_has_piled_up_a_receive),
		cmocka_unit_test(a_refusal_is_told),
		cmocka_unit_test(
			a_refusal_behind_an_answer_is_told_when_the_loop_says_so_again),
		cmocka_unit_test(whoever_is_not_bare_pays_for_what_it_learns),
		cmocka_unit_test(channels_of_different_sizes_keep_to_theirs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
