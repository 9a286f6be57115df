# SPDX-License-Identifier: MIT
# Believes a reply of any size.
s/channel->ops->echoes && event->bytes != channel->options->size/false/
