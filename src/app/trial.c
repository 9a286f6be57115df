/* SPDX-License-Identifier: MIT */
#include "app/trial.h"

#include <errno.h>

#include "base/text.h"
#include "probe/session.h"

enum { HAPPENINGS = 16 };

#define RESOLVING_MOST (10 * NS_PER_SEC)

/* --- names --- */

static int cannot_resolve(const char *host, const char *reason, struct err *err)
{
	return err_set(err, -ENOENT, "cannot resolve '%s': %s", quote(host).text, reason);
}

static int await_answer(struct resolver *resolver, struct loop *loop,
                        struct resolver_answer *out)
{
	struct mono end = mono_add(clock_mono(), RESOLVING_MOST);
	struct happening happening;

	resolver->watch.kind = 0;
	int result = loop_watch(loop, &resolver->watch, LOOP_READ);

	while (result == 0 && (result = resolver_take(resolver, out)) == -EAGAIN) {
		if (!mono_before(clock_mono(), end))
			return -ETIMEDOUT;
		loop_arm(loop, end);
		(void)loop_wait(loop, &happening, 1);
		result = 0;
	}
	return result;
}

/* A thread that still looks the name up answers by the far end, which is left to it. */
static int ask_resolver(struct resolver *resolver, struct loop *loop, const char *host,
                        int family, struct resolver_answer *out)
{
	int result = resolver_ask(resolver, 0, host, family);

	if (result < 0)
		return result;
	result = await_answer(resolver, loop, out);
	if (result < 0)
		resolver->far = -1;
	return result;
}

static int look_up(const char *host, int family, struct resolver_answer *out, struct err *err)
{
	struct resolver resolver = { .watch.fd = -1, .far = -1 };
	struct loop loop;
	int result = loop_init_discreet(&loop);

	if (result == 0)
		result = resolver_init_threads(&resolver);
	if (result == 0)
		result = ask_resolver(&resolver, &loop, host, family, out);
	resolver_done(&resolver);
	loop_done(&loop);
	if (result < 0)
		return cannot_resolve(host, err_reason(result).text, err);
	if (out->error || out->count == 0)
		return cannot_resolve(host, out->reason, err);
	return 0;
}

int trial_resolve(const char *host, int family, struct resolver_answer *out, struct err *err)
{
	struct resolver_answer literal = { .count = 1 };

	if (address_parse(host, &literal.addresses[0]) < 0)
		return look_up(host, family, out, err);
	*out = literal;
	return 0;
}

/* --- whether an address answers --- */

static void ask(struct session *session, struct loop *loop)
{
	struct happening happenings[HAPPENINGS];

	while (!session_finished(session)) {
		struct mono next = session_step(session, clock_mono());

		if (session_finished(session))
			break;
		loop_arm(loop, next);
		int count = loop_wait(loop, happenings, HAPPENINGS);
		struct mono now = clock_mono();

		for (int i = 0; i < count; i++)
			session_heard(session, happenings[i].watch, now);
	}
}

bool trial_answers(const struct probe_ops *ops, const struct probe_options *probe,
                   const struct address *address)
{
	struct loop loop;
	struct session *session = NULL;
	struct session_options options = { .count = 1, .probe = *probe, .loop = &loop };
	struct session_target target = {
		.ops = ops,
		.name = ops->name,
		.addresses = address,
		.count = 1,
		.start = clock_mono(),
	};
	bool answered = false;

	options.probe.stamping = STAMPING_USER;
	if (loop_init_discreet(&loop) == 0 && session_new(&session, &options) == 0 &&
	    session_add(session, &target, NULL) >= 0) {
		ask(session, &loop);
		answered = session->targets[0]->tally.received > 0;
	}
	session_free(session);
	loop_done(&loop);
	return answered;
}
