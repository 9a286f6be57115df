/* SPDX-License-Identifier: MIT */
#include "service/slots.h"
#include "unit.h"

enum { ROOM = 64 };

static struct slots slots_of(uint32_t room)
{
	struct slots slots;

	assert_int_equal(slots_init(&slots, room), 0);
	return slots;
}

static struct connection *take(struct slots *slots)
{
	struct connection *connection = slots_take(slots);

	assert_non_null(connection);
	assert_int_equal(connection->watch.fd, -1);
	connection->watch.fd = 1000;
	return connection;
}

TEST(there_are_as_many_as_there_is_room_for)
{
	struct slots slots = slots_of(ROOM);
	struct connection *last = NULL;

	for (int i = 0; i < ROOM; i++)
		last = take(&slots);
	assert_null(slots_take(&slots));
	assert_int_equal(slots.count, ROOM);
	slots_give(&slots, last);
	assert_ptr_equal(take(&slots), last);
	slots_done(&slots);
}

TEST(a_slot_is_used_again_before_a_new_one_is_touched)
{
	struct slots slots = slots_of(ROOM);

	for (int i = 0; i < 1000; i++) {
		struct connection *a = take(&slots), *b = take(&slots);

		slots_give(&slots, a);
		slots_give(&slots, b);
	}
	assert_int_equal(slots.touched, 2);
	slots_done(&slots);
}

TEST(a_ticket_outlives_no_connection)
{
	struct slots slots = slots_of(ROOM);
	struct connection *first = take(&slots);
	uint64_t ticket = slots_ticket(&slots, first);

	assert_ptr_equal(slots_find(&slots, ticket), first);
	slots_give(&slots, first);
	assert_null(slots_find(&slots, ticket));
	assert_ptr_equal(take(&slots), first);
	assert_null(slots_find(&slots, ticket));
	assert_ptr_equal(slots_find(&slots, slots_ticket(&slots, first)), first);
	assert_null(slots_find(&slots, ROOM + 5));
	assert_null(slots_find(&slots, UINT64_MAX));
	slots_done(&slots);
}

/* Walks the list both ways; returns its length. */
static size_t walk(const struct slots *slots, const struct slot_list *list)
{
	const struct connection *last = NULL;
	size_t length = 0;

	for (struct connection *each = slots_at(slots, list->first); each;
	     each = slots_at(slots, each->next)) {
		assert_ptr_equal(slots_at(slots, each->prev), last);
		last = each;
		length++;
	}
	assert_ptr_equal(slots_at(slots, list->last), last);
	return length;
}

TEST(a_list_keeps_the_order_in_which_its_connections_were_appended)
{
	struct slots slots = slots_of(ROOM);
	struct slot_list list = slot_list_empty();
	struct connection *all[5];

	assert_int_equal(walk(&slots, &list), 0);
	for (size_t i = 0; i < COUNT(all); i++) {
		all[i] = take(&slots);
		slots_append(&slots, &list, all[i]);
		assert_int_equal(walk(&slots, &list), i + 1);
	}
	slots_remove(&slots, &list, all[0]);
	slots_remove(&slots, &list, all[2]);
	slots_append(&slots, &list, all[0]);
	slots_remove(&slots, &list, all[4]);
	assert_int_equal(walk(&slots, &list), 3);
	assert_ptr_equal(slots_at(&slots, list.first), all[1]);
	assert_ptr_equal(slots_at(&slots, list.last), all[0]);
	slots_remove(&slots, &list, all[1]);
	slots_remove(&slots, &list, all[3]);
	slots_remove(&slots, &list, all[0]);
	assert_int_equal(walk(&slots, &list), 0);
	slots_done(&slots);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_are_as_many_as_there_is_room_for),
		cmocka_unit_test(a_slot_is_used_again_before_a_new_one_is_touched),
		cmocka_unit_test(a_ticket_outlives_no_connection),
		cmocka_unit_test(a_list_keeps_the_order_in_which_its_connections_were_appended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
