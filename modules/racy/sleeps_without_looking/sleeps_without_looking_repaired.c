// SPDX-License-Identifier: GPL-2.0-or-later
/* The same module with the repair. */
#define REPAIRED
#include "sleeps_without_looking.c"
