# SPDX-License-Identifier: MIT
# Lets a probe that never left end a run of losses.
s/flight_note\(flight\)->ordinal = \(uint32_t\)target->tally.transmitted;/flight_note(flight)->ordinal = (uint32_t)target->sequence;/
