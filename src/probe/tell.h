/* SPDX-License-Identifier: MIT */
/* tell -- passing the facts of a session on to its sinks. */
#pragma once

#include "probe/session.h"

void tell_start(const struct session *session, const struct target *target);
void tell_sample(const struct session *session, const struct target *target,
                 const struct sample *sample);
void tell_followed(const struct session *session, const struct target *target);
void tell_event(const struct session *session, const struct target *target,
                struct notice notice);
void tell_interval(const struct session *session, const struct target *target,
                   struct interval *interval);
void tell_outage(const struct session *session, const struct target *target,
                 const struct loss_run *run);
