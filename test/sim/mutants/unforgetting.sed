# SPDX-License-Identifier: MIT
# Keeps the bounds from before a step.
s/oneway->era = oneway->suspect;/oneway->suspect.bounds = oneway->era.bounds; oneway->era = oneway->suspect;/
