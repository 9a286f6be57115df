# SPDX-License-Identifier: MIT
# Takes an answer after the time-out for an answer.
s/FATE_DUPLICATE : FATE_LATE/FATE_DUPLICATE : FATE_ANSWERED/
