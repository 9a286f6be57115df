# SPDX-License-Identifier: MIT
# Of what may be of either side, all is before the cut.
s/return range;/range.low = range.high; return range;/
