/* SPDX-License-Identifier: MIT */
/* Whom the relay may ask: an address, then the text of a block that is allowed.  However the address
 * is written it is judged alike, what it carries opens nothing, and a block opens what it holds. */
#include <errno.h>

#include "fuzz/fuzz.h"
#include "relay/policy.h"

enum { ADDRESS_BYTES = 16 };

static struct address v4_of(const uint8_t *bytes)
{
	struct address address = { .v4 = { .sin_family = AF_INET } };

	memcpy(&address.v4.sin_addr, bytes, sizeof(address.v4.sin_addr));
	return address;
}

static struct address v6_of(const uint8_t *bytes)
{
	struct address address = { .v6 = { .sin6_family = AF_INET6 } };

	memcpy(&address.v6.sin6_addr, bytes, sizeof(address.v6.sin6_addr));
	return address;
}

/* The IPv4 address behind so many bytes of prefix. */
static struct address carried_by(const uint8_t *prefix, size_t length, const uint8_t *inner)
{
	uint8_t bytes[ADDRESS_BYTES] = { 0 };

	memcpy(bytes, prefix, length);
	memcpy(bytes + length, inner, sizeof(struct in_addr));
	return v6_of(bytes);
}

static void check_carriers(const struct policy *policy, const uint8_t *inner)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
	static const uint8_t sixtofour[2] = { 0x20, 0x02 };
	struct address plain = v4_of(inner);
	struct address same = carried_by(mapped, sizeof(mapped), inner);
	struct address through = carried_by(nat64, sizeof(nat64), inner);
	struct address over = carried_by(sixtofour, sizeof(sixtofour), inner);
	const char *what = policy_refusal(policy, &plain);

	must(policy_refusal(policy, &same) == what);
	must(!what || (policy_refusal(policy, &through) && policy_refusal(policy, &over)));
}

static void check_unwrapped(const struct policy *policy, const struct address *address)
{
	struct address plain = policy_unwrap(address), again = policy_unwrap(&plain);

	must(address_same_host(&plain, &again) && address_port(&plain) == address_port(&again));
	must(policy_refusal(policy, address) == policy_refusal(policy, &plain));
}

static void check_block(const char *text, const struct address *address)
{
	struct policy none = { 0 }, one = { 0 };
	struct err err = { 0 };
	int result = policy_allow(&one, text, &err);

	if (result < 0) {
		must(result == -EINVAL && one.allowed_count == 0);
		must_be_a_sentence(&err);
		return;
	}
	must(one.allowed_count == 1 && one.allowed[0].bits <= 128);
	must(one.allowed[0].family == AF_INET6 || one.allowed[0].bits <= 32);
	must(policy_refusal(&none, address) || !policy_refusal(&one, address));
	check_unwrapped(&one, address);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy none = { 0 };

	if (size < ADDRESS_BYTES)
		return 0;
	struct address v4 = v4_of(data), v6 = v6_of(data);
	char *text = string_of(data + ADDRESS_BYTES, size - ADDRESS_BYTES);

	check_carriers(&none, data);
	check_unwrapped(&none, &v4);
	check_unwrapped(&none, &v6);
	check_block(text, &v4);
	check_block(text, &v6);
	free(text);
	return 0;
}
