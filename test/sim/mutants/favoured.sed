# SPDX-License-Identifier: MIT
# Lets the lane whose turn it was have the next one, too.
/^void lanes_turn/,/^}/s/^\tlist_remove.*/\tif (lane_has_place(lane, now))\n\t\treturn;\n&/
