# SPDX-License-Identifier: MIT
# A closing probe is a probe.
s/if \(flight->closing\)$/if (false)/
