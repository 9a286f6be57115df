# SPDX-License-Identifier: MIT
# Sees no step of the wall clock.
s/bridge->offset >= least - SLACK \&\& bridge->offset <= most \+ SLACK/true/
