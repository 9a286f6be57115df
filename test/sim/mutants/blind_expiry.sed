# SPDX-License-Identifier: MIT
# Calls probes lost before it has read what has come.
/^void match_expire/,/^}/s/match_events\(session, channel\);//
