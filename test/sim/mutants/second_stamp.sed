# SPDX-License-Identifier: MIT
# Takes the stamp of a segment that was sent again.
s/!mono_known\(more->left\) \&\&/true \&\&/
