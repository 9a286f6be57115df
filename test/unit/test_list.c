/* SPDX-License-Identifier: MIT */
#include "base/list.h"
#include "unit.h"

struct item {
	int value;
	struct list link;
};

TEST(what_is_appended_comes_out_in_order)
{
	struct list list;
	struct item items[5];
	int expected = 0;

	list_init(&list);
	assert_true(list_empty(&list));
	for (int i = 0; i < 5; i++) {
		items[i].value = i;
		list_append(&list, &items[i].link);
	}
	for (struct list *at = list.next; at != &list; at = at->next)
		assert_int_equal(CONTAINER_OF(at, struct item, link)->value, expected++);
	assert_int_equal(expected, 5);
}

TEST(removing_twice_does_no_harm)
{
	struct list list;
	struct item a = { .value = 1 }, b = { .value = 2 };

	list_init(&list);
	list_append(&list, &a.link);
	list_append(&list, &b.link);
	list_remove(&a.link);
	list_remove(&a.link);
	assert_ptr_equal(list.next, &b.link);
	assert_ptr_equal(list.prev, &b.link);
	list_remove(&b.link);
	assert_true(list_empty(&list));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_appended_comes_out_in_order),
		cmocka_unit_test(removing_twice_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
