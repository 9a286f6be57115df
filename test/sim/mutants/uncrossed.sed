# SPDX-License-Identifier: MIT
# No probe overtakes another across the end of an interval.
s/in_order = direction->overtaken == 0/in_order = true/
