/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "confined.h"
#include "loopback.h"
#include "net/fence.h"
#include "net/privileges.h"

/* A directory with a file in it, and a fence. */
struct place {
	char directory[64], file[80];
	const char *readable[3];
	struct fence fence;
	struct address listener;
	int version; /* of Landlock that the test is about */
};

static void make_place(struct place *place)
{
	*place = (struct place){ .directory = "/tmp/sounder-fence-XXXXXX", .version = 1 };
	assert_non_null(mkdtemp(place->directory));
	(void)snprintf(place->file, sizeof(place->file), "%s/file", place->directory);
	int fd = open(place->file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	place->fence.readable = place->readable;
}

static void remove_place(const struct place *place)
{
	(void)unlink(place->file);
	assert_int_equal(rmdir(place->directory), 0);
}

static int put_up(const void *context)
{
	const struct place *place = context;
	int result = privileges_drop(false);

	if (result < 0)
		return result;
	result = fence_put_up(&place->fence);
	return result >= 0 && result < place->version ? -EOPNOTSUPP : result;
}

static int try(const struct place *place, int (*attempt)(const void *))
{
	return confined_attempt(put_up, place, attempt);
}

static int read_file(const void *place)
{
	return open(((const struct place *)place)->file, O_RDONLY | O_CLOEXEC);
}

static int write_file(const void *place)
{
	return open(((const struct place *)place)->file, O_WRONLY | O_CLOEXEC);
}

static int read_directory(const void *place)
{
	return open(((const struct place *)place)->directory, O_RDONLY | O_DIRECTORY);
}

static int remove_file(const void *place)
{
	return unlink(((const struct place *)place)->file);
}

TEST(what_is_not_named_is_out_of_reach)
{
	struct place place;

	make_place(&place);
	assert_int_equal(try(&place, read_file), EACCES);
	assert_int_equal(try(&place, read_directory), EACCES);
	assert_int_equal(try(&place, write_file), EACCES);
	assert_int_equal(try(&place, remove_file), EACCES);
	remove_place(&place);
}

TEST(a_directory_that_is_named_may_be_read_and_no_more)
{
	struct place place;

	make_place(&place);
	place.readable[0] = "/no/such/directory"; /* passed over */
	place.readable[1] = place.directory;
	assert_int_equal(try(&place, read_file), 0);
	assert_int_equal(try(&place, read_directory), 0);
	assert_int_equal(try(&place, write_file), EACCES);
	assert_int_equal(try(&place, remove_file), EACCES);
	remove_place(&place);
}

TEST(a_file_that_is_named_may_be_read_but_not_its_directory)
{
	struct place place;

	make_place(&place);
	place.readable[0] = place.file;
	assert_int_equal(try(&place, read_file), 0);
	assert_int_equal(try(&place, read_directory), EACCES);
	assert_int_equal(try(&place, write_file), EACCES);
	remove_place(&place);
}

static int bind_tcp(const void *context)
{
	const struct place *place = context;
	struct address address = place->listener;
	int fd = socket(address_family(&address), SOCK_STREAM | SOCK_CLOEXEC, 0);

	address_set_port(&address, 0);
	return bind(fd, &address.any, address_length(&address));
}

static int connect_tcp(const void *context)
{
	const struct place *place = context;
	int fd = socket(address_family(&place->listener), SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(fd, &place->listener.any, address_length(&place->listener));
}

static int bind_udp(const void *context)
{
	const struct place *place = context;
	struct address address = place->listener;
	int fd = socket(address_family(&address), SOCK_DGRAM | SOCK_CLOEXEC, 0);

	address_set_port(&address, 0);
	return bind(fd, &address.any, address_length(&address));
}

static void assert_tcp_is_fenced(int family)
{
	struct place place = { .version = 4 };
	int listener = bound_socket(family, SOCK_STREAM, &place.listener);

	assert_int_equal(socket_listen(listener, 1), 0);
	assert_int_equal(try(&place, bind_tcp), EACCES);
	assert_int_equal(try(&place, connect_tcp), EACCES);
	assert_int_equal(try(&place, bind_udp), 0);
	place.fence.may_connect = true;
	assert_int_equal(try(&place, bind_tcp), EACCES);
	assert_int_equal(try(&place, connect_tcp), 0);
	socket_close(&listener);
}

TEST(over_ipv4_no_port_can_be_taken_and_none_reached_unless_that_is_wanted)
{
	assert_tcp_is_fenced(AF_INET);
}

TEST(over_ipv6_no_port_can_be_taken_and_none_reached_unless_that_is_wanted)
{
	assert_tcp_is_fenced(AF_INET6);
}

static int signal_parent(const void *place)
{
	(void)place;
	return kill(getppid(), 0);
}

static int signal_itself(const void *place)
{
	(void)place;
	return kill(getpid(), 0);
}

TEST(no_signal_leaves_it)
{
	struct place place = { .version = 6 };

	assert_int_equal(try(&place, signal_itself), 0);
	assert_int_equal(try(&place, signal_parent), EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_named_is_out_of_reach),
		cmocka_unit_test(a_directory_that_is_named_may_be_read_and_no_more),
		cmocka_unit_test(a_file_that_is_named_may_be_read_but_not_its_directory),
		cmocka_unit_test(
			over_ipv4_no_port_can_be_taken_and_none_reached_unless_that_is_wanted),
		cmocka_unit_test(
			over_ipv6_no_port_can_be_taken_and_none_reached_unless_that_is_wanted),
		cmocka_unit_test(no_signal_leaves_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
