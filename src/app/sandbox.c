/* SPDX-License-Identifier: MIT */
#include "app/sandbox.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "net/fence.h"
#include "net/privileges.h"
#include "net/socket.h"
#include "net/syscalls.h"

/* Where ping sockets are for everybody, ICMP needs no capability. */
static bool may_ping_unprivileged(void)
{
	int fd = socket_open(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	bool may = fd >= 0;

	socket_close(&fd);
	return may;
}

static int put_up_fence(const struct sandbox_needs *needs)
{
	const struct fence fence = {
		.readable = needs->readable,
		.may_connect = needs->relay,
	};

	return fence_put_up(&fence);
}

static int restrict_syscalls(bool raw_icmp)
{
	int result = syscalls_restrict(SYSCALLS_THREADS | (raw_icmp ? SYSCALLS_RAW_ICMP : 0U));

	return result == 0 ? 1 : result;
}

int sandbox_enter(const struct sandbox_needs *needs, struct sandbox *out, struct err *err)
{
	int raw_icmp = privileges_drop(needs->relay && !may_ping_unprivileged());

	if (raw_icmp < 0)
		return err_set(err, raw_icmp,
		               "cannot give up capabilities: %s (see --no-sandbox)",
		               err_reason(raw_icmp).text);
	out->raw_icmp = raw_icmp;
	out->fence = put_up_fence(needs);
	out->syscalls = restrict_syscalls(raw_icmp);
	return 0;
}

struct sandbox_text sandbox_lacks(const struct sandbox *sandbox)
{
	struct sandbox_text out = { 0 };
	char fence[160] = "", syscalls[160] = "";

	if (sandbox->fence < 0)
		(void)snprintf(fence, sizeof(fence),
		               "no Landlock for files and TCP ports (%.90s)",
		               err_reason(sandbox->fence).text);
	if (sandbox->syscalls < 0)
		(void)snprintf(syscalls, sizeof(syscalls),
		               "no seccomp for system calls (%.90s)",
		               err_reason(sandbox->syscalls).text);
	(void)snprintf(out.text, sizeof(out.text), "%s%s%s", fence,
	               fence[0] && syscalls[0] ? ", " : "", syscalls);
	return out;
}

struct sandbox_text sandbox_text(const struct sandbox *sandbox)
{
	struct sandbox_text out = { 0 };
	char fence[64] = "no Landlock";

	if (sandbox->fence > 0)
		(void)snprintf(fence, sizeof(fence), "Landlock version %d", sandbox->fence);
	(void)snprintf(out.text, sizeof(out.text), "no capability%s, no new privileges, %s, %s",
	               sandbox->raw_icmp ? " but net_raw" : "", fence,
	               sandbox->syscalls > 0 ? "seccomp for system calls" : "no seccomp");
	return out;
}
