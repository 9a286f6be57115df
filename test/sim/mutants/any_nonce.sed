# SPDX-License-Identifier: MIT
# Believes a reply whatever nonce it carries.
/^int origin_judge/,/^}/s/\(flight->nonce \^ event->nonce\) & event->nonce_mask/false/
