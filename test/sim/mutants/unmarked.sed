# SPDX-License-Identifier: MIT
# Counts no number that crossed the end of an interval.
s/mark->crossed \+= reply < mark->below/mark->crossed += 0/
