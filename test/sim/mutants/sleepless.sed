# SPDX-License-Identifier: MIT
# Measures round trips that a sleep cut.
s/mono_before\(sample->called, session->resumed\)/false/
