# SPDX-License-Identifier: MIT
# Tells a delay below zero.
s/delay->low = span_max\((.*) - slack, 0\);/delay->low = \1 - slack;/
