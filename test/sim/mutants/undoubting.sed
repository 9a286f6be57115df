# SPDX-License-Identifier: MIT
# A missing number is always that of a lost probe.
s/if \(direction->duplicates == 0\)/if (true)/
