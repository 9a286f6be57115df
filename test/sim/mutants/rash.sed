# SPDX-License-Identifier: MIT
# One probe makes a step.
s/PROBES_TO_CONFIRM = 3/PROBES_TO_CONFIRM = 1/
