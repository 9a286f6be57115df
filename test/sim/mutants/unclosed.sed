# SPDX-License-Identifier: MIT
# Asks nothing behind the last probe.
/^static bool is_needed/,/^}/s/return target->reflection/return false/
