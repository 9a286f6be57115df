/* SPDX-License-Identifier: MIT */
#include "net/resolver.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "net/endpoint.h"

enum {
	CHILD_SECONDS = 2, /* as long as callers wait: who has a place again has no child */
	KEEPER_WENT = SIGUSR1,
};

struct question {
	uint32_t id;
	int family;
	int reply_to;
	char host[HOST_MAX + 1];
};

static void say_why(struct resolver_answer *answer, int error)
{
	const char *why = error == EAI_SYSTEM ? strerrordesc_np(errno) : gai_strerror(error);

	(void)snprintf(answer->reason, sizeof(answer->reason), "%s",
	               why ? why : "unknown error");
	answer->reason[0] = char_lower(answer->reason[0]);
	answer->error = error == EAI_AGAIN ? -EAGAIN : -ENOENT;
}

static void copy_addresses(struct resolver_answer *answer, const struct addrinfo *found)
{
	for (; found && answer->count < RESOLVED_MAX; found = found->ai_next) {
		struct address *address = &answer->addresses[answer->count];

		if (found->ai_addrlen > sizeof(*address))
			continue;
		memcpy(address, found->ai_addr, found->ai_addrlen);
		answer->count++;
	}
}

static void look_up(const struct question *question)
{
	struct addrinfo hints = { .ai_family = question->family, .ai_socktype = SOCK_STREAM };
	struct resolver_answer answer = { .id = question->id };
	struct addrinfo *found = NULL;
	int error = getaddrinfo(question->host, NULL, &hints, &found);

	if (error)
		say_why(&answer, error);
	else
		copy_addresses(&answer, found);
	if (found)
		freeaddrinfo(found);
	(void)send(question->reply_to, &answer, sizeof(answer), MSG_NOSIGNAL);
}

static int open_pair(struct resolver *resolver)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	*resolver = (struct resolver){ .watch.fd = pair[0], .far = pair[1] };
	return 0;
}

int resolver_init_threads(struct resolver *resolver)
{
	return open_pair(resolver);
}

/* A question in a child of its own: it answers and goes, or is ended by its alarm. */
static void answer_in_child(struct question *question, int fd)
{
	pid_t pid = fork();
	sigset_t none;

	if (pid != 0)
		return;
	(void)prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0UL, 0UL, 0UL);
	(void)signal(SIGALRM, SIG_DFL);
	(void)sigemptyset(&none);
	(void)pthread_sigmask(SIG_SETMASK, &none, NULL);
	(void)alarm(CHILD_SECONDS);
	question->reply_to = fd;
	look_up(question);
	_exit(0);
}

static void ignore(int number)
{
	(void)number; /* it has interrupted a call, which was all */
}

/* The helper: reads questions until the server has gone; returns when its keeper has gone. */
static void help(int fd, pid_t keeper)
{
	const struct sigaction interrupts = { .sa_handler = ignore };
	struct question question;

	(void)signal(SIGCHLD, SIG_IGN); /* no zombies */
	(void)sigaction(KEEPER_WENT, &interrupts, NULL);
	while (getppid() == keeper) {
		ssize_t got = recv(fd, &question, sizeof(question), 0);

		question.host[HOST_MAX] = '\0';
		if (got == (ssize_t)sizeof(question))
			answer_in_child(&question, fd);
		else if (got >= 0 || errno != EINTR)
			_exit(0);
	}
	(void)signal(SIGCHLD, SIG_DFL);
}

/* Waits for the end of that child, and takes leave of others that end; false when it was no accident. */
static bool was_killed(pid_t pid)
{
	int status = 0;
	pid_t ended;

	do
		ended = waitpid(-1, &status, 0);
	while (ended != pid && (ended >= 0 || errno == EINTR));
	return ended == pid && !WIFEXITED(status);
}

/* Keeps one helper alive as long as the server is.  Should the keeper be killed, its helper takes its
 * place; where none can be forked, it helps alone. */
static void keep_helping(int fd)
{
	for (;;) {
		pid_t keeper = getpid(), pid = fork();

		if (pid == 0) {
			(void)prctl(PR_SET_PDEATHSIG, (unsigned long)KEEPER_WENT, 0UL, 0UL,
			            0UL);
			help(fd, keeper);
		} else if (pid < 0) {
			help(fd, getppid());
		} else if (!was_killed(pid)) {
			_exit(0);
		}
	}
}

int resolver_init_helper(struct resolver *resolver, int (*confine)(void))
{
	int result = open_pair(resolver);

	if (result < 0)
		return result;
	pid_t pid = fork();

	if (pid < 0) {
		result = -errno;
		resolver_done(resolver);
		return result;
	}
	if (pid == 0) {
		/* Whatever else the server holds, its own output too, is none of the helper's. */
		if (resolver->far > 0)
			(void)close_range(0, (unsigned)resolver->far - 1, 0);
		(void)close_range((unsigned)resolver->far + 1, ~0U, 0);
		(void)setsid(); /* Ctrl-C is for the server */
		(void)signal(SIGHUP, SIG_IGN);
		(void)signal(SIGINT, SIG_IGN);
		(void)signal(SIGTERM, SIG_IGN);
		(void)prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0UL, 0UL, 0UL);
		if (confine && confine() < 0)
			_exit(1);
		keep_helping(resolver->far);
	}
	(void)close(resolver->far);
	resolver->far = -1;
	return 0;
}

void resolver_done(struct resolver *resolver)
{
	if (resolver->watch.fd >= 0)
		(void)close(resolver->watch.fd);
	if (resolver->far >= 0)
		(void)close(resolver->far);
	resolver->watch.fd = resolver->far = -1;
}

static void *run_thread(void *argument)
{
	struct question *question = argument;

	look_up(question);
	free(question);
	return NULL;
}

static int ask_thread(const struct question *question)
{
	struct question *own = malloc(sizeof(*own));
	pthread_t thread;

	if (!own)
		return -ENOMEM;
	*own = *question;
	int error = pthread_create(&thread, NULL, run_thread, own);

	if (error) {
		free(own);
		return -error;
	}
	(void)pthread_detach(thread);
	return 0;
}

int resolver_ask(struct resolver *resolver, uint32_t id, const char *host, int family)
{
	struct question question = { .id = id, .family = family, .reply_to = resolver->far };

	(void)snprintf(question.host, sizeof(question.host), "%s", host);
	if (resolver->far >= 0)
		return ask_thread(&question);
	return send(resolver->watch.fd, &question, sizeof(question),
	            MSG_NOSIGNAL | MSG_DONTWAIT) < 0
	               ? -errno
	               : 0;
}

int resolver_take(struct resolver *resolver, struct resolver_answer *answer)
{
	ssize_t got = recv(resolver->watch.fd, answer, sizeof(*answer), MSG_DONTWAIT);

	if (got < 0)
		return -errno;
	if (got != (ssize_t)sizeof(*answer))
		return -EPIPE;
	answer->reason[sizeof(answer->reason) - 1] = '\0';
	answer->count = answer->count < RESOLVED_MAX ? answer->count : RESOLVED_MAX;
	return 0;
}
