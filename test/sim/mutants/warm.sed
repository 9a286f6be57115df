# SPDX-License-Identifier: MIT
# Counts what belongs to the warm-up.
s/plan->warmup > 0 \? mono_add\(start, plan->warmup\)/false ? start/
