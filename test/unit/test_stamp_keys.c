/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "service/stamp_keys.h"
#include "unit.h"

static const uint8_t bytes[] = "0123456789abcdef0123456789abcdef";

static struct stamp_keys *keys_of(const struct stamp_secret *secrets, size_t count)
{
	struct stamp_keys *keys = NULL;

	assert_int_equal(stamp_keys_new(&keys, secrets, count, NULL), 0);
	return keys;
}

static bool is_of(struct mac *mac, const struct stamp_secret *secret)
{
	uint8_t signature[MAC_BYTES];
	struct mac *own = NULL;

	assert_int_equal(mac_new(&own, secret->bytes, secret->length, NULL), 0);
	assert_int_equal(mac_sign(own, "text", 4, signature), 0);
	mac_free(own);
	return mac && mac_matches(mac, "text", 4, signature);
}

TEST(each_ssid_has_its_own_key_and_the_rest_that_of_all_others)
{
	const struct stamp_secret secrets[] = {
		{ 500, 10, bytes },
		{ 3, 11, bytes },
		{ 0, 12, bytes },
		{ 65535, 13, bytes },
	};
	struct stamp_keys *keys = keys_of(secrets, COUNT(secrets));

	for (size_t i = 0; i < COUNT(secrets); i++) {
		assert_true(is_of(stamp_keys_find(keys, secrets[i].ssid), &secrets[i]));
		assert_int_equal(stamp_keys_has(keys, secrets[i].ssid), secrets[i].ssid != 0);
	}
	for (unsigned ssid = 4; ssid < 500; ssid++) {
		assert_true(stamp_keys_find(keys, (uint16_t)ssid) == stamp_keys_find(keys, 0));
		assert_false(stamp_keys_has(keys, (uint16_t)ssid));
	}
	stamp_keys_free(keys);
}

TEST(without_a_key_of_all_others_they_have_none)
{
	const struct stamp_secret secret = { 17, 10, bytes };
	struct stamp_keys *keys = keys_of(&secret, 1);

	assert_null(stamp_keys_find(keys, 0));
	assert_null(stamp_keys_find(keys, 16));
	assert_null(stamp_keys_find(keys, 18));
	stamp_keys_free(keys);
}

TEST(a_key_that_cannot_be_is_refused_with_its_reason)
{
	const struct stamp_secret secrets[] = { { 17, 10, bytes }, { 18, 0, bytes } };
	struct stamp_keys *keys = NULL;
	struct err err = { 0 };

	assert_int_equal(stamp_keys_new(&keys, secrets, 2, &err), -EINVAL);
	assert_true(err.text[0] != '\0');
	assert_null(keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_ssid_has_its_own_key_and_the_rest_that_of_all_others),
		cmocka_unit_test(without_a_key_of_all_others_they_have_none),
		cmocka_unit_test(a_key_that_cannot_be_is_refused_with_its_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
