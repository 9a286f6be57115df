/* SPDX-License-Identifier: MIT */
/* confine -- the process that looks up names, and its children, reduced to what that takes.
 *
 * What it hears comes from name servers, and what it runs are modules that the host has chosen: it
 * reads the files that these read, talks to servers of names, and can do nothing else. */
#pragma once

#include "base/base.h"

/* For the helper process alone, before its first child.  What the kernel lacks is missing; negative errno
 * when capabilities could not be given up. */
MUST_CHECK int confine_resolver(void);
