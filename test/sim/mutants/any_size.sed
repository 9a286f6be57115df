# SPDX-License-Identifier: MIT
# Believes a reply of any size.
s/channel->ops->echoes \&\& !channel->ops->elastic/false/
