# SPDX-License-Identifier: MIT
# Forgets that a key wraps on the wire.
s/return behind < newest \? newest - behind : 0;/return wire;/
