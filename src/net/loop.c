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

enum {
	BATCH = 256,
	SLICE = 100 * 1000, /* ns; the least the kernel grants */
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

int loop_init(struct loop *loop)
{
	/* Edge-triggered: an expiry is told once and need not be read. */
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	*loop = (struct loop){ .armed = MONO_NEVER };
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (loop->epoll < 0 || loop->timer < 0 ||
	    epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->timer, &event) < 0)
		return -errno;
	return 0;
}

void loop_done(struct loop *loop)
{
	if (loop->epoll >= 0)
		(void)close(loop->epoll);
	if (loop->timer >= 0)
		(void)close(loop->timer);
	loop->epoll = loop->timer = -1;
}

int loop_watch(struct loop *loop, struct watch *watch, unsigned interest)
{
	struct epoll_event event = { .events = events_of(interest), .data.ptr = watch };

	return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, watch->fd, &event) < 0 ? -errno : 0;
}

void loop_rewatch(struct loop *loop, struct watch *watch, unsigned interest)
{
	struct epoll_event event = { .events = events_of(interest), .data.ptr = watch };

	/* Changing what is registered allocates nothing and cannot fail. */
	(void)epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &event);
}

void loop_unwatch(struct loop *loop, struct watch *watch)
{
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

static int collect(struct loop *loop, struct happening *happenings, int room, int timeout)
{
	struct epoll_event events[BATCH];
	int count = epoll_wait(loop->epoll, events, room < BATCH ? room : BATCH, timeout);
	int filled = 0;

	for (int i = 0; i < count; i++) {
		if (!events[i].data.ptr) {
			loop->armed = MONO_NEVER; /* it went off: nothing is armed now */
			continue;
		}
		happenings[filled++] = (struct happening){
			.watch = events[i].data.ptr,
			.ready = ready_of(events[i].events),
		};
	}
	return filled;
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
