# SPDX-License-Identifier: MIT
# Forgets a probe once it has its fate.
s/if \(key < first_key\(inflight\) \|\| key >= inflight->next\)/if (key < first_key(inflight) || key >= inflight->next || !slot(inflight, key)->open)/
