/* SPDX-License-Identifier: MIT */
#include "app/handover.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "net/local.h"
#include "net/socket.h"

#define PREDECESSOR_PATIENCE (10 * NS_PER_SEC)
#define HEIR_PATIENCE (60 * NS_PER_SEC)

enum { PROTOCOL = 1 };
enum word { WORD_SOCKETS = 1, WORD_DOOR, WORD_SERVING };

/* One message; both ends are of this host, so the bytes have its order. */
struct note {
	char magic[16];
	uint32_t protocol, word;
	char kinds[LOCAL_DESCRIPTORS_MAX][KIND_MAX + 1]; /* of each descriptor */
};

static struct note make_note(enum word word)
{
	return (struct note){ .magic = "sounder handover", .protocol = PROTOCOL, .word = word };
}

static int send_note(int fd, struct note *note, const int *descriptors, size_t count)
{
	struct local_message message = {
		.data = note,
		.length = sizeof(*note),
		.descriptor_count = count,
	};

	if (count > 0)
		memcpy(message.descriptors, descriptors, count * sizeof(*descriptors));
	return local_send(fd, &message);
}

static bool is_note(const struct note *note, size_t length)
{
	const struct note ours = make_note(WORD_SOCKETS);

	return length == sizeof(*note) && note->protocol == PROTOCOL &&
	       memcmp(note->magic, ours.magic, sizeof(ours.magic)) == 0;
}

/* Root may speak to anybody, and everybody to himself. */
static int check_user(int fd)
{
	struct local_peer peer;
	int result = local_peer(fd, &peer);

	if (result < 0)
		return result;
	return peer.uid == 0 || peer.uid == geteuid() ? 0 : -EPERM;
}

void handover_init(struct handover *handover, int door_kind, int heir_kind)
{
	*handover = (struct handover){
		.door = { .fd = -1, .kind = door_kind },
		.heir = { .fd = -1, .kind = heir_kind },
		.patience = MONO_NEVER,
		.predecessor = -1,
	};
}

void handover_done(struct handover *handover)
{
	socket_close(&handover->door.fd);
	socket_close(&handover->heir.fd);
	socket_close(&handover->predecessor);
}

/* --- the successor --- */

static void close_from(const struct local_message *message, size_t first)
{
	for (size_t i = first; i < message->descriptor_count; i++)
		(void)close(message->descriptors[i]);
}

static int take_sockets(struct inherited *inherited, struct note *note,
                        const struct local_message *message, struct err *err)
{
	for (size_t i = 0; i < message->descriptor_count; i++) {
		note->kinds[i][KIND_MAX] = '\0';
		int result =
			inherited_add(inherited, message->descriptors[i], note->kinds[i], err);

		if (result < 0) {
			close_from(message, i + 1);
			return result;
		}
	}
	return 0;
}

/* 1: there is more to come. */
static int take_note(struct handover *handover, struct inherited *inherited, struct err *err)
{
	struct note note;
	struct local_message message = { .data = &note, .length = sizeof(note) };
	int result = local_receive(handover->predecessor, &message);

	if (result < 0)
		return err_set(err, result, "%s", err_reason(result).text);
	if (is_note(&note, message.length) && note.word == WORD_SOCKETS) {
		result = take_sockets(inherited, &note, &message, err);
		return result < 0 ? result : 1;
	}
	if (is_note(&note, message.length) && note.word == WORD_DOOR &&
	    message.descriptor_count == 1) {
		handover->door.fd = message.descriptors[0];
		return 0;
	}
	close_from(&message, 0);
	return err_set(err, -EBADMSG, "it speaks another protocol");
}

static int take_all(struct handover *handover, struct inherited *inherited, struct err *err)
{
	int result = check_user(handover->predecessor);

	if (result < 0)
		return err_set(err, result, "it belongs to another user");
	do
		result = take_note(handover, inherited, err);
	while (result > 0);
	return result;
}

static int stand_at(struct handover *handover, const char *path, struct err *err)
{
	int fd = local_listen(path);

	if (fd < 0)
		return err_set(err, fd, "cannot stand at '%s': %s", quote(path).text,
		               err_reason(fd).text);
	handover->door.fd = fd;
	return 0;
}

int handover_open(struct handover *handover, const char *path, struct inherited *inherited,
                  struct err *err)
{
	int fd = local_connect(path, SOCK_SEQPACKET, PREDECESSOR_PATIENCE);
	struct err why = { 0 };

	if (fd == -ECONNREFUSED || fd == -ENOENT)
		return stand_at(handover, path, err);
	if (fd < 0)
		return err_set(err, fd, "cannot take over at '%s': %s", quote(path).text,
		               err_reason(fd).text);
	handover->predecessor = fd;
	int result = take_all(handover, inherited, &why);

	if (result < 0)
		return err_set(err, result, "cannot take over at '%s': %s", quote(path).text,
		               why.text);
	return 0;
}

void handover_confirm(struct handover *handover)
{
	struct note note = make_note(WORD_SERVING);

	if (handover->predecessor >= 0 && send_note(handover->predecessor, &note, NULL, 0) < 0)
		socket_close(&handover->predecessor); /* has gone already: so much the better */
	socket_close(&handover->predecessor);
}

/* --- the predecessor --- */

static int send_sockets(int fd, const struct handed *sockets, size_t count)
{
	struct note note = make_note(WORD_SOCKETS);
	int descriptors[LOCAL_DESCRIPTORS_MAX];

	for (size_t i = 0; i < count; i++) {
		(void)snprintf(note.kinds[i], sizeof(note.kinds[i]), "%s", sockets[i].kind);
		descriptors[i] = sockets[i].fd;
	}
	return send_note(fd, &note, descriptors, count);
}

static int send_all(int fd, int door, const struct handed *sockets, size_t count)
{
	struct note note = make_note(WORD_DOOR);
	int result = 0;

	for (size_t sent = 0; sent < count && result == 0; sent += LOCAL_DESCRIPTORS_MAX)
		result = send_sockets(fd, sockets + sent,
		                      size_min(count - sent, LOCAL_DESCRIPTORS_MAX));
	return result < 0 ? result : send_note(fd, &note, &door, 1);
}

int handover_watch(struct handover *handover, struct loop *loop)
{
	return handover->door.fd >= 0 ? loop_watch(loop, &handover->door, LOOP_READ) : 0;
}

void handover_leave(struct handover *handover, struct loop *loop)
{
	if (handover->heir.fd >= 0)
		loop_unwatch(loop, &handover->heir);
	if (handover->door.fd >= 0) /* an heir may hold it, so that closing ends nothing */
		loop_unwatch(loop, &handover->door);
	handover->patience = MONO_NEVER;
	handover_done(handover);
}

static void forget_heir(struct handover *handover, struct loop *loop)
{
	loop_unwatch(loop, &handover->heir);
	socket_close(&handover->heir.fd);
	handover->patience = MONO_NEVER;
	loop_rewatch(loop, &handover->door, LOOP_READ);
}

int handover_offer(struct handover *handover, struct loop *loop, const struct handed *sockets,
                   size_t count)
{
	int fd = local_accept(handover->door.fd);

	if (fd < 0)
		return fd == -EAGAIN ? 0 : fd;
	int result = check_user(fd);

	if (result == 0)
		result = send_all(fd, handover->door.fd, sockets, count);
	handover->heir.fd = fd;
	if (result == 0)
		result = loop_watch(loop, &handover->heir, LOOP_READ);
	if (result < 0) {
		socket_close(&handover->heir.fd);
		return result;
	}
	loop_rewatch(loop, &handover->door, 0); /* one at a time */
	handover->patience = mono_add(clock_mono(), HEIR_PATIENCE);
	return 0;
}

bool handover_is_done(struct handover *handover, struct loop *loop, int *heir)
{
	struct note note;
	struct local_message message = { .data = &note, .length = sizeof(note) };
	struct local_peer peer = { 0 };
	int result = local_receive(handover->heir.fd, &message);

	if (result == -EAGAIN)
		return false;
	if (result == 0)
		close_from(&message, 0);
	if (result < 0 || !is_note(&note, message.length) || note.word != WORD_SERVING) {
		forget_heir(handover, loop);
		return false;
	}
	*heir = local_peer(handover->heir.fd, &peer) < 0 ? 0 : peer.pid;
	handover_leave(handover, loop);
	return true;
}

void handover_expire(struct handover *handover, struct loop *loop, struct mono now)
{
	if (!mono_before(now, handover->patience))
		forget_heir(handover, loop);
}
