# SPDX-License-Identifier: MIT
# Believes whoever says that a probe was refused.
/^static void take_refusal/,/^}/s/\(flight->nonce \^ event->nonce\) & event->nonce_mask/false/
