# SPDX-License-Identifier: MIT
# Measures by the wall clock.
/^static void take_reply/,/^}/s/sample\.read = event->read;/sample.read = mono_add(event->read, session->wall_offset);/
