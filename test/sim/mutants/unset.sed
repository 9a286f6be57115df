# SPDX-License-Identifier: MIT
# Suspects no step.
s/return step\.drop > ONEWAY_STEP_LEAST/return false/
