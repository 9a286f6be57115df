/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "unit.h"
#include "wire/mac.h"

static struct mac *mac_of(const void *key, size_t length)
{
	struct mac *mac = NULL;
	struct err err = { 0 };

	assert_int_equal(mac_new(&mac, key, length, &err), 0);
	assert_string_equal(err.text, "");
	return mac;
}

struct vector {
	const char *key;
	size_t key_length;
	const char *data;
	size_t length;
	const char *mac; /* the first 16 octets */
};

#define TIMES_20(octet)                                                                     \
	octet octet octet octet octet octet octet octet octet octet octet octet octet octet \
		octet octet octet octet octet octet
#define TIMES_131(octet) \
	TIMES_20(octet)  \
	TIMES_20(octet)  \
	TIMES_20(octet)  \
	TIMES_20(octet)  \
	TIMES_20(octet)  \
	TIMES_20(octet) octet octet octet octet octet octet octet octet octet octet octet
#define TEXT(text) (text), sizeof(text) - 1

/* RFC 4231, section 4; its fifth case is the one that is truncated there, too. */
static const struct vector vectors[] = {
	{ TEXT(TIMES_20("\x0b")), TEXT("Hi There"),
	  "\xb0\x34\x4c\x61\xd8\xdb\x38\x53\x5c\xa8\xaf\xce\xaf\x0b\xf1\x2b" },
	{ TEXT("Jefe"), TEXT("what do ya want for nothing?"),
	  "\x5b\xdc\xc1\x46\xbf\x60\x75\x4e\x6a\x04\x24\x26\x08\x95\x75\xc7" },
	{ TEXT(TIMES_20("\xaa")),
	  TEXT(TIMES_20("\xdd") TIMES_20("\xdd") "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"),
	  "\x77\x3e\xa9\x1e\x36\x80\x0e\x46\x85\x4d\xb8\xeb\xd0\x91\x81\xa7" },
	{ TEXT("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13"
	       "\x14\x15\x16\x17\x18\x19"),
	  TEXT(TIMES_20("\xcd") TIMES_20("\xcd") "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"),
	  "\x82\x55\x8a\x38\x9a\x44\x3c\x0e\xa4\xcc\x81\x98\x99\xf2\x08\x3a" },
	{ TEXT(TIMES_20("\x0c")), TEXT("Test With Truncation"),
	  "\xa3\xb6\x16\x74\x73\x10\x0e\xe0\x6e\x0c\x79\x6c\x29\x55\x55\x2b" },
	{ TEXT(TIMES_131("\xaa")),
	  TEXT("Test Using Larger Than Block-Size Key - Hash Key First"),
	  "\x60\xe4\x31\x59\x1e\xe0\xb6\x7f\x0d\x8a\x26\xaa\xcb\xf5\xb7\x7f" },
	{ TEXT(TIMES_131("\xaa")),
	  TEXT("This is a test using a larger than block-size key and a larger than block-size "
	       "data. The key needs to be hashed before being used by the HMAC algorithm."),
	  "\x9b\x09\xff\xa7\x1b\x94\x2f\xcb\x27\x63\x5f\xbc\xd5\xb0\xe9\x44" },
};

TEST(the_vectors_of_rfc_4231_come_out_truncated)
{
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct mac *mac = mac_of(vectors[i].key, vectors[i].key_length);
		uint8_t out[MAC_BYTES + 1] = { [MAC_BYTES] = 42 };

		assert_int_equal(mac_sign(mac, vectors[i].data, vectors[i].length, out), 0);
		assert_memory_equal(out, vectors[i].mac, MAC_BYTES);
		assert_int_equal(out[MAC_BYTES], 42);
		assert_true(mac_matches(mac, vectors[i].data, vectors[i].length, out));
		mac_free(mac);
	}
}

TEST(one_key_serves_any_number_of_packets)
{
	struct mac *mac = mac_of("Jefe", 4);
	uint8_t out[MAC_BYTES];

	for (int i = 0; i < 1000; i++) {
		assert_int_equal(mac_sign(mac, &i, sizeof(i), out), 0);
		assert_int_equal(mac_sign(mac, vectors[1].data, vectors[1].length, out), 0);
		assert_memory_equal(out, vectors[1].mac, MAC_BYTES);
	}
	mac_free(mac);
}

TEST(parts_are_as_good_as_the_whole_wherever_it_is_cut)
{
	struct mac *mac = mac_of("Jefe", 4);
	const char *data = vectors[1].data;
	size_t length = vectors[1].length;

	for (size_t cut = 0; cut <= length; cut++) {
		struct mac_part parts[] = { { data, cut }, { data + cut, length - cut } };
		uint8_t out[MAC_BYTES];

		assert_int_equal(mac_sign_parts(mac, parts, COUNT(parts), out), 0);
		assert_memory_equal(out, vectors[1].mac, MAC_BYTES);
		assert_true(mac_matches_parts(mac, parts, COUNT(parts), out));
		out[cut % MAC_BYTES] ^= 1;
		assert_false(mac_matches_parts(mac, parts, COUNT(parts), out));
	}
	mac_free(mac);
}

TEST(every_flipped_bit_of_data_or_mac_is_seen)
{
	struct mac *mac = mac_of("secret", 6);
	uint8_t data[96], out[MAC_BYTES];
	struct random random;

	random_seed(&random, 3);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)random_next(&random);
	assert_int_equal(mac_sign(mac, data, sizeof(data), out), 0);
	for (size_t bit = 0; bit < sizeof(data) * 8; bit++) {
		data[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_false(mac_matches(mac, data, sizeof(data), out));
		data[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	for (size_t bit = 0; bit < sizeof(out) * 8; bit++) {
		out[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_false(mac_matches(mac, data, sizeof(data), out));
		out[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	assert_true(mac_matches(mac, data, sizeof(data), out));
	mac_free(mac);
}

TEST(another_key_matches_nothing_and_disturbs_nobody)
{
	struct mac *one = mac_of("one", 3), *other = mac_of("other", 5);
	uint8_t a[MAC_BYTES], b[MAC_BYTES];

	assert_int_equal(mac_sign(one, "data", 4, a), 0);
	assert_int_equal(mac_sign(other, "data", 4, b), 0);
	assert_true(mac_matches(one, "data", 4, a));
	assert_false(mac_matches(other, "data", 4, a));
	assert_false(mac_matches(one, "data", 4, b));
	mac_free(other);
	assert_true(mac_matches(one, "data", 4, a));
	mac_free(one);
}

TEST(the_key_may_be_forgotten_once_it_was_given)
{
	char *key = strdup("Jefe");
	struct mac *mac = mac_of(key, 4);
	uint8_t out[MAC_BYTES];

	explicit_bzero(key, 4);
	free(key);
	assert_int_equal(mac_sign(mac, vectors[1].data, vectors[1].length, out), 0);
	assert_memory_equal(out, vectors[1].mac, MAC_BYTES);
	mac_free(mac);
}

TEST(an_empty_key_is_refused)
{
	struct mac *mac = NULL;
	struct err err = { 0 };

	assert_int_equal(mac_new(&mac, "", 0, &err), -EINVAL);
	assert_string_equal(err.text, "a key cannot be empty");
	assert_null(mac);
	mac_free(mac);
}

TEST(without_libcrypto_the_reason_names_it)
{
	struct mac *mac = NULL;
	struct err err = { 0 };

	assert_int_equal(mac_new_by(&mac, "libcrypto.so.none", "key", 3, &err), -ENOENT);
	assert_string_equal(
		err.text,
		"cannot load 'libcrypto.so.none', which a key needs (install libssl3)");
	assert_int_equal(mac_new_by(&mac, "libm.so.6", "key", 3, &err), -ELIBACC);
	assert_string_equal(err.text,
	                    "'libm.so.6' has no 'CRYPTO_memcmp' (libcrypto 3 is needed)");
	assert_null(mac);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_rfc_4231_come_out_truncated),
		cmocka_unit_test(one_key_serves_any_number_of_packets),
		cmocka_unit_test(parts_are_as_good_as_the_whole_wherever_it_is_cut),
		cmocka_unit_test(every_flipped_bit_of_data_or_mac_is_seen),
		cmocka_unit_test(another_key_matches_nothing_and_disturbs_nobody),
		cmocka_unit_test(the_key_may_be_forgotten_once_it_was_given),
		cmocka_unit_test(an_empty_key_is_refused),
		cmocka_unit_test(without_libcrypto_the_reason_names_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
