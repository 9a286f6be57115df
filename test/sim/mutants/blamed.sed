# SPDX-License-Identifier: MIT
# Takes a wait for a place in flight for its own lateness.
/^static void note_lag/,/^}/s/is_open_loop\(driver\) \&\& .*\)\)$/is_open_loop(driver))/
