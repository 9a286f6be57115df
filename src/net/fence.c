/* SPDX-License-Identifier: MIT */
#include "net/fence.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What came after the headers of the oldest system that this is built on. */
enum {
	TRUNCATE = 1 << 14,
	IOCTL_OF_DEVICES = 1 << 15,
	BIND_TCP = 1 << 0,
	CONNECT_TCP = 1 << 1,
	ABSTRACT_SOCKETS = 1 << 0,
	SIGNALS = 1 << 1,
	TCP_SINCE = 4,
	SCOPES_SINCE = 6,
};

/* struct landlock_ruleset_attr as it has grown: an older kernel takes it where the rest is 0. */
struct ruleset {
	uint64_t files, ports, scopes;
};

static uint64_t known_accesses(int version)
{
	static const struct {
		int since;
		uint64_t accesses;
	} steps[] = {
		{ 1, (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 }, /* all until then */
		{ 2, LANDLOCK_ACCESS_FS_REFER },
		{ 3, TRUNCATE },
		{ 5, IOCTL_OF_DEVICES },
	};
	uint64_t accesses = 0;

	for (size_t i = 0; i < COUNT(steps); i++)
		if (version >= steps[i].since)
			accesses |= steps[i].accesses;
	return accesses;
}

static struct ruleset ruleset_of(const struct fence *fence, int version)
{
	struct ruleset set = { .files = known_accesses(version) };

	if (version >= TCP_SINCE)
		set.ports = BIND_TCP | (fence->may_connect ? 0 : CONNECT_TCP);
	if (version >= SCOPES_SINCE)
		set.scopes = SIGNALS | ABSTRACT_SOCKETS;
	return set;
}

static int add_rule(int ruleset, int fd, uint64_t accesses)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = accesses,
		                                   .parent_fd = fd };

	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0
	               ? -errno
	               : 0;
}

static int allow_below(int ruleset, const char *path, uint64_t accesses)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	int result = add_rule(ruleset, fd, accesses);

	(void)close(fd);
	return result;
}

static int allow_reading(int ruleset, const char *path)
{
	struct stat status;
	uint64_t accesses = LANDLOCK_ACCESS_FS_READ_FILE;

	if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
		accesses |= LANDLOCK_ACCESS_FS_READ_DIR;
	return allow_below(ruleset, path, accesses);
}

static int allow(const struct fence *fence, int ruleset)
{
	int result = 0;

	for (const char *const *path = fence->readable; path && *path && result == 0; path++)
		result = allow_reading(ruleset, *path);
	if (result == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		result = -errno;
	return result;
}

int fence_put_up(const struct fence *fence)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (version < 0)
		return -errno;
	struct ruleset set = ruleset_of(fence, (int)version);
	long ruleset = syscall(SYS_landlock_create_ruleset, &set, sizeof(set), 0);

	if (ruleset < 0)
		return -errno;
	int result = allow(fence, (int)ruleset);

	(void)close((int)ruleset);
	return result < 0 ? result : (int)version;
}
