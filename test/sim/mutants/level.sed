# SPDX-License-Identifier: MIT
# Asks on a ramp as if it were level.
/^static double time_on_ramp/,/^}/s/slope = [^,]*,/slope = 0 * span,/
