# SPDX-License-Identifier: MIT
# Takes slopes across a step.
/^static void begin_anew/,/^}/s/skew_forget\(&oneway->skew\);/;/
