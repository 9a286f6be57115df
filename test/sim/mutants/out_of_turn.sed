# SPDX-License-Identifier: MIT
# Tells an answer that need not wait before those that do.
s/!wait \&\& join->count == 0/!wait/
