# SPDX-License-Identifier: MIT
# Carries the bounds by the likeliest rate, as if it were the true one.
s/skew->low \* span, fast = skew->high \* span/skew->rate * span, fast = skew->rate * span/
