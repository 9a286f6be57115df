# SPDX-License-Identifier: MIT
# A closing probe is measured like any other.
/^struct reflection_news reflection_heard_closing/,/^}/s/news.followed = follow\(reflection, far\);/news.followed = follow(reflection, far); stats_add(\&reflection->rtt, 0, 1);/
