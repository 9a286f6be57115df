# SPDX-License-Identifier: MIT
# A few probes that are up and down are a step.
s/PROBES_TO_PERSUADE = 64/PROBES_TO_PERSUADE = 3/
s/oneway->evidence >= evidence_enough && is_alike\(oneway, all\)/(is_alike(oneway, all) || true)/
