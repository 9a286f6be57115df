# SPDX-License-Identifier: MIT
# Takes the stamp of a segment that was sent again.
s/!mono_known\(flight->left\) \&\&/true \&\&/
