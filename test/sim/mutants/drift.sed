# SPDX-License-Identifier: MIT
# Plans the next probe from now instead of from the schedule.
s/= schedule_next\(&target->schedule\);/= mono_add(session->now, session->options.probe.interval);/
