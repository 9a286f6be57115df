/* SPDX-License-Identifier: MIT */
/* privileges -- what the process may do beyond what its user may: its capabilities, given up for good.
 *
 * Whoever serves needs them to open its sockets, if at all.  They belong to a thread, not to a
 * process: give them up before there is a second one. */
#pragma once

#include "base/base.h"

/* Gives up all capabilities of the calling thread, those that a program started later could gain, too:
 * no_new_privs.  CAP_NET_RAW stays where it is to be kept and is held.  Returns whether it stayed, or a
 * negative errno. */
MUST_CHECK int privileges_drop(bool keep_raw);
