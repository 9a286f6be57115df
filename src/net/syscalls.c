/* SPDX-License-Identifier: MIT */
#include "net/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/net_tstamp.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define WHOLE 0xffffffffU /* an int: what is above it is not looked at */
#define WRITING (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND)
#define NAMESPACES                                                                     \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	 CLONE_NEWPID | CLONE_NEWNET | CLONE_UNTRACED)

/* With any arguments.  The way of every byte comes first. */
static const char *const always[] = {
	"epoll_wait", "epoll_pwait", "epoll_pwait2", "recvmsg", "recvmmsg", "recvfrom",
	"sendmsg", "sendmmsg", "sendto", "read", "write", "readv", "writev", "accept4",
	"accept", "close", "epoll_ctl", "futex", "timerfd_settime",
	/* sockets, once they are made */
	"bind", "connect", "listen", "shutdown", "getsockname", "getpeername", "getsockopt",
	"setsockopt",
	/* waiting, and the time */
	"epoll_create1", "poll", "ppoll", "select", "pselect6", "eventfd2", "signalfd4",
	"timerfd_create", "timerfd_gettime", "nanosleep", "clock_nanosleep", "restart_syscall",
	"clock_gettime", "clock_getres", "gettimeofday", "time", "times",
	/* descriptors, and files as far as the fence lets them be seen */
	"pipe2", "dup", "dup2", "dup3", "close_range", "fstat", "newfstatat", "stat", "lstat",
	"statx", "lseek", "pread64", "getdents64", "readlink", "readlinkat", "access",
	"faccessat",
	/* memory */
	"brk", "munmap", "mremap", "madvise",
	/* signals that come */
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait",
	"sigaltstack",
	/* the process, about itself */
	"exit", "exit_group", "getpid", "getppid", "gettid", "getuid", "geteuid", "getgid",
	"getegid", "getrusage", "getrlimit", "getcpu", "uname", "sysinfo", "getrandom",
	"adjtimex", "clock_adjtime", /* to read: setting takes a capability */
	"sched_yield", "sched_getaffinity", "getpriority", "set_robust_list", "rseq",
	"membarrier"
};

/* A call that is allowed while some bits of one of its arguments have a value. */
struct condition {
	const char *call;
	unsigned more;     /* the bit of enum syscalls_more that must be asked for; 0: none */
	unsigned argument; /* its number, from 0 */
	unsigned mask, value; /* 0: no matter */
};

/* Process 0 is the caller.  clone() has its flags first on all machines but s390. */
static const struct condition conditions[] = {
	{ "openat", 0, 2, WRITING, O_RDONLY },
	{ "open", 0, 1, WRITING, O_RDONLY },
	{ "mprotect", 0, 2, PROT_EXEC, 0 },
	{ "mmap", 0, 2, PROT_EXEC, 0 },
	{ "mmap", SYSCALLS_MODULES, 3, MAP_ANONYMOUS, 0 }, /* what is executable is a file */
	{ "socket", 0, 0, WHOLE, AF_UNIX },
	{ "socketpair", 0, 0, WHOLE, AF_UNIX },
	{ "ioctl", 0, 1, WHOLE, FIONREAD },
	{ "ioctl", 0, 1, WHOLE, FIONBIO },
	{ "ioctl", 0, 1, WHOLE, SIOCGIFINDEX },
	{ "ioctl", 0, 1, WHOLE, SIOCGIFNAME },
	{ "ioctl", 0, 1, WHOLE, SIOCETHTOOL },
	{ "ioctl", 0, 1, WHOLE, SIOCGHWTSTAMP },
	{ "fcntl", 0, 1, WHOLE, F_GETFD },
	{ "fcntl", 0, 1, WHOLE, F_SETFD },
	{ "fcntl", 0, 1, WHOLE, F_GETFL },
	{ "fcntl", 0, 1, WHOLE, F_SETFL },
	{ "fcntl", 0, 1, WHOLE, F_DUPFD },
	{ "fcntl", 0, 1, WHOLE, F_DUPFD_CLOEXEC },
	{ "fcntl", SYSCALLS_MODULES, 1, WHOLE, F_GETLK },
	{ "fcntl", SYSCALLS_MODULES, 1, WHOLE, F_SETLK },
	{ "fcntl", SYSCALLS_MODULES, 1, WHOLE, F_SETLKW },
	{ "prlimit64", 0, 0, WHOLE, 0 },
	{ "sched_setattr", 0, 0, WHOLE, 0 },
	{ "prctl", 0, 0, WHOLE, PR_SET_NAME },
	{ "prctl", 0, 0, WHOLE, PR_GET_NAME },
	{ "prctl", 0, 0, WHOLE, PR_SET_TIMERSLACK },
	{ "prctl", SYSCALLS_CHILDREN, 0, WHOLE, PR_SET_PDEATHSIG },
	{ "clone", SYSCALLS_THREADS, 0, NAMESPACES | CLONE_THREAD, CLONE_THREAD },
	{ "clone", SYSCALLS_CHILDREN, 0, NAMESPACES, 0 },
	{ "wait4", SYSCALLS_CHILDREN, 0, 0, 0 },
	{ "waitid", SYSCALLS_CHILDREN, 0, 0, 0 },
	{ "alarm", SYSCALLS_CHILDREN, 0, 0, 0 },
	{ "setitimer", SYSCALLS_CHILDREN, 0, 0, 0 },
	{ "statfs", SYSCALLS_MODULES, 0, 0, 0 },
	{ "fstatfs", SYSCALLS_MODULES, 0, 0, 0 },
	{ "flock", SYSCALLS_MODULES, 0, 0, 0 },
};

static struct scmp_arg_cmp has_bits(unsigned argument, unsigned mask, unsigned value)
{
	return (struct scmp_arg_cmp){ argument, SCMP_CMP_MASKED_EQ, mask, value };
}

static int allow(scmp_filter_ctx filter, const char *call, unsigned count,
                 const struct scmp_arg_cmp *arguments)
{
	int number = seccomp_syscall_resolve_name(call);

	if (number == __NR_SCMP_ERROR)
		return -ENOSYS;
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, count, arguments);
}

static int allow_on_condition(scmp_filter_ctx filter, const struct condition *condition)
{
	struct scmp_arg_cmp bits =
		has_bits(condition->argument, condition->mask, condition->value);

	return allow(filter, condition->call, condition->mask ? 1 : 0, &bits);
}

static int allow_listed(scmp_filter_ctx filter, unsigned more)
{
	int result = 0;

	for (size_t i = 0; i < COUNT(always) && result == 0; i++)
		result = allow(filter, always[i], 0, NULL);
	for (size_t i = 0; i < COUNT(conditions) && result == 0; i++)
		if (!conditions[i].more || conditions[i].more & more)
			result = allow_on_condition(filter, &conditions[i]);
	return result;
}

static int allow_socket(scmp_filter_ctx filter, unsigned family, unsigned type,
                        unsigned protocol)
{
	const struct scmp_arg_cmp arguments[] = { has_bits(0, WHOLE, family),
		                                  has_bits(1, 0xf, type),
		                                  has_bits(2, WHOLE, protocol) };

	return allow(filter, "socket", COUNT(arguments), arguments);
}

/* Protocols by name: for another the kernel might load a module. */
static int allow_internet(scmp_filter_ctx filter, unsigned family, bool raw)
{
	static const struct {
		unsigned type, protocol;
	} sockets[] = {
		{ SOCK_STREAM, 0 },
		{ SOCK_STREAM, IPPROTO_TCP },
		{ SOCK_DGRAM, 0 },
		{ SOCK_DGRAM, IPPROTO_UDP },
		{ SOCK_DGRAM, IPPROTO_ICMP },
		{ SOCK_DGRAM, IPPROTO_ICMPV6 },
		{ SOCK_RAW, IPPROTO_ICMP },
		{ SOCK_RAW, IPPROTO_ICMPV6 },
	};
	int result = 0;

	for (size_t i = 0; i < COUNT(sockets) && result == 0; i++)
		if (raw || sockets[i].type != SOCK_RAW)
			result = allow_socket(filter, family, sockets[i].type,
			                      sockets[i].protocol);
	return result;
}

/* By a netlink socket a process learns which addresses and routes the host has. */
static int allow_sockets(scmp_filter_ctx filter, bool raw)
{
	int result = allow_internet(filter, AF_INET, raw);

	if (result == 0)
		result = allow_internet(filter, AF_INET6, raw);
	if (result == 0)
		result = allow_socket(filter, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	if (result == 0)
		result = allow_socket(filter, AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE);
	return result;
}

/* clone3() keeps its flags in memory, where no filter sees them: the C library takes clone() where
 * there is none.  A signal is for a thread of this process: that is how abort() works. */
static int allow_special(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp own = has_bits(0, WHOLE, (unsigned)getpid());
	int result = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(ENOSYS),
	                                    seccomp_syscall_resolve_name("clone3"), 0, NULL);

	return result < 0 ? result : allow(filter, "tgkill", 1, &own);
}

static int fill(scmp_filter_ctx filter, unsigned more)
{
	int result = allow_listed(filter, more);

	if (result == 0)
		result = allow_sockets(filter, more & SYSCALLS_RAW_ICMP);
	if (result == 0)
		result = allow_special(filter);
	return result;
}

/* A binary tree is walked faster than a list, and nothing here needs the kernel's guard against
 * foreign code within the process, which slows it all down: older kernels and libraries know neither. */
static int load(scmp_filter_ctx filter)
{
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
	int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM));

	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	return result < 0 ? result : seccomp_load(filter);
}

int syscalls_restrict(unsigned more)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));

	if (!filter)
		return -ENOMEM;
	int result = fill(filter, more);

	if (result == 0)
		result = load(filter);
	seccomp_release(filter);
	return result;
}
