# SPDX-License-Identifier: MIT
# Counts a loss in the interval in which it timed out.
s/intervals_of\(session, target, sample->due\)/intervals_of(session, target, session->now)/
