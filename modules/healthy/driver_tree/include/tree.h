/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Returns the number that both modules of this tree know. */
int tree_number(void);
