# SPDX-License-Identifier: MIT
# Believes any stamp.
/^bool sample_distrust/,/^}/s/^\{$/{ return (sample->tx = mono_known(sample->left) ? TAKEN_KERNEL : TAKEN_USER, sample->rx = mono_known(sample->arrived) ? TAKEN_KERNEL : TAKEN_USER, false);/
