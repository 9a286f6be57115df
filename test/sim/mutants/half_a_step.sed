# SPDX-License-Identifier: MIT
# Believes what was stamped before a step, once the step has been seen.
/^static bool is_convertible/,/^}/s/return .*/return flight || channel;/
