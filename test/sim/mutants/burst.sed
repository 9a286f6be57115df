# SPDX-License-Identifier: MIT
# Sends all that is due after a stall, one after another.
s/mono_since\(session->now, target->due\) >= interval\b/false/
s/mono_before\(session->now, earliest\)/false/
