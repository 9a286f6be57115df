# SPDX-License-Identifier: MIT
# Believes an answer whatever nonce it carries.
/^bool lane_is_answer/,/^}/s/\(\(flight->nonce \^ event->nonce\) \& event->nonce_mask\) == 0/true/
