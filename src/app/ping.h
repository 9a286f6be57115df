/* SPDX-License-Identifier: MIT */
/* ping -- `sounder ping`: asks, prints, and says by its exit code whether there was an answer. */
#pragma once

int ping_main(int argc, char **argv);
