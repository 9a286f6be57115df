# SPDX-License-Identifier: MIT
# Takes any follow-up for that of the reply before.
s/ \|\| far->followed != held->sequence//
