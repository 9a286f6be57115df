# SPDX-License-Identifier: MIT
# Does not wait for stamps.
s/bool wait = must_wait\(channel, flight\);/bool wait = false;/
