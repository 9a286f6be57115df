# SPDX-License-Identifier: MIT
# Lets a probe that never left end a run of losses.
s/flight->ordinal = \(uint32_t\)target->tally.transmitted;/flight->ordinal = (uint32_t)target->sequence;/
