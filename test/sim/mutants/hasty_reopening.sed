# SPDX-License-Identifier: MIT
# Opens a connection again as often as it ends.
/^void channel_reopen/,/^}/s/mono_known\(channel->opened\) &&/false \&\&/
