# SPDX-License-Identifier: MIT
# Sends what is late at once, however close to the probe before.
s/mono_before\(session->now, earliest\)/false/
