# SPDX-License-Identifier: MIT
# Calls lost what was there in time and was read late by its own fault.
s/over <= 0 \|\| over > OVERSLEPT/over <= 0/
