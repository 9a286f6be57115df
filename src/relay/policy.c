/* SPDX-License-Identifier: MIT */
#include "relay/policy.h"

#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "net/route.h"

enum { MAPPED_BITS = 96 };

/* IANA's special-purpose registries (RFC 6890 and what came after), narrow before wide: the first
 * that holds an address says what it is, and NULL is a place that is globally reachable. */
static const struct {
	struct block block;
	const char *what;
} registry[] = {
	{ { AF_INET, 8, { 0 } }, "an address of 'this network'" },
	{ { AF_INET, 8, { 10 } }, "a private address" },
	{ { AF_INET, 10, { 100, 64 } }, "an address shared by a carrier's customers" },
	{ { AF_INET, 8, { 127 } }, "a loopback address" },
	{ { AF_INET, 16, { 169, 254 } }, "a link-local address" },
	{ { AF_INET, 12, { 172, 16 } }, "a private address" },
	{ { AF_INET, 32, { 192, 0, 0, 9 } }, NULL },  /* port control, anycast */
	{ { AF_INET, 32, { 192, 0, 0, 10 } }, NULL }, /* TURN, anycast */
	{ { AF_INET, 24, { 192, 0, 0 } }, "an address of IETF protocols" },
	{ { AF_INET, 24, { 192, 0, 2 } }, "a documentation address" },
	{ { AF_INET, 24, { 192, 88, 99 } }, "a 6to4 relay" },
	{ { AF_INET, 16, { 192, 168 } }, "a private address" },
	{ { AF_INET, 15, { 198, 18 } }, "a benchmarking address" },
	{ { AF_INET, 24, { 198, 51, 100 } }, "a documentation address" },
	{ { AF_INET, 24, { 203, 0, 113 } }, "a documentation address" },
	{ { AF_INET, 4, { 224 } }, "a multicast address" },
	{ { AF_INET, 32, { 255, 255, 255, 255 } }, "the broadcast address" },
	{ { AF_INET, 4, { 240 } }, "a reserved address" },
	{ { AF_INET, 0, { 0 } }, NULL },

	{ { AF_INET6, 128, { 0 } }, "the unspecified address" },
	{ { AF_INET6, 128, { [15] = 1 } }, "a loopback address" },
	{ { AF_INET6, 96, { 0x00, 0x64, 0xff, 0x9b } }, NULL }, /* NAT64 */
	{ { AF_INET6, 48, { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 } }, "a local NAT64 address" },
	{ { AF_INET6, 64, { 0x01 } }, "a discard-only address" },
	{ { AF_INET6, 64, { 0x01, [7] = 1 } }, "a dummy address" },
	{ { AF_INET6, 32, { 0x20, 0x01, 0x00, 0x00 } }, "a Teredo address" },
	{ { AF_INET6, 128, { 0x20, 0x01, 0x00, 0x01, [15] = 1 } }, NULL }, /* port control */
	{ { AF_INET6, 128, { 0x20, 0x01, 0x00, 0x01, [15] = 2 } }, NULL }, /* TURN, anycast */
	{ { AF_INET6, 128, { 0x20, 0x01, 0x00, 0x01, [15] = 3 } }, NULL }, /* DNS-SD, anycast */
	{ { AF_INET6, 48, { 0x20, 0x01, 0x00, 0x02 } }, "a benchmarking address" },
	{ { AF_INET6, 32, { 0x20, 0x01, 0x00, 0x03 } }, NULL },             /* AMT */
	{ { AF_INET6, 48, { 0x20, 0x01, 0x00, 0x04, 0x01, 0x12 } }, NULL }, /* AS112 */
	{ { AF_INET6, 28, { 0x20, 0x01, 0x00, 0x20 } }, NULL },             /* ORCHIDv2 */
	{ { AF_INET6, 28, { 0x20, 0x01, 0x00, 0x30 } }, NULL },             /* drones */
	{ { AF_INET6, 23, { 0x20, 0x01 } }, "an address of IETF protocols" },
	{ { AF_INET6, 32, { 0x20, 0x01, 0x0d, 0xb8 } }, "a documentation address" },
	{ { AF_INET6, 20, { 0x3f, 0xff } }, "a documentation address" },
	{ { AF_INET6, 3, { 0x20 } }, NULL }, /* global unicast, 6to4 among it */
	{ { AF_INET6, 16, { 0x5f, 0x00 } }, "a segment routing address" },
	{ { AF_INET6, 7, { 0xfc } }, "a private address" },
	{ { AF_INET6, 10, { 0xfe, 0x80 } }, "a link-local address" },
	{ { AF_INET6, 8, { 0xff } }, "a multicast address" },
	{ { AF_INET6, 0, { 0 } }, "an address that is not globally reachable" },
};

/* Where an IPv6 address carries an IPv4 address; Teredo's client is written upside down. */
static const struct {
	struct block block;
	size_t at;
	uint32_t flipped;
} wrappings[] = {
	{ { AF_INET6, 96, { 0 } }, 12, 0 },
	{ { AF_INET6, 96, { 0x00, 0x64, 0xff, 0x9b } }, 12, 0 },
	{ { AF_INET6, 48, { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 } }, 12, 0 },
	{ { AF_INET6, 16, { 0x20, 0x02 } }, 2, 0 },
	{ { AF_INET6, 32, { 0x20, 0x01, 0x00, 0x00 } }, 4, 0 },
	{ { AF_INET6, 32, { 0x20, 0x01, 0x00, 0x00 } }, 12, UINT32_MAX },
};

static const uint8_t *bytes_of(const struct address *address)
{
	if (address_family(address) == AF_INET6)
		return address->v6.sin6_addr.s6_addr;
	return (const uint8_t *)&address->v4.sin_addr;
}

static bool holds(const struct block *block, const struct address *address)
{
	const uint8_t *bytes = bytes_of(address);
	size_t whole = block->bits / 8;
	unsigned rest = block->bits % 8;

	if (address_family(address) != block->family || memcmp(bytes, block->bytes, whole) != 0)
		return false;
	return rest == 0 || (bytes[whole] ^ block->bytes[whole]) >> (8 - rest) == 0;
}

static struct address v4_of(const uint8_t *bytes)
{
	struct address address = { .v4 = { .sin_family = AF_INET } };

	memcpy(&address.v4.sin_addr, bytes, sizeof(address.v4.sin_addr));
	return address;
}

static bool is_mapped(const struct address *address)
{
	return address_family(address) == AF_INET6 &&
	       IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr);
}

struct address policy_unwrap(const struct address *address)
{
	struct address plain = *address;

	if (is_mapped(address)) {
		plain = v4_of(bytes_of(address) + 12);
		plain.v4.sin_port = address->v6.sin6_port;
	} else if (address_family(address) == AF_INET6) {
		plain.v6.sin6_flowinfo = 0;
		if (!address_is_link_local(address) && !address_is_multicast(address))
			plain.v6.sin6_scope_id = 0;
	}
	return plain;
}

/* --- what was allowed --- */

static int read_block(const char *cidr, struct block *out)
{
	char literal[INET6_ADDRSTRLEN + 1] = { 0 };
	size_t length = strcspn(cidr, "/");
	struct address address;
	int64_t bits = 0;

	if (length >= sizeof(literal) || memchr(cidr, '%', length))
		return -EINVAL;
	memcpy(literal, cidr, length);
	if (address_parse(literal, &address) < 0)
		return -EINVAL;
	int64_t most = address_family(&address) == AF_INET6 ? 128 : 32;

	if (cidr[length] == '\0')
		bits = most;
	else if (parse_integer(cidr + length + 1, 0, most, &bits) < 0)
		return -EINVAL;
	if (is_mapped(&address) && bits >= MAPPED_BITS) {
		address = policy_unwrap(&address);
		bits -= MAPPED_BITS;
	}
	*out = (struct block){ .family = address_family(&address), .bits = (unsigned)bits };
	memcpy(out->bytes, bytes_of(&address), out->family == AF_INET6 ? 16 : 4);
	return 0;
}

int policy_allow(struct policy *policy, const char *cidr, struct err *err)
{
	struct block block;

	if (read_block(cidr, &block) < 0)
		return err_set(err, -EINVAL, "invalid block '%s' (ADDRESS/BITS, as 10.0.0.0/8)",
		               quote(cidr).text);
	if (policy->allowed_count == POLICY_ALLOWED_MAX)
		return err_set(err, -EINVAL, "block '%s' is one too many (at most %d)",
		               quote(cidr).text, POLICY_ALLOWED_MAX);
	policy->allowed[policy->allowed_count++] = block;
	return 0;
}

static bool is_allowed(const struct policy *policy, const struct address *address)
{
	for (size_t i = 0; i < policy->allowed_count; i++)
		if (holds(&policy->allowed[i], address))
			return true;
	return false;
}

/* --- what is refused --- */

static const char *registered_as(const struct address *address)
{
	for (size_t i = 0; i < COUNT(registry); i++)
		if (holds(&registry[i].block, address))
			return registry[i].what;
	return "no Internet address";
}

/* What the address is to this host.  The list of its addresses is asked as well as the route: one on
 * an interface with a routing table of its own is ours, too.  No answer is a refusal. */
static const char *known_here_as(const struct address *address)
{
	int route = route_to(address);
	int own = address_is_own(address);

	if (route == ROUTE_HERE || own == 1)
		return "an address of this host";
	if (route == ROUTE_TO_MANY)
		return "a broadcast address";
	if (route == ROUTE_BARRED)
		return "a prohibited address";
	return route < 0 || own < 0 ? "an address that nobody here can judge now" : NULL;
}

static const char *refusal_of(const struct policy *policy, const struct address *address)
{
	if (is_allowed(policy, address))
		return NULL;
	const char *what = registered_as(address);

	return what ? what : known_here_as(address);
}

const char *policy_refusal(const struct policy *policy, const struct address *address)
{
	struct address plain = policy_unwrap(address);
	const char *what = refusal_of(policy, &plain);

	/* "::" and "::1" look as if they carried 0.0.0.0 and 0.0.0.1, but do not (RFC 4291). */
	if (what || address_is_any(&plain) || address_is_loopback(&plain))
		return what;
	for (size_t i = 0; i < COUNT(wrappings) && !what; i++) {
		if (!holds(&wrappings[i].block, &plain))
			continue;
		struct address inner = v4_of(bytes_of(&plain) + wrappings[i].at);

		inner.v4.sin_addr.s_addr ^= wrappings[i].flipped;
		what = refusal_of(policy, &inner);
	}
	return what;
}
