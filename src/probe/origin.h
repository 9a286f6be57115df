/* SPDX-License-Identifier: MIT */
/* origin -- whose word a reply is: from whom it comes, and whether it may be an answer. */
#pragma once

#include "probe/session.h"

/* The target that an address belongs to, among those on the channel; NULL when it is a stranger's. */
struct target *origin_at(const struct session *session, const struct channel *channel,
                         const struct address *address);

/* Somebody must be told of junk: whoever it pretends to come from, else the channel's first. */
struct target *origin_blamed(const struct session *session, const struct channel *channel,
                             const struct address *from);

/* Whether what was sent to one address may be answered from the other. */
bool origin_is_from(const struct probe_ops *ops, const struct address *asked,
                    const struct address *from);

/* Whether that is whom this probe was sent to. */
bool origin_is_asked(const struct target *target, const struct flight *flight,
                     const struct address *from);

/* 0, or why the reply is not an answer to this probe. */
int origin_judge(const struct channel *channel, const struct target *target,
                 const struct flight *flight, const struct event *event);
