/* SPDX-License-Identifier: MIT */
#include "core/synchrony.h"

#include <sys/timex.h>

#include "core/clock.h"

/* What the kernel itself says before anybody has set its clock: NTP_PHASE_LIMIT. */
#define ERROR_UNTOLD (16 * NS_PER_SEC)

struct synchrony synchrony_of(int state, const struct timex *timex)
{
	if (state < 0)
		return (struct synchrony){ .error = ERROR_UNTOLD,
			                   .maximum_error = ERROR_UNTOLD };
	/* Both errors are in microseconds, whatever STA_NANO says of the offset. */
	return (struct synchrony){
		.synchronised = state != TIME_ERROR && !(timex->status & STA_UNSYNC),
		.error = timex->esterror * NS_PER_US,
		.maximum_error = timex->maxerror * NS_PER_US,
		.tai_offset = timex->tai,
	};
}

struct synchrony synchrony_now(void)
{
	struct timex timex = { .modes = 0 };
	int state = adjtimex(&timex);

	return synchrony_of(state, &timex);
}
