# SPDX-License-Identifier: MIT
# Believes whoever says that it is synchronised.
s/told\.known && stamped\.low > stamped\.high/false/
