# SPDX-License-Identifier: MIT
# Calls lost what it found only after a stall.
s/mono_since\(session->now, expiry\) > OVERSLEPT/false/
