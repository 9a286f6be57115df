/* SPDX-License-Identifier: MIT */
/* The service alone: no socket, and what time it is is told. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loopback.h"
#include "service/services.h"
#include "service/stamp.h"
#include "wire/octets.h"
#include "wire/stamp.h"
#include "wire/tlv.h"

enum { ROOM = 512 };

static const struct mono start = { 1000 * NS_PER_SEC };
static const struct wall arrived = { INT64_C(1700000000) * NS_PER_SEC + 5 };
static const struct wall leaves = { INT64_C(1700000000) * NS_PER_SEC + 4005 };
static const uint8_t key[] = "a key of somebody";

/* A reflector, and one datagram before it. */
struct hall {
	struct service_counters counters;
	struct stamp_setup setup;
	void *state;
	struct address bound;
	struct datagram datagram;
	uint8_t octets[ROOM];
	uint32_t sequence; /* of the next request */
};

static void open_hall(struct hall *hall, const struct stamp_setup *setup)
{
	struct service_setup service = { .stamp = &hall->setup, .counters = &hall->counters };

	*hall = (struct hall){ .setup = *setup, .bound = address_of("192.0.2.9", 862) };
	hall->setup.dscp_allowed = UINT64_MAX;
	hall->state = calloc(1, service_stamp.state_size);
	assert_non_null(hall->state);
	assert_int_equal(service_stamp.open(hall->state, &service, NULL), 0);
	service_stamp.turn(hall->state, start);
}

static void close_hall(struct hall *hall)
{
	service_stamp.close(hall->state);
	free(hall->state);
}

/* A request of that SSID comes from that port. */
static void come(struct hall *hall, enum stamp_mode mode, uint16_t port, uint16_t ssid)
{
	const struct stamp_request request = {
		.sequence = hall->sequence++, .time = 77, .error = 0x0101, .ssid = ssid
	};

	hall->datagram = (struct datagram){
		.data = hall->octets,
		.length = stamp_bytes(mode),
		.room = ROOM,
		.peer = address_of("192.0.2.1", port),
		.bound = &hall->bound,
		.ttl = 61,
		.tos = -1,
		.arrival = { .kernel = arrived },
	};
	memset(hall->octets, 0, sizeof(hall->octets));
	stamp_write_request(hall->octets, mode, &request);
}

static void sign(struct hall *hall)
{
	struct mac *mac = NULL;

	assert_int_equal(mac_new(&mac, key, sizeof(key), NULL), 0);
	assert_int_equal(stamp_sign(hall->octets, mac), 0);
	mac_free(mac);
}

static enum drop judged(struct hall *hall)
{
	return service_stamp.answer(hall->state, &hall->datagram);
}

/* It is answered, and that left or did not; returns the reply. */
static struct stamp_reply reply(struct hall *hall, enum stamp_mode mode, int result)
{
	struct stamp_reply reply;

	assert_int_equal(judged(hall), DROP_NONE);
	assert_true(service_stamp.seal(hall->state, &hall->datagram, leaves));
	hall->datagram.result = result;
	service_stamp.sent(hall->state, &hall->datagram);
	assert_int_equal(stamp_read_reply(hall->octets, hall->datagram.length, mode, &reply),
	                 0);
	return reply;
}

static struct stamp_reply ask(struct hall *hall, uint16_t port, uint16_t ssid, int result)
{
	come(hall, STAMP_OPEN, port, ssid);
	return reply(hall, STAMP_OPEN, result);
}

TEST(an_open_reply_tells_all_that_is_known)
{
	struct hall hall;

	open_hall(&hall, &(struct stamp_setup){ .sessions = 4, .idle = NS_PER_SEC });
	struct stamp_reply told = ask(&hall, 5000, 9, 0);

	assert_true(told.time == stamp_time_encode(leaves, STAMP_NTP));
	assert_true(told.received == stamp_time_encode(arrived, STAMP_NTP));
	assert_int_equal(told.sender_time, 77);
	assert_int_equal(told.sender_error, 0x0101);
	assert_int_equal(told.sender_ttl, 61);
	assert_int_equal(told.ssid, 9);
	close_hall(&hall);
}

TEST(a_ttl_that_is_not_known_is_told_as_255)
{
	struct hall hall;

	open_hall(&hall, &(struct stamp_setup){ .sessions = 4, .idle = NS_PER_SEC });
	come(&hall, STAMP_OPEN, 5000, 0);
	hall.datagram.ttl = -1;
	assert_int_equal(reply(&hall, STAMP_OPEN, 0).sender_ttl, 255);
	close_hall(&hall);
}

TEST(an_arrival_that_the_kernel_did_not_stamp_makes_a_larger_error)
{
	struct stamp_error exact, late;
	struct hall hall;

	open_hall(&hall, &(struct stamp_setup){ .sessions = 4, .idle = NS_PER_SEC });
	assert_int_equal(stamp_error_decode(ask(&hall, 5000, 0, 0).error, &exact), 0);
	come(&hall, STAMP_OPEN, 5000, 0);
	hall.datagram.read_late = true;
	assert_int_equal(stamp_error_decode(reply(&hall, STAMP_OPEN, 0).error, &late), 0);
	assert_true(late.error >= 10 * NS_PER_MS);
	assert_true(late.error >= exact.error);
	assert_int_equal(late.synchronised, exact.synchronised);
	close_hall(&hall);
}

TEST(a_number_is_used_up_only_when_the_reply_left)
{
	struct hall hall;

	open_hall(&hall, &(struct stamp_setup){ .sessions = 4, .idle = NS_PER_SEC });
	assert_int_equal(ask(&hall, 5000, 0, 0).sequence, 0);
	assert_int_equal(ask(&hall, 5000, 0, -EPERM).sequence, 1);
	assert_int_equal(ask(&hall, 5000, 0, -ENOBUFS).sequence, 1);
	assert_int_equal(ask(&hall, 5000, 0, 0).sequence, 1);
	assert_int_equal(ask(&hall, 5000, 0, 0).sequence, 2);
	close_hall(&hall);
}

TEST(without_state_a_reply_has_the_number_of_its_request)
{
	struct hall hall;

	open_hall(&hall, &(struct stamp_setup){ .stateless = true });
	hall.sequence = UINT32_MAX;
	assert_int_equal(ask(&hall, 5000, 0, 0).sequence, UINT32_MAX);
	assert_int_equal(ask(&hall, 5000, 0, 0).sequence, 0);
	assert_int_equal(counter_read(&hall.counters.unplaced), 0);
	close_hall(&hall);
}

TEST(who_finds_no_place_is_answered_without_one_and_counted)
{
	struct hall hall;

	open_hall(&hall, &(struct stamp_setup){ .sessions = 1, .idle = NS_PER_SEC });
	assert_int_equal(ask(&hall, 5000, 0, 0).sequence, 0);
	hall.sequence = 70;
	assert_int_equal(ask(&hall, 5001, 0, 0).sequence, 70);
	assert_int_equal(ask(&hall, 5001, 0, 0).sequence, 71);
	assert_int_equal(ask(&hall, 5000, 0, 0).sequence, 1);
	assert_int_equal(counter_read(&hall.counters.unplaced), 2);
	close_hall(&hall);
}

static const struct stamp_secret secret = { .ssid = 17, .length = sizeof(key), .bytes = key };

TEST(who_has_the_key_is_answered_and_nobody_else)
{
	struct hall hall;

	open_hall(&hall, &(struct stamp_setup){ .sessions = 1,
	                                        .idle = NS_PER_SEC,
	                                        .secrets = &secret,
	                                        .secret_count = 1 });
	come(&hall, STAMP_OPEN, 4000, 17);
	assert_int_equal(judged(&hall), DROP_SHORT);
	hall.datagram.length = 200;
	assert_int_equal(judged(&hall), DROP_UNAUTHENTIC);
	come(&hall, STAMP_AUTHENTICATED, 4001, 17);
	assert_int_equal(judged(&hall), DROP_UNAUTHENTIC);
	come(&hall, STAMP_AUTHENTICATED, 4002, 18);
	sign(&hall);
	assert_int_equal(judged(&hall), DROP_UNAUTHENTIC);
	/* None of them took the one place. */
	for (uint32_t count = 0; count < 3; count++) {
		come(&hall, STAMP_AUTHENTICATED, 4003, 17);
		sign(&hall);
		assert_int_equal(reply(&hall, STAMP_AUTHENTICATED, 0).sequence, count);
	}
	assert_int_equal(counter_read(&hall.counters.unplaced), 0);
	close_hall(&hall);
}

TEST(beside_keys_open_requests_are_answered_where_that_was_said)
{
	struct hall hall;

	open_hall(&hall, &(struct stamp_setup){ .stateless = true,
	                                        .secrets = &secret,
	                                        .secret_count = 1,
	                                        .open_too = true });
	come(&hall, STAMP_OPEN, 4000, 18);
	assert_int_equal(judged(&hall), DROP_NONE);
	come(&hall, STAMP_OPEN, 4000, 17);
	assert_int_equal(judged(&hall), DROP_UNAUTHENTIC);
	come(&hall, STAMP_AUTHENTICATED, 4000, 17);
	assert_int_equal(judged(&hall), DROP_UNAUTHENTIC);
	sign(&hall);
	assert_int_equal(judged(&hall), DROP_NONE);
	close_hall(&hall);
}

TEST(what_is_too_short_gets_silence_but_from_those_who_may)
{
	const struct address peers[] = { address_of("192.0.2.7", 0),
		                         address_of("192.0.2.1", 0) };
	struct hall hall;

	open_hall(&hall, &(struct stamp_setup){
				 .stateless = true,
				 .short_peers = peers,
				 .short_peer_count = 1, /* the second is not among them */
			 });
	come(&hall, STAMP_OPEN, 4000, 0);
	hall.datagram.length = 40;
	assert_int_equal(judged(&hall), DROP_SHORT);
	hall.setup.short_peer_count = 2;
	for (size_t length = 0; length < STAMP_OPEN_BYTES; length++) {
		come(&hall, STAMP_OPEN, 4000, 0);
		memset(hall.octets + length, 0xff, ROOM - length); /* of another packet */
		hall.datagram.length = length;
		assert_int_equal(judged(&hall), length < 14 ? DROP_SHORT : DROP_NONE);
		assert_int_equal(hall.datagram.length, length < 14 ? length : STAMP_OPEN_BYTES);
	}
	close_hall(&hall);
}

TEST(a_reply_is_no_request)
{
	struct hall hall;

	open_hall(&hall, &(struct stamp_setup){ .stateless = true });
	(void)ask(&hall, 5000, 0, 0);
	assert_int_equal(judged(&hall), DROP_REFLECTED);
	/* Nor what somebody made of it whose clock is wrong: its sender's time is our T3. */
	come(&hall, STAMP_OPEN, 5000, 0);
	put64(hall.octets + 28, stamp_time_encode(leaves, STAMP_PTP));
	assert_int_equal(judged(&hall), DROP_REFLECTED);
	close_hall(&hall);
}

/* Asks for Follow-Up Telemetry; the value that comes back. */
static struct tlv_follow_up follow(struct hall *hall, uint16_t port)
{
	struct tlv_area area = { hall->octets + STAMP_OPEN_BYTES, ROOM - STAMP_OPEN_BYTES, 0 };

	come(hall, STAMP_OPEN, port, 0);
	assert_non_null(tlv_add(&area, TLV_FOLLOW_UP, TLV_FOLLOW_UP_BYTES));
	hall->datagram.length += area.length;
	(void)reply(hall, STAMP_OPEN, 0);
	return tlv_read_follow_up(hall->octets + STAMP_OPEN_BYTES + TLV_HEADER_BYTES);
}

TEST(a_ticket_is_taken_by_who_asks_for_follow_up_alone)
{
	struct hall hall;

	open_hall(&hall, &(struct stamp_setup){ .sessions = 4, .idle = NS_PER_SEC });
	(void)ask(&hall, 5000, 0, 0);
	assert_int_equal(hall.datagram.ticket, 0);
	assert_int_equal(follow(&hall, 5000).time, 0);
	uint64_t ticket = hall.datagram.ticket;

	assert_true(ticket != 0);
	service_stamp.left(hall.state, ticket, leaves);
	struct tlv_follow_up told = follow(&hall, 5000);

	assert_int_equal(told.sequence, 1);
	assert_int_equal(told.method, TLV_METHOD_SOFTWARE);
	assert_true(told.time == stamp_time_encode(leaves, STAMP_NTP));
	assert_int_equal(follow(&hall, 5001).time, 0);
	close_hall(&hall);
}

TEST(and_never_without_state)
{
	struct hall hall;

	open_hall(&hall, &(struct stamp_setup){ .stateless = true });
	assert_int_equal(follow(&hall, 5000).time, 0);
	assert_int_equal(hall.datagram.ticket, 0);
	close_hall(&hall);
}

/* Asks for ports; whether they are told. */
static bool tells_ports(struct hall *hall)
{
	struct tlv_area area = { hall->octets + STAMP_OPEN_BYTES, ROOM - STAMP_OPEN_BYTES, 0 };

	come(hall, STAMP_OPEN, 5000, 0);
	assert_true(tlv_add_location(&area, 0));
	hall->datagram.length += area.length;
	(void)reply(hall, STAMP_OPEN, 0);
	uint32_t ports = get32(hall->octets + STAMP_OPEN_BYTES + TLV_HEADER_BYTES);

	assert_true(ports == 0 || ports == (862 << 16 | 5000));
	return ports != 0;
}

TEST(a_location_is_told_unless_policy_hides_it)
{
	struct hall hall;

	open_hall(&hall, &(struct stamp_setup){ .stateless = true });
	assert_true(tells_ports(&hall));
	hall.setup.hides_location = true;
	assert_false(tells_ports(&hall));
	close_hall(&hall);
}

TEST(the_memory_that_is_told_grows_with_sessions_and_keys)
{
	struct stamp_setup setup = { .sessions = 100000 };

	assert_in_range(stamp_memory(&setup), 5 << 20, 20 << 20);
	setup.stateless = true;
	assert_int_equal(stamp_memory(&setup), 0);
	setup.secret_count = 100;
	assert_in_range(stamp_memory(&setup), 100 << 10, 1 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_open_reply_tells_all_that_is_known),
		cmocka_unit_test(a_ttl_that_is_not_known_is_told_as_255),
		cmocka_unit_test(an_arrival_that_the_kernel_did_not_stamp_makes_a_larger_error),
		cmocka_unit_test(a_number_is_used_up_only_when_the_reply_left),
		cmocka_unit_test(without_state_a_reply_has_the_number_of_its_request),
		cmocka_unit_test(who_finds_no_place_is_answered_without_one_and_counted),
		cmocka_unit_test(who_has_the_key_is_answered_and_nobody_else),
		cmocka_unit_test(beside_keys_open_requests_are_answered_where_that_was_said),
		cmocka_unit_test(what_is_too_short_gets_silence_but_from_those_who_may),
		cmocka_unit_test(a_reply_is_no_request),
		cmocka_unit_test(a_ticket_is_taken_by_who_asks_for_follow_up_alone),
		cmocka_unit_test(and_never_without_state),
		cmocka_unit_test(a_location_is_told_unless_policy_hides_it),
		cmocka_unit_test(the_memory_that_is_told_grows_with_sessions_and_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
