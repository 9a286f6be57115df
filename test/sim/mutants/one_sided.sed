# SPDX-License-Identifier: MIT
# Forgets that reverse differences fall as the far clock gains.
s/-slope\(earlier->reverse, later->reverse\)/slope(earlier->reverse, later->reverse)/
