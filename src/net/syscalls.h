/* SPDX-License-Identifier: MIT */
/* syscalls -- which system calls the process may still make: a seccomp filter, seccomp(2).
 *
 * A list of what is allowed, and some of it only with harmless arguments: files may be opened to be
 * read, memory is never executable, sockets are those of TCP, UDP, ICMP and of this host.  Whatever else
 * is tried fails with EPERM: a server that was asked for something it cannot do goes on serving,
 * and whoever has taken it over gets nothing. */
#pragma once

#include "base/base.h"

/* What is allowed beyond what all may do that receive and send. */
enum syscalls_more {
	SYSCALLS_THREADS = 1 << 0,  /* to start them */
	SYSCALLS_CHILDREN = 1 << 1, /* to fork and to wait for them; never to start a program */
	SYSCALLS_MODULES = 1 << 2,  /* to load shared objects */
	SYSCALLS_RAW_ICMP = 1 << 3, /* raw sockets for ICMP */
};

/* Restricts all threads of the process and all that they start, for good; no_new_privs must be set.
 * `more` has bits of enum syscalls_more.  Negative errno when nothing is in force. */
MUST_CHECK int syscalls_restrict(unsigned more);
