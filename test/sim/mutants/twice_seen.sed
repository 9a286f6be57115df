# SPDX-License-Identifier: MIT
# Takes a reply that comes twice for two.
s/\? PLACE_SEEN/? PLACE_NEW/
