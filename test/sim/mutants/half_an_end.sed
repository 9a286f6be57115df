# SPDX-License-Identifier: MIT
# Leaves what was under way on a connection that has ended.
/^static void take_end/,/^}/s/settle_abandoned\(session, channel,.*$/(void)refused;/
