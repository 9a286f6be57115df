# SPDX-License-Identifier: MIT
# Calls probes lost before it has read what has come.
/^void match_expire/,/^}/s/take_rounds\(session, channel, ROUNDS_AT_EXPIRY, 0\);//
