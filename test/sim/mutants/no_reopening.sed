# SPDX-License-Identifier: MIT
# Never opens a connection again.
/^void channel_reopen/,/^}/s/mono_known\(channel->opened\) &&/true ||/
