# SPDX-License-Identifier: MIT
# Tells a delay below zero.
s/delay->low =.*$/delay->low = low - 2 * slack;/; s/^\s+span_max\(\(int64_t\)floor\(\(double\)low.*$//
