# SPDX-License-Identifier: MIT
# Asks once more than is enough.
s/CLOSINGS_MOST = 3/CLOSINGS_MOST = 4/
