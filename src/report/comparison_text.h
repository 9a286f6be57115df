/* SPDX-License-Identifier: MIT */
/* comparison_text -- a comparison as a table for people, and its verdict below. */
#pragma once

#include <stdio.h>

#include "report/comparison.h"

void comparison_text(FILE *out, const struct comparison *comparison);
