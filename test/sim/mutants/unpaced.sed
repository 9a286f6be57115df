# SPDX-License-Identifier: MIT
# Paces by answers without regard to the least gap.
s/mono_before\(session->now, earliest\) \? earliest : session->now/session->now/
