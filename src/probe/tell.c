/* SPDX-License-Identifier: MIT */
#include "probe/tell.h"

#include "probe/intervals.h"
#include "probe/reflection.h"

void tell_start(const struct session *session, const struct target *target)
{
	for (size_t i = 0; i < session->sink_count; i++)
		if (session->sinks[i].ops->start)
			session->sinks[i].ops->start(session->sinks[i].state, target);
}

void tell_sample(const struct session *session, const struct target *target,
                 const struct sample *sample)
{
	for (size_t i = 0; i < session->sink_count; i++)
		if (session->sinks[i].ops->sample)
			session->sinks[i].ops->sample(session->sinks[i].state, target, sample);
}

void tell_followed(const struct session *session, const struct target *target)
{
	for (size_t i = 0; i < session->sink_count; i++)
		if (session->sinks[i].ops->followed)
			session->sinks[i].ops->followed(session->sinks[i].state, target,
			                                &target->reflection->better);
}

void tell_event(const struct session *session, const struct target *target,
                struct notice notice)
{
	notice.wall = (struct wall){ session->now.ns + session->wall_offset };
	for (size_t i = 0; i < session->sink_count; i++)
		if (session->sinks[i].ops->event)
			session->sinks[i].ops->event(session->sinks[i].state, target, &notice);
}

void tell_interval(const struct session *session, const struct target *target,
                   struct interval *interval)
{
	for (size_t i = 0; i < session->sink_count; i++)
		if (session->sinks[i].ops->interval)
			session->sinks[i].ops->interval(session->sinks[i].state, target,
			                                interval);
}

void tell_outage(const struct session *session, const struct target *target,
                 const struct loss_run *run)
{
	struct notice notice = {
		.kind = NOTICE_OUTAGE,
		.sequence = run->first,
		.length = run->length,
		.span = run->span,
	};

	tell_event(session, target, notice);
}

void session_failed(struct session *session, const struct sink_failure *failure)
{
	for (size_t i = 0; i < session->sink_count; i++)
		if (session->sinks[i].ops->failed)
			session->sinks[i].ops->failed(session->sinks[i].state, failure);
}

void session_report(struct session *session)
{
	for (size_t t = 0; t < session->target_count; t++)
		for (size_t i = 0; i < session->sink_count && session->targets[t]; i++)
			if (session->sinks[i].ops->standing)
				session->sinks[i].ops->standing(session->sinks[i].state,
				                                session->targets[t]);
}

static void end_losses(const struct session *session)
{
	struct loss_run run;

	for (size_t t = 0; t < session->target_count; t++)
		if (session->targets[t] && losses_end(&session->targets[t]->losses, &run))
			tell_outage(session, session->targets[t], &run);
}

void session_conclude(struct session *session)
{
	intervals_conclude(session);
	end_losses(session);
	for (size_t t = 0; t < session->target_count; t++)
		if (session->targets[t] && session->targets[t]->reflection)
			reflection_conclude(session->targets[t]->reflection);
	for (size_t t = 0; t < session->target_count; t++)
		for (size_t i = 0; i < session->sink_count && session->targets[t]; i++)
			if (session->sinks[i].ops->summary)
				session->sinks[i].ops->summary(session->sinks[i].state,
				                               session->targets[t]);
	for (size_t i = 0; i < session->sink_count; i++)
		if (session->sinks[i].ops->done)
			session->sinks[i].ops->done(session->sinks[i].state);
}
