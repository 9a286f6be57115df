# SPDX-License-Identifier: MIT
# Leaves no key out, whoever occupies its place, and finds no more room.
/^static int make_shared/,/^}/s/inflight\.skips = /inflight.skips = false \&\& /
/^bool channel_grow/,/^}/s/room <= places_of/false \&\& room <= places_of/
