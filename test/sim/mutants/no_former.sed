# SPDX-License-Identifier: MIT
# Knows no answer from the address that was asked before.
/^bool origin_is_asked/,/^}/s/target->former \&\&/false \&\&/
