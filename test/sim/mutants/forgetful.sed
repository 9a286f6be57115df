# SPDX-License-Identifier: MIT
# Forgets a probe once it has its fate.
s/return flight->key == \(uint32_t\)key \? flight : NULL;/return flight->key == (uint32_t)key \&\& flight->open ? flight : NULL;/
