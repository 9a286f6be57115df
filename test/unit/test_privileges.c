/* SPDX-License-Identifier: MIT */
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "confined.h"
#include "net/privileges.h"

static int drop(const void *keep_raw)
{
	return privileges_drop(*(const bool *)keep_raw);
}

static uint64_t permitted(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	return syscall(SYS_capget, &head, data) < 0
	               ? UINT64_MAX
	               : data[0].permitted | (uint64_t)data[1].permitted << 32;
}

static int expect(bool held)
{
	errno = EBADMSG;
	return held ? 0 : -1;
}

static int has_nothing(const void *context)
{
	(void)context;
	return expect(permitted() == 0);
}

static int has_raw_alone(const void *context)
{
	(void)context;
	return expect(permitted() == 1U << CAP_NET_RAW);
}

static int gains_nothing(const void *context)
{
	(void)context;
	return expect(prctl(PR_GET_NO_NEW_PRIVS, 0UL, 0UL, 0UL, 0UL) == 1);
}

static int bounds_are_gone(const void *context)
{
	(void)context;
	return expect(prctl(PR_CAPBSET_READ, (unsigned long)CAP_SYS_ADMIN, 0UL, 0UL, 0UL) == 0);
}

static int opens_raw(const void *context)
{
	(void)context;
	return socket(AF_INET, SOCK_RAW, 1);
}

TEST(all_is_given_up_for_good)
{
	const bool keep = false;

	assert_int_equal(confined_attempt(drop, &keep, has_nothing), 0);
	assert_int_equal(confined_attempt(drop, &keep, gains_nothing), 0);
	assert_int_equal(confined_attempt(drop, &keep, opens_raw), EPERM);
}

TEST(raw_sockets_are_kept_where_they_were_held)
{
	const bool keep = true;

	if (geteuid() != 0)
		skip(); /* holds nothing */
	assert_int_equal(confined_attempt(drop, &keep, has_raw_alone), 0);
	assert_int_equal(confined_attempt(drop, &keep, opens_raw), 0);
	assert_int_equal(confined_attempt(drop, &keep, bounds_are_gone), 0);
}

static int drop_twice(const void *context)
{
	(void)context;
	return privileges_drop(false) < 0 ? -EIO : privileges_drop(true);
}

static int drops_to_nothing(const void *context)
{
	(void)context;
	return expect(privileges_drop(true) == 0);
}

TEST(what_is_not_held_is_not_kept)
{
	const bool keep = false;

	assert_int_equal(confined_attempt(drop_twice, NULL, has_nothing), 0);
	assert_int_equal(confined_attempt(drop, &keep, drops_to_nothing), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_given_up_for_good),
		cmocka_unit_test(raw_sockets_are_kept_where_they_were_held),
		cmocka_unit_test(what_is_not_held_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
