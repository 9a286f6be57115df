# SPDX-License-Identifier: MIT
# Waits for a stamp for ever.
s/MOMENT = 10 \* 1000 \* 1000,/MOMENT = 2000 * 1000 * 1000,/
