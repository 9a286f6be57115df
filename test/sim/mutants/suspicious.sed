# SPDX-License-Identifier: MIT
# Gives up a connection for what another one lost.
s/target->lost_in_a_row = 0; .*over the connection before.*//
