# SPDX-License-Identifier: MIT
# Counts a second answer once more.
s/FATE_DUPLICATE : FATE_LATE/FATE_ANSWERED : FATE_LATE/
