# SPDX-License-Identifier: MIT
# Believes a reply whoever sent it.
s/!origin_is_asked\(target, flight, &event->from\)/false/
