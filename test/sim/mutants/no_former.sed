# SPDX-License-Identifier: MIT
# Knows no answer from the address that was asked before.
/^static bool from_right_source/,/^}/s/target->former \&\&/false \&\&/
