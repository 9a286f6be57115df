# SPDX-License-Identifier: MIT
# Tells an interval while a probe of it may still leave.
s/!\(pending \&\& mono_before\(target->due, interval->to\)\)/true/
