# SPDX-License-Identifier: MIT
# Bounds stay what they were, whatever the rate.
s/mono_since\(at, bounds\.at\)/0/
