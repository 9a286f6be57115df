# SPDX-License-Identifier: MIT
# Leaves the probes of a target that was removed to whoever takes its place.
/^void session_remove/,/^}/s/forget_flights\(&channel->inflight, index\);//
