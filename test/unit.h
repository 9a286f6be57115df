/* SPDX-License-Identifier: MIT */
/* unit -- cmocka with the headers it needs, and TEST() to name a claim. */
#pragma once

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define TEST(claim) static void claim(__attribute__((unused)) void **state)
