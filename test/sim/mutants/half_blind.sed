# SPDX-License-Identifier: MIT
# Carries bounds back in time as if it were forth.
s/floor\(fmin\(slow, fast\)\)/floor(slow)/; s/ceil\(fmax\(slow, fast\)\)/ceil(fast)/
