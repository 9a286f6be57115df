/* SPDX-License-Identifier: MIT */
/* load -- `sounder load`: many requests at a time, and what becomes of them. */
#pragma once

int load_main(int argc, char **argv); /* argv[0] is "load" */
