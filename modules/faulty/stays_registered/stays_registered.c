// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faulty on purpose: registers one thing, named by its parameter, and is
 * unloaded without taking it back. The kernel has an address in freed memory
 * from then on, and uses it at some later time.
 */
#include "kinds.h"

static char *what = "file_system";
module_param(what, charp, 0);

static bool undo;
module_param(undo, bool, 0);

static const struct kind *registered;

static int __init stays_registered_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].name, what))
			continue;
		registered = &kinds[i];
		return registered->add();
	}
	return -EINVAL;
}

static void __exit stays_registered_exit(void)
{
	if (undo)
		registered->remove();
}

module_init(stays_registered_init);
module_exit(stays_registered_exit);

MODULE_DESCRIPTION("Faulty on purpose: stays registered");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
