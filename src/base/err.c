/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

int err_set(struct err *err, int code, const char *format, ...)
{
	va_list arguments;

	if (!err)
		return code;
	va_start(arguments, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, arguments);
	va_end(arguments);
	return code;
}

struct err err_reason(int code)
{
	const char *name = strerrordesc_np(abs(code));
	struct err reason = { 0 };

	if (!name) {
		(void)snprintf(reason.text, sizeof(reason.text), "error %d", abs(code));
		return reason;
	}
	(void)snprintf(reason.text, sizeof(reason.text), "%s", name);
	reason.text[0] = char_lower(reason.text[0]);
	return reason;
}
