// SPDX-License-Identifier: GPL-2.0-or-later
/* The same module with the repair. */
#define REPAIRED
#include "callback_without_barrier.c"
