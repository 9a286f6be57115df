# SPDX-License-Identifier: MIT
# Believes no follow-up.
s/held->sent = far->followed_left;//
