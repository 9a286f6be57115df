/* SPDX-License-Identifier: MIT */
#include "net/timestamp.h"

#include <linux/errqueue.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* The kernel has it since 6.2, the headers of older systems do not. */
#define OPT_ID_TCP (1U << 16)

enum {
	READINGS = 16,
	CLOSE_ENOUGH = 150, /* ns between the two monotonic readings around a wall one */
	SOFTWARE_RX = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE,
	SOFTWARE_TX = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_ID |
	              SOF_TIMESTAMPING_OPT_TSONLY,
	HARDWARE = SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RX_HARDWARE |
	           SOF_TIMESTAMPING_RAW_HARDWARE,
};

static bool set(int fd, unsigned flags)
{
	return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) == 0;
}

/* True when the card can stamp, and is set to stamp whatever leaves and arrives. */
static bool card_stamps(int fd, const char *device)
{
	struct hwtstamp_config config = { 0 };
	struct ethtool_ts_info info = { .cmd = ETHTOOL_GET_TS_INFO };
	struct ifreq request = { 0 };

	if (!device)
		return false;
	strncpy(request.ifr_name, device, sizeof(request.ifr_name) - 1);
	request.ifr_data = (void *)&info;
	if (ioctl(fd, SIOCETHTOOL, &request) < 0 ||
	    (info.so_timestamping & HARDWARE) != HARDWARE)
		return false;
	request.ifr_data = (void *)&config;
	return ioctl(fd, SIOCGHWTSTAMP, &request) == 0 && config.tx_type == HWTSTAMP_TX_ON &&
	       config.rx_filter == HWTSTAMP_FILTER_ALL;
}

static struct clock_reading read_clocks(void)
{
	struct clock_reading reading;

	reading.before = clock_mono();
	reading.wall = clock_wall();
	reading.after = clock_mono();
	return reading;
}

/* The first reading decides the offset: the closest of several. */
static void found_bridge(struct bridge *bridge)
{
	struct clock_reading best = read_clocks();

	for (int i = 1; i < READINGS && mono_since(best.after, best.before) > CLOSE_ENOUGH;
	     i++) {
		struct clock_reading next = read_clocks();

		if (mono_since(next.after, next.before) < mono_since(best.after, best.before))
			best = next;
	}
	(void)bridge_check(bridge, best);
}

static void settle_for(struct timestamps *timestamps, int fd, unsigned flags, enum taker tx,
                       enum taker rx)
{
	if (timestamps->flags || !set(fd, flags))
		return;
	timestamps->flags = flags;
	timestamps->tx = tx;
	timestamps->rx = rx;
}

void timestamps_enable(struct timestamps *timestamps, int fd, enum timestamps_of what,
                       bool queueing, const char *device)
{
	unsigned queue = queueing ? SOF_TIMESTAMPING_TX_SCHED : 0;
	unsigned both = SOFTWARE_RX | SOFTWARE_TX | queue;

	*timestamps = (struct timestamps){ .tx = TAKEN_USER, .rx = TAKEN_USER };
	if (what == TIMESTAMPS_OF_NONE)
		return;
	if (what == TIMESTAMPS_OF_STREAM)
		both |= OPT_ID_TCP;
	if (what != TIMESTAMPS_OF_RECEIPT && card_stamps(fd, device))
		settle_for(timestamps, fd, both | HARDWARE | SOF_TIMESTAMPING_OPT_TX_SWHW,
		           TAKEN_HARDWARE, TAKEN_HARDWARE);
	if (what != TIMESTAMPS_OF_RECEIPT)
		settle_for(timestamps, fd, both, TAKEN_KERNEL, TAKEN_KERNEL);
	/* Before 6.2 there is one way to count, and here it comes to the same. */
	if (what == TIMESTAMPS_OF_STREAM)
		settle_for(timestamps, fd, both & ~OPT_ID_TCP, TAKEN_KERNEL, TAKEN_KERNEL);
	settle_for(timestamps, fd, SOFTWARE_RX, TAKEN_USER, TAKEN_KERNEL);
	found_bridge(&timestamps->bridge);
}

void timestamps_enable_on_request(struct timestamps *timestamps, int fd)
{
	*timestamps = (struct timestamps){ .tx = TAKEN_USER, .rx = TAKEN_USER };
	(void)set(fd, 0); /* one that was inherited has counted already */
	settle_for(timestamps, fd,
	           SOFTWARE_RX | (SOFTWARE_TX & ~(unsigned)SOF_TIMESTAMPING_TX_SOFTWARE),
	           TAKEN_KERNEL, TAKEN_KERNEL);
	settle_for(timestamps, fd, SOFTWARE_RX, TAKEN_USER, TAKEN_KERNEL);
}

void timestamps_restart(const struct timestamps *timestamps, int fd)
{
	if (!(timestamps->flags & SOF_TIMESTAMPING_OPT_ID))
		return;
	(void)set(fd, timestamps->flags & ~(unsigned)SOF_TIMESTAMPING_OPT_ID);
	(void)set(fd, timestamps->flags);
}

static int64_t nanoseconds(const struct timespec *t)
{
	return t->tv_sec * NS_PER_SEC + t->tv_nsec;
}

bool timestamp_read(const struct cmsghdr *message, struct stamp *out)
{
	struct scm_timestamping stamps;

	if (message->cmsg_level != SOL_SOCKET || message->cmsg_type != SCM_TIMESTAMPING ||
	    message->cmsg_len < CMSG_LEN(sizeof(stamps)))
		return false;
	memcpy(&stamps, CMSG_DATA(message), sizeof(stamps));
	*out = (struct stamp){ .kernel = { nanoseconds(&stamps.ts[0]) },
		               .hardware = nanoseconds(&stamps.ts[2]) };
	return true;
}

struct wall timestamps_wall(void)
{
	return clock_wall();
}

bool timestamps_check(struct timestamps *timestamps, struct mono *after)
{
	struct clock_reading reading;

	if (timestamps->rx == TAKEN_USER) {
		*after = clock_mono();
		return false;
	}
	reading = read_clocks();
	*after = reading.after;
	return bridge_check(&timestamps->bridge, reading);
}
