/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/local.h"
#include "net/socket.h"
#include "unit.h"

/* A path that nobody else has, in a directory of its own. */
struct place {
	char directory[64], path[96];
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	(void)snprintf(place->directory, sizeof(place->directory), "/tmp/sounder-local-XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	(void)snprintf(place->path, sizeof(place->path), "%s/door", place->directory);
	*state = place;
	return 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;

	(void)unlink(place->path);
	(void)rmdir(place->directory);
	free(place);
	return 0;
}

struct pair {
	int door, near, far;
};

static struct pair join(const char *path)
{
	struct pair pair = { .door = local_listen(path) };

	assert_true(pair.door >= 0);
	pair.near = local_connect(path, SOCK_SEQPACKET, NS_PER_SEC);
	assert_true(pair.near >= 0);
	pair.far = local_accept(pair.door);
	assert_true(pair.far >= 0);
	return pair;
}

static void part(struct pair *pair)
{
	socket_close(&pair->door);
	socket_close(&pair->near);
	socket_close(&pair->far);
}

TEST(descriptors_arrive_with_their_message)
{
	const struct place *place = *state;
	struct pair pair = join(place->path);
	char word[] = "take these", heard[32];
	struct local_message out = { .data = word,
		                     .length = sizeof(word),
		                     .descriptor_count = LOCAL_DESCRIPTORS_MAX };
	struct local_message in = { .data = heard, .length = sizeof(heard) };
	struct stat there, here;

	for (size_t i = 0; i < LOCAL_DESCRIPTORS_MAX; i++)
		out.descriptors[i] = pair.door;
	assert_int_equal(local_send(pair.far, &out), 0);
	assert_int_equal(local_receive(pair.near, &in), 0);
	assert_int_equal(in.length, sizeof(word));
	assert_string_equal(heard, word);
	assert_int_equal(in.descriptor_count, LOCAL_DESCRIPTORS_MAX);
	assert_int_equal(fstat(pair.door, &there), 0);
	for (size_t i = 0; i < in.descriptor_count; i++) {
		assert_int_equal(fstat(in.descriptors[i], &here), 0);
		assert_int_equal(here.st_ino, there.st_ino);
		assert_true(fcntl(in.descriptors[i], F_GETFD) & FD_CLOEXEC);
		socket_close(&in.descriptors[i]);
	}
	part(&pair);
}

TEST(a_message_that_was_cut_is_none_and_leaves_nothing_open)
{
	const struct place *place = *state;
	struct pair pair = join(place->path);
	char word[] = "longer than there is room for", heard[4];
	struct local_message out = { .data = word,
		                     .length = sizeof(word),
		                     .descriptors = { pair.door },
		                     .descriptor_count = 1 };
	struct local_message in = { .data = heard, .length = sizeof(heard) };

	assert_int_equal(local_send(pair.far, &out), 0);
	assert_int_equal(local_receive(pair.near, &in), -EBADMSG);
	assert_int_equal(in.descriptor_count, 0);
	int next = dup(pair.door);

	assert_int_equal(next, pair.far + 1); /* the lowest that is free */
	socket_close(&next);
	part(&pair);
}

TEST(the_end_and_having_nothing_yet_are_told_apart)
{
	const struct place *place = *state;
	struct pair pair = join(place->path);
	char heard[4];
	struct local_message in = { .data = heard, .length = sizeof(heard) };

	assert_int_equal(local_receive(pair.far, &in), -EAGAIN);
	socket_close(&pair.near);
	in.length = sizeof(heard);
	assert_int_equal(local_receive(pair.far, &in), -ENOTCONN);
	part(&pair);
}

TEST(patience_has_an_end)
{
	const struct place *place = *state;
	int door = local_listen(place->path);
	int near = local_connect(place->path, SOCK_SEQPACKET, 20 * NS_PER_MS);
	char heard[4];
	struct local_message in = { .data = heard, .length = sizeof(heard) };

	assert_true(door >= 0 && near >= 0);
	assert_int_equal(local_receive(near, &in), -EAGAIN);
	socket_close(&near);
	socket_close(&door);
}

TEST(the_other_end_is_known_by_its_process)
{
	const struct place *place = *state;
	struct pair pair = join(place->path);
	struct local_peer peer = { 0 };

	assert_int_equal(local_peer(pair.far, &peer), 0);
	assert_int_equal(peer.pid, getpid());
	assert_int_equal(peer.uid, geteuid());
	part(&pair);
}

TEST(a_socket_is_its_users_alone)
{
	const struct place *place = *state;
	int door = local_listen(place->path);
	struct stat found;

	assert_true(door >= 0);
	assert_int_equal(stat(place->path, &found), 0);
	assert_int_equal(found.st_mode & 0777, 0600);
	socket_close(&door);
}

TEST(one_that_is_dead_gives_way_and_one_that_lives_does_not)
{
	const struct place *place = *state;
	int door = local_listen(place->path);

	assert_true(door >= 0);
	assert_int_equal(local_listen(place->path), -EADDRINUSE);
	socket_close(&door);
	assert_int_equal(local_connect(place->path, SOCK_SEQPACKET, 0), -ECONNREFUSED);
	door = local_listen(place->path);
	assert_true(door >= 0);
	socket_close(&door);
}

TEST(a_file_is_left_alone)
{
	const struct place *place = *state;
	int fd = open(place->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	struct stat found;

	assert_true(fd >= 0);
	assert_int_equal(local_listen(place->path), -EADDRINUSE);
	assert_int_equal(stat(place->path, &found), 0);
	assert_true(S_ISREG(found.st_mode));
	(void)close(fd);
}

TEST(a_path_that_cannot_be_is_refused)
{
	char longest[200];

	for (size_t i = 0; i < sizeof(longest); i++)
		longest[i] = 'x';
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(local_listen(longest), -ENAMETOOLONG);
	assert_int_equal(local_connect(longest, SOCK_DGRAM, 0), -ENAMETOOLONG);
	assert_int_equal(local_connect("", SOCK_DGRAM, 0), -EINVAL);
	assert_int_equal(local_connect("/nowhere/at/all", SOCK_DGRAM, 0), -ENOENT);
}

TEST(an_abstract_name_is_a_name_too)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "@sounder-local-%d", (int)getpid());
	struct pair pair = join(name);

	part(&pair);
	assert_int_equal(local_connect(name, SOCK_SEQPACKET, 0), -ECONNREFUSED);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(descriptors_arrive_with_their_message),
		IN_A_PLACE(a_message_that_was_cut_is_none_and_leaves_nothing_open),
		IN_A_PLACE(the_end_and_having_nothing_yet_are_told_apart),
		IN_A_PLACE(patience_has_an_end),
		IN_A_PLACE(the_other_end_is_known_by_its_process),
		IN_A_PLACE(a_socket_is_its_users_alone),
		IN_A_PLACE(one_that_is_dead_gives_way_and_one_that_lives_does_not),
		IN_A_PLACE(a_file_is_left_alone),
		cmocka_unit_test(a_path_that_cannot_be_is_refused),
		cmocka_unit_test(an_abstract_name_is_a_name_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
