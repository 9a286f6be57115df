/* SPDX-License-Identifier: MIT */
#include "net/loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* The timer went off: what it is set to next has to be told to the kernel in any case. */
#define SPENT ((struct mono){ INT64_MIN })

enum {
	BATCH = 256,
	INTERRUPTED_MOST = 16, /* waits in a row, before it is no accident any more */
	REST_MS = 10,          /* between waits that fail */
	SLICE = 100 * 1000,    /* ns; the least the kernel grants */
};

static uint32_t events_of(unsigned interest)
{
	return (interest & LOOP_READ ? EPOLLIN : 0U) | (interest & LOOP_WRITE ? EPOLLOUT : 0U);
}

static unsigned ready_of(uint32_t events)
{
	return (events & (EPOLLIN | EPOLLRDHUP) ? LOOP_READ : 0U) |
	       (events & EPOLLOUT ? LOOP_WRITE : 0U) |
	       (events & (EPOLLERR | EPOLLHUP) ? LOOP_ERROR : 0U);
}

static int add_to_epoll(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, watch->fd, &event) < 0 ? -errno : 0;
}

static int open_epoll(struct loop *loop)
{
	/* Edge-triggered: an expiry is told once and need not be read. */
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0 || epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->timer, &event) < 0)
		return -errno;
	return 0;
}

int loop_init_discreet(struct loop *loop)
{
	*loop = (struct loop){ .epoll = -1, .armed = MONO_NEVER };
	loop->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	return loop->timer < 0 ? -errno : 0;
}

int loop_init(struct loop *loop)
{
	int result = loop_init_discreet(loop);

	return result < 0 ? result : open_epoll(loop);
}

void loop_done(struct loop *loop)
{
	if (loop->epoll >= 0)
		(void)close(loop->epoll);
	if (loop->timer >= 0)
		(void)close(loop->timer);
	loop->epoll = loop->timer = -1;
}

/* They are few no more: all go over to epoll. */
static int go_over(struct loop *loop)
{
	int result = open_epoll(loop);

	/* The values of poll(2) and epoll are the same. */
	for (size_t i = 0; i < loop->few_count && result == 0; i++)
		if (loop->few[i]->fd >= 0)
			result = add_to_epoll(loop, loop->few[i], (uint32_t)loop->interest[i]);
	loop->few_count = 0;
	return result;
}

int loop_watch(struct loop *loop, struct watch *watch, unsigned interest)
{
	int result = 0;

	if (loop->epoll < 0 && loop->few_count < LOOP_FEW) {
		loop->few[loop->few_count] = watch;
		loop->interest[loop->few_count++] = (short)events_of(interest);
		return 0;
	}
	if (loop->epoll < 0)
		result = go_over(loop);
	return result < 0 ? result : add_to_epoll(loop, watch, events_of(interest));
}

/* Its place among the few; their count when it is not one of them. */
static size_t place_of(const struct loop *loop, const struct watch *watch)
{
	size_t i = 0;

	while (i < loop->few_count && loop->few[i] != watch)
		i++;
	return i;
}

void loop_rewatch(struct loop *loop, struct watch *watch, unsigned interest)
{
	struct epoll_event event = { .events = events_of(interest), .data.ptr = watch };
	size_t i = place_of(loop, watch);

	if (i < loop->few_count)
		loop->interest[i] = (short)events_of(interest);
	else /* changing what is registered allocates nothing and cannot fail */
		(void)epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &event);
}

void loop_forget(struct loop *loop, const struct watch *watch)
{
	size_t i = place_of(loop, watch);

	if (i == loop->few_count)
		return;
	loop->few_count--;
	loop->few[i] = loop->few[loop->few_count];
	loop->interest[i] = loop->interest[loop->few_count];
}

void loop_unwatch(struct loop *loop, struct watch *watch)
{
	if (place_of(loop, watch) < loop->few_count)
		loop_forget(loop, watch);
	else
		(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
}

void loop_arm(struct loop *loop, struct mono deadline)
{
	struct itimerspec spec = { 0 };

	if (deadline.ns == loop->armed.ns)
		return;
	if (deadline.ns != MONO_NEVER.ns) {
		/* Zero would disarm, and the past is as good as the first nanosecond. */
		int64_t ns = deadline.ns > 0 ? deadline.ns : 1;

		spec.it_value.tv_sec = ns / NS_PER_SEC;
		spec.it_value.tv_nsec = ns % NS_PER_SEC;
	}
	(void)timerfd_settime(loop->timer, TFD_TIMER_ABSTIME, &spec, NULL);
	loop->armed = deadline;
}

/* The wait failed: whatever fails for ever must not do so as fast as it can. */
static int rest(struct loop *loop, int error)
{
	if (error != EINTR || loop->failed >= INTERRUPTED_MOST)
		(void)poll(NULL, 0, REST_MS);
	loop->failed++;
	return -error;
}

static int collect_by_poll(struct loop *loop, struct happening *happenings, int room,
                           int timeout)
{
	struct pollfd polled[LOOP_FEW + 1];
	size_t count = loop->few_count;
	int filled = 0, ready;

	for (size_t i = 0; i < count; i++)
		polled[i] =
			(struct pollfd){ .fd = loop->few[i]->fd, .events = loop->interest[i] };
	polled[count] = (struct pollfd){ .fd = loop->timer, .events = POLLIN };
	ready = poll(polled, count + 1, timeout);
	if (ready < 0)
		return rest(loop, errno);
	loop->failed = 0;
	if (polled[count].revents)
		loop->armed = SPENT;
	for (size_t i = 0; i < count && filled < room; i++)
		if (polled[i].revents)
			happenings[filled++] = (struct happening){
				.watch = loop->few[i],
				.ready = ready_of((uint32_t)polled[i].revents),
			};
	return filled;
}

static int collect_by_epoll(struct loop *loop, struct happening *happenings, int room,
                            int timeout)
{
	struct epoll_event events[BATCH];
	int count = epoll_wait(loop->epoll, events, room < BATCH ? room : BATCH, timeout);
	int filled = 0;

	if (count < 0)
		return rest(loop, errno);
	loop->failed = 0;
	for (int i = 0; i < count; i++) {
		if (!events[i].data.ptr) {
			loop->armed = SPENT;
			continue;
		}
		happenings[filled++] = (struct happening){
			.watch = events[i].data.ptr,
			.ready = ready_of(events[i].events),
		};
	}
	return filled;
}

static int collect(struct loop *loop, struct happening *happenings, int room, int timeout)
{
	return loop->epoll < 0 ? collect_by_poll(loop, happenings, room, timeout)
	                       : collect_by_epoll(loop, happenings, room, timeout);
}

int loop_wait(struct loop *loop, struct happening *happenings, int room)
{
	return collect(loop, happenings, room, -1);
}

int loop_poll(struct loop *loop, struct happening *happenings, int room)
{
	return collect(loop, happenings, room, 0);
}

int loop_watch_signals(struct loop *loop, struct watch *watch, const int *signals)
{
	sigset_t set;

	(void)sigemptyset(&set);
	for (; *signals; signals++)
		(void)sigaddset(&set, *signals);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return -EINVAL;
	watch->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return watch->fd < 0 ? -errno : loop_watch(loop, watch, LOOP_READ);
}

void loop_release_signals(struct watch *watch)
{
	sigset_t none;

	(void)close(watch->fd);
	watch->fd = -1;
	(void)sigemptyset(&none);
	(void)pthread_sigmask(SIG_SETMASK, &none, NULL);
}

int loop_take_signal(struct watch *watch)
{
	struct signalfd_siginfo info;

	if (read(watch->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}

int loop_watch_wakes(struct loop *loop, struct watch *watch)
{
	watch->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return watch->fd < 0 ? -errno : loop_watch(loop, watch, LOOP_READ);
}

void loop_wake(const struct watch *watch)
{
	(void)eventfd_write(watch->fd, 1);
}

void loop_take_wake(struct watch *watch)
{
	eventfd_t value;

	(void)eventfd_read(watch->fd, &value);
}

bool loop_may_write(int fd)
{
	struct pollfd wanted = { .fd = fd, .events = POLLOUT };

	return poll(&wanted, 1, 0) == 1 && wanted.revents & POLLOUT;
}

void loop_be_punctual(void)
{
	/* As sched_setattr(2) has it in its first version; glibc does not. */
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} slice = { .size = sizeof(slice), .runtime = SLICE };

	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	/* Since Linux 6.12 a short slice brings a thread to the processor sooner. */
	errno = 0;
	slice.nice = getpriority(PRIO_PROCESS, 0);
	if (errno == 0)
		(void)syscall(SYS_sched_setattr, 0, &slice, 0U);
}
