/* SPDX-License-Identifier: MIT */
/* puppet -- has a thread of another process make system calls, as if somebody had taken it over.
 *
 *   puppet TID NUMBER [ARGUMENT...]   one call: prints what it returns, a negative errno when it fails
 *
 * An ARGUMENT is a number, or text that is put on the thread's stack, or "@" and bytes in hexadecimal,
 * which are put there, too.  The thread must wait in a call of its own, which goes on afterwards: behind
 * the instruction that made it is where it is stopped.
 * x86-64 only. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

enum { ARGUMENTS = 6, TEXT_ROOM = 128, BELOW = 4096, INSTRUCTION_BYTES = 2 };

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void await_stop(pid_t tid)
{
	int status = 0;

	if (waitpid(tid, &status, __WALL) < 0 || !WIFSTOPPED(status))
		fail("wait");
}

/* Text or the bytes it spells. */
static void fill(char *out, const char *text)
{
	if (*text != '@') {
		(void)snprintf(out, TEXT_ROOM, "%s", text);
		return;
	}
	for (text++; text[0] && text[1]; text += 2) {
		const char digits[] = { text[0], text[1], '\0' };

		*out++ = (char)strtoul(digits, NULL, 16);
	}
}

/* Its value, or the address of its text. */
static unsigned long long place(pid_t tid, const char *text, unsigned long long at)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 0);
	char copy[TEXT_ROOM] = { 0 };
	struct iovec here = { copy, sizeof(copy) }, there = { (void *)at, sizeof(copy) };

	if (*text && !*end)
		return value;
	fill(copy, text);
	if (process_vm_writev(tid, &here, 1, &there, 1, 0) != (ssize_t)sizeof(copy))
		fail("write");
	return at;
}

/* Whether the instruction behind which it is stopped is the one that makes calls. */
static int is_behind_call(pid_t tid)
{
	static const unsigned char call[INSTRUCTION_BYTES] = { 0x0f, 0x05 };
	unsigned char found[INSTRUCTION_BYTES] = { 0 };
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &regs) < 0)
		fail("registers");
	struct iovec here = { found, sizeof(found) },
		     there = { (void *)(regs.rip - INSTRUCTION_BYTES), sizeof(found) };

	return process_vm_readv(tid, &here, 1, &there, 1, 0) == (ssize_t)sizeof(found) &&
	       memcmp(found, call, sizeof(call)) == 0;
}

/* Stops it where it waits: it may be at work when it is first looked at. */
static void catch (pid_t tid)
{
	for (;;) {
		if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) < 0 ||
		    ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) < 0)
			fail("attach");
		await_stop(tid);
		if (is_behind_call(tid))
			return;
		(void)ptrace(PTRACE_DETACH, tid, NULL, NULL);
		(void)sched_yield();
	}
}

/* Steps over the one instruction; a stop may be for another reason. */
static struct user_regs_struct step(pid_t tid, unsigned long long from)
{
	struct user_regs_struct regs;

	do {
		if (ptrace(PTRACE_SINGLESTEP, tid, NULL, NULL) < 0)
			fail("step");
		await_stop(tid);
		if (ptrace(PTRACE_GETREGS, tid, NULL, &regs) < 0)
			fail("registers");
	} while (regs.rip == from);
	return regs;
}

static long long make_call(pid_t tid, char **words, int count)
{
	struct user_regs_struct before, regs;
	unsigned long long values[ARGUMENTS] = { 0 };

	if (ptrace(PTRACE_GETREGS, tid, NULL, &before) < 0)
		fail("registers");
	regs = before;
	for (int i = 1; i < count && i <= ARGUMENTS; i++)
		values[i - 1] = place(tid, words[i],
		                      (regs.rsp & ~15ULL) - BELOW + (unsigned)i * TEXT_ROOM);
	regs.rip -= INSTRUCTION_BYTES;
	regs.orig_rax = ~0ULL; /* nothing is to be begun again */
	regs.rax = strtoull(words[0], NULL, 0);
	regs.rdi = values[0];
	regs.rsi = values[1];
	regs.rdx = values[2];
	regs.r10 = values[3];
	regs.r8 = values[4];
	regs.r9 = values[5];
	if (ptrace(PTRACE_SETREGS, tid, NULL, &regs) < 0)
		fail("registers");
	regs = step(tid, regs.rip);
	if (ptrace(PTRACE_SETREGS, tid, NULL, &before) < 0)
		fail("registers");
	return (long long)regs.rax;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	pid_t tid = (pid_t)strtol(argv[1], NULL, 10);

	catch (tid);
	printf("%lld\n", make_call(tid, argv + 2, argc - 2));
	(void)ptrace(PTRACE_DETACH, tid, NULL, NULL);
	return 0;
}
