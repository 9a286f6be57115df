# SPDX-License-Identifier: MIT
# Corrects nothing: times from the sending, in an open loop too.
/^void ledger_answered/,/^}/s/\&tally->corrected, mono_since\(read, flight->due\)/\&tally->corrected, mono_since(read, flight->called)/
