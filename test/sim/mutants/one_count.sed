# SPDX-License-Identifier: MIT
# Knows of no restart.
s/place != PLACE_NEW && probe >= direction->whole\.last/false/
