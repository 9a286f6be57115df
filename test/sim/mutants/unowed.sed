# SPDX-License-Identifier: MIT
# Asks on, however many answers a server owes.
/^bool lane_has_place/,/^}/s/ \&\& lane->owed < lane->channel.inflight.room//
