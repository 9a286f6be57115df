# SPDX-License-Identifier: MIT
# Waits for a channel's stamps however many have not come.
s/channel->unstamped < UNSTAMPED_MOST/true/
