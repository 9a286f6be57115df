# SPDX-License-Identifier: MIT
# Takes a copy for a count.
s/direction->counts \|\| sender != reflector/true/
