/* SPDX-License-Identifier: MIT */
#include "net/privileges.h"

#include <errno.h>
#include <sys/capability.h>
#include <sys/prctl.h>

enum { NONE = -1 };

/* Without CAP_SETPCAP the bounding set stays as it is; after no_new_privs it bounds nothing any more. */
static void drop_bounds(cap_value_t kept)
{
	for (cap_value_t each = 0; cap_get_bound(each) >= 0; each++)
		if (each != kept)
			(void)cap_drop_bound(each);
}

static bool is_held(cap_t held, cap_value_t which)
{
	cap_flag_value_t value = CAP_CLEAR;

	return cap_get_flag(held, which, CAP_PERMITTED, &value) == 0 && value == CAP_SET;
}

/* What is not inheritable is not ambient either. */
static int keep_only(cap_t wanted, cap_value_t kept)
{
	if (kept != NONE && (cap_set_flag(wanted, CAP_PERMITTED, 1, &kept, CAP_SET) < 0 ||
	                     cap_set_flag(wanted, CAP_EFFECTIVE, 1, &kept, CAP_SET) < 0))
		return -errno;
	return cap_set_proc(wanted) < 0 ? -errno : kept != NONE;
}

static int drop(cap_t held, cap_t wanted, bool keep_raw)
{
	cap_value_t kept = keep_raw && is_held(held, CAP_NET_RAW) ? CAP_NET_RAW : NONE;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) < 0)
		return -errno;
	drop_bounds(kept);
	return keep_only(wanted, kept);
}

int privileges_drop(bool keep_raw)
{
	cap_t held = cap_get_proc();
	cap_t wanted = cap_init();
	int result = held && wanted ? drop(held, wanted, keep_raw) : -ENOMEM;

	(void)cap_free(held);
	(void)cap_free(wanted);
	return result;
}
