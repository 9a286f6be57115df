/* SPDX-License-Identifier: MIT */
/* faults -- a server whose allocations fail when they are told to, and whose sockets take and give no
 * more at a time than they are told to.
 *
 * Who starts it maps the file that SOUNDER_FAULTS names, as this does, and may change its mind at any
 * time.  The counts that are short are true: what is said to be sent has been sent.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"

/* test/system/faults.py has the same. */
struct faults {
	_Atomic uint64_t calls;      /* of the allocator, until now */
	_Atomic uint64_t first, end; /* of those that fail, counted from 1; the end does not */
	_Atomic uint64_t most_bytes; /* that a stream takes or gives in one call; 0 = any */
	_Atomic uint64_t most_datagrams;
};

/* The linker (--wrap) sends all calls of send() to __wrap_send(), and those of __real_send() to the
 * library. */
void *real_malloc(size_t size) __asm__("__real_malloc");
void *real_calloc(size_t count, size_t size) __asm__("__real_calloc");
void *real_realloc(void *block, size_t size) __asm__("__real_realloc");
void *real_reallocarray(void *block, size_t count, size_t size) __asm__("__real_reallocarray");
ssize_t real_send(int fd, const void *data, size_t length, int flags) __asm__("__real_send");
ssize_t real_recv(int fd, void *data, size_t room, int flags) __asm__("__real_recv");
int real_sendmmsg(int fd, struct mmsghdr *messages, unsigned count,
                  int flags) __asm__("__real_sendmmsg");
int real_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                  struct timespec *patience) __asm__("__real_recvmmsg");

void *faulty_malloc(size_t size) __asm__("__wrap_malloc");
void *faulty_calloc(size_t count, size_t size) __asm__("__wrap_calloc");
void *faulty_realloc(void *block, size_t size) __asm__("__wrap_realloc");
void *faulty_reallocarray(void *block, size_t count,
                          size_t size) __asm__("__wrap_reallocarray");
ssize_t faulty_send(int fd, const void *data, size_t length, int flags) __asm__("__wrap_send");
ssize_t faulty_recv(int fd, void *data, size_t room, int flags) __asm__("__wrap_recv");
int faulty_sendmmsg(int fd, struct mmsghdr *messages, unsigned count,
                    int flags) __asm__("__wrap_sendmmsg");
int faulty_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *patience) __asm__("__wrap_recvmmsg");

static struct faults *map(const char *name)
{
	int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
	void *mapped = MAP_FAILED;

	if (fd >= 0) {
		mapped = mmap(NULL, sizeof(struct faults), PROT_READ | PROT_WRITE, MAP_SHARED,
		              fd, 0);
		(void)close(fd);
	}
	if (mapped == MAP_FAILED)
		abort(); /* a test that thinks it makes something fail must not pass */
	return mapped;
}

/* The one there is. */
static struct faults **place(void)
{
	static struct faults none;
	static struct faults *faults = &none;

	return &faults;
}

/* Before main(), and so before any thread. */
__attribute__((constructor)) static void begin(int count, char **arguments, char **environment)
{
	static const char variable[] = "SOUNDER_FAULTS=";
	const char *name = NULL;

	(void)count;
	(void)arguments;
	for (; *environment; environment++)
		if (strncmp(*environment, variable, sizeof(variable) - 1) == 0)
			name = *environment + sizeof(variable) - 1;
	*place() = map(name);
}

static bool is_refused(void)
{
	struct faults *faults = *place();
	uint64_t number = atomic_fetch_add(&faults->calls, 1) + 1;

	return number >= faults->first && number < faults->end;
}

void *faulty_malloc(size_t size)
{
	return is_refused() ? NULL : real_malloc(size);
}

void *faulty_calloc(size_t count, size_t size)
{
	return is_refused() ? NULL : real_calloc(count, size);
}

void *faulty_realloc(void *block, size_t size)
{
	return is_refused() ? NULL : real_realloc(block, size);
}

void *faulty_reallocarray(void *block, size_t count, size_t size)
{
	return is_refused() ? NULL : real_reallocarray(block, count, size);
}

/* Messages are not to be cut. */
static size_t cut(int fd, size_t length)
{
	uint64_t most = (*place())->most_bytes;
	int type = 0;
	socklen_t size = sizeof(type);

	if (most == 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 ||
	    type != SOCK_STREAM)
		return length;
	return size_min(length, (size_t)most);
}

static unsigned cut_batch(unsigned count)
{
	uint64_t most = (*place())->most_datagrams;

	return most == 0 || count < most ? count : (unsigned)most;
}

ssize_t faulty_send(int fd, const void *data, size_t length, int flags)
{
	return real_send(fd, data, cut(fd, length), flags);
}

ssize_t faulty_recv(int fd, void *data, size_t room, int flags)
{
	return real_recv(fd, data, cut(fd, room), flags);
}

int faulty_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	return real_sendmmsg(fd, messages, cut_batch(count), flags);
}

int faulty_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *patience)
{
	return real_recvmmsg(fd, messages, cut_batch(count), flags, patience);
}
