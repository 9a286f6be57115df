# SPDX-License-Identifier: MIT
# Takes the second SYN for the probe.
s/sample->retransmissions > 0 && channel->ops->retransmission_is_loss/false/
