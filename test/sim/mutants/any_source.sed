# SPDX-License-Identifier: MIT
# Believes a reply whoever sent it.
s/!from_right_source\(target, flight, &event->from\)/false/
