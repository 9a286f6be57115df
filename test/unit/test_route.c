/* SPDX-License-Identifier: MIT */
#include "net/route.h"
#include "unit.h"

static int route_of(const char *literal)
{
	struct address address;

	assert_int_equal(address_parse(literal, &address), 0);
	return route_to(&address);
}

TEST(loopback_leads_to_this_host)
{
	assert_int_equal(route_of("127.0.0.1"), ROUTE_HERE);
	assert_int_equal(route_of("127.200.3.4"), ROUTE_HERE);
	assert_int_equal(route_of("::1"), ROUTE_HERE);
}

TEST(the_broadcast_address_leads_to_many)
{
	assert_int_equal(route_of("255.255.255.255"), ROUTE_TO_MANY);
}

TEST(a_foreign_address_leads_away_or_nowhere)
{
	static const char *const foreign[] = { "192.0.2.1", "198.51.100.7", "2001:db8::1" };

	for (size_t i = 0; i < COUNT(foreign); i++) {
		int route = route_of(foreign[i]);

		assert_true(route == ROUTE_AWAY || route == ROUTE_NONE);
	}
}

TEST(a_zone_is_part_of_the_question)
{
	assert_int_not_equal(route_of("fe80::1%lo"), ROUTE_AWAY);
}

TEST(what_is_no_address_leads_nowhere)
{
	struct address nothing = { 0 };

	assert_int_equal(route_to(&nothing), ROUTE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loopback_leads_to_this_host),
		cmocka_unit_test(the_broadcast_address_leads_to_many),
		cmocka_unit_test(a_foreign_address_leads_away_or_nowhere),
		cmocka_unit_test(a_zone_is_part_of_the_question),
		cmocka_unit_test(what_is_no_address_leads_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
