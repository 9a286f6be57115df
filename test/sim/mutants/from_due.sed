# SPDX-License-Identifier: MIT
# Measures from when a probe should have left.
s/\.called = flight->called,/.called = flight->due,/
