# SPDX-License-Identifier: MIT
# Connects again at once to a server that has refused.
/^void fates_end/,/^}/s/if \(!paced\)/if (false)/
