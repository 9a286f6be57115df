# SPDX-License-Identifier: MIT
# Tells nobody of requests that were due and could not leave.
s/driver_counts\(driver\)->unsent \+= arrivals_skip/(void)arrivals_skip/
