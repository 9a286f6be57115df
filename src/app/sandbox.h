/* SPDX-License-Identifier: MIT */
/* sandbox -- what the server gives up once everything is open: whoever takes it over gets little.
 *
 *   capabilities, no_new_privs   net/privileges
 *   files, TCP ports, processes  net/fence       Landlock; where the kernel has it
 *   system calls                 net/syscalls    seccomp; where the kernel has it
 *
 * SECURITY.md says what is left.
 */
#pragma once

#include "base/err.h"

struct sandbox_needs {
	bool relay;                  /* asks targets, by ICMP and TCP, too */
	const char *const *readable; /* files and directories to be read later: struct fence */
};

/* What is in force: 0 nothing, else as below; negative: why it is not. */
struct sandbox {
	bool raw_icmp; /* CAP_NET_RAW has been kept */
	int fence;     /* the version of Landlock */
	int syscalls;  /* 1 */
};

/* Enters it, for good and for every thread to come: there is one yet.  What the kernel lacks is no
 * failure, and is said by sandbox_lacks(). */
MUST_CHECK int sandbox_enter(const struct sandbox_needs *needs, struct sandbox *out,
                             struct err *err);

struct sandbox_text {
	char text[400];
};

/* Names what is missing; "" when nothing is. */
struct sandbox_text sandbox_lacks(const struct sandbox *sandbox);

/* Says what is in force. */
struct sandbox_text sandbox_text(const struct sandbox *sandbox);
