/* SPDX-License-Identifier: MIT */
#include "probe/tell.h"

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

void tell_event(const struct session *session, const struct target *target,
                struct notice notice)
{
	notice.wall = (struct wall){ session->now.ns + session->wall_offset };
	for (size_t i = 0; i < session->sink_count; i++)
		if (session->sinks[i].ops->event)
			session->sinks[i].ops->event(session->sinks[i].state, target, &notice);
}

void session_report(struct session *session)
{
	for (size_t t = 0; t < session->target_count; t++)
		for (size_t i = 0; i < session->sink_count && session->targets[t]; i++)
			if (session->sinks[i].ops->interval)
				session->sinks[i].ops->interval(session->sinks[i].state,
				                                session->targets[t]);
}

void session_conclude(struct session *session)
{
	for (size_t t = 0; t < session->target_count; t++)
		for (size_t i = 0; i < session->sink_count && session->targets[t]; i++)
			if (session->sinks[i].ops->summary)
				session->sinks[i].ops->summary(session->sinks[i].state,
				                               session->targets[t]);
	for (size_t i = 0; i < session->sink_count; i++)
		if (session->sinks[i].ops->done)
			session->sinks[i].ops->done(session->sinks[i].state);
}
