/* SPDX-License-Identifier: MIT */
#include "net/local.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { QUEUE = 8, FOR_ITS_USER = 0600 };

/* Room for the descriptors of a message, and for nothing else. */
union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(LOCAL_DESCRIPTORS_MAX * sizeof(int))];
};

/* Length of the address; -ENAMETOOLONG. */
static int make_address(const char *path, struct sockaddr_un *out)
{
	size_t length = strlen(path);
	bool abstract = path[0] == '@';

	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (length == 0)
		return -EINVAL;
	if (length >= sizeof(out->sun_path))
		return -ENAMETOOLONG;
	memcpy(out->sun_path, path, length);
	if (abstract)
		out->sun_path[0] = '\0';
	/* The NUL ends a path, but would be a part of an abstract name. */
	return (int)(offsetof(struct sockaddr_un, sun_path) + length + (abstract ? 0 : 1));
}

static int wait_at_most(int fd, int64_t patience)
{
	struct timeval span = {
		.tv_sec = patience / NS_PER_SEC,
		.tv_usec = patience % NS_PER_SEC / NS_PER_US,
	};

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &span, sizeof(span)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &span, sizeof(span)) < 0)
		return -errno;
	return 0;
}

int local_connect(const char *path, int type, int64_t patience)
{
	struct sockaddr_un address;
	int length = make_address(path, &address);

	if (length < 0)
		return length;
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | (patience > 0 ? 0 : SOCK_NONBLOCK), 0);

	if (fd < 0)
		return -errno;
	int result = patience > 0 ? wait_at_most(fd, patience) : 0;

	if (result == 0 && connect(fd, (struct sockaddr *)&address, (socklen_t)length) < 0)
		result = -errno;
	if (result < 0)
		(void)close(fd);
	return result < 0 ? result : fd;
}

/* Removes a socket at which nobody listens; -EADDRINUSE when it is something else, or alive. */
static int clear(const char *path)
{
	struct stat found;
	int fd;

	if (path[0] == '@' || lstat(path, &found) < 0)
		return 0;
	if (!S_ISSOCK(found.st_mode))
		return -EADDRINUSE;
	fd = local_connect(path, SOCK_SEQPACKET, 0);
	if (fd >= 0)
		(void)close(fd);
	if (fd != -ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(path) < 0 ? -errno : 0;
}

static int bind_and_listen(int fd, const struct sockaddr_un *address, socklen_t length)
{
	/* The mode of a socket that is bound later is that of its file. */
	if (fchmod(fd, FOR_ITS_USER) < 0 ||
	    bind(fd, (const struct sockaddr *)address, length) < 0 || listen(fd, QUEUE) < 0)
		return -errno;
	return 0;
}

int local_listen(const char *path)
{
	struct sockaddr_un address;
	int length = make_address(path, &address);
	int result = length < 0 ? length : clear(path);

	if (result < 0)
		return result;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	result = bind_and_listen(fd, &address, (socklen_t)length);
	if (result < 0)
		(void)close(fd);
	return result < 0 ? result : fd;
}

int local_accept(int fd)
{
	int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	return peer < 0 ? -errno : peer;
}

int local_peer(int fd, struct local_peer *out)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
		return -errno;
	*out = (struct local_peer){ .uid = peer.uid, .pid = peer.pid };
	return 0;
}

int local_send(int fd, const struct local_message *message)
{
	size_t bytes = message->descriptor_count * sizeof(int);
	struct iovec iov = { message->data, message->length };
	union control control = { 0 };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (bytes > 0) {
		control.header = (struct cmsghdr){
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(bytes),
		};
		memcpy(CMSG_DATA(&control.header), message->descriptors, bytes);
		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(bytes);
	}
	return sendmsg(fd, &header, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void take_descriptors(struct msghdr *header, struct local_message *out)
{
	out->descriptor_count = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t bytes = c->cmsg_len - CMSG_LEN(0);

		memcpy(out->descriptors, CMSG_DATA(c), bytes);
		out->descriptor_count = bytes / sizeof(int);
	}
}

static void close_descriptors(struct local_message *message)
{
	for (size_t i = 0; i < message->descriptor_count; i++)
		(void)close(message->descriptors[i]);
	message->descriptor_count = 0;
}

int local_receive(int fd, struct local_message *message)
{
	struct iovec iov = { message->data, message->length };
	union control control;
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t got = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);

	if (got < 0)
		return -errno;
	take_descriptors(&header, message);
	message->length = (size_t)got;
	if (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		close_descriptors(message);
		return -EBADMSG;
	}
	return got == 0 ? -ENOTCONN : 0;
}
