# SPDX-License-Identifier: MIT
# Plans the next probe from now instead of from the schedule.
s/return schedule_next\(&target->schedule\);/return mono_add(session->now, session->options.probe.interval);/
