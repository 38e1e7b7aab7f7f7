// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: registers a thing of each of many kinds, and takes all of them back.
 */
#include "kinds.h"

static int __init registers_everything_init(void)
{
	int error;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		error = kinds[i].add();
		if (error)
			goto failed;
	}
	return 0;
failed:
	pr_err("%s: %d\n", kinds[i].name, error);
	while (i-- > 0)
		kinds[i].remove();
	return error;
}

static void __exit registers_everything_exit(void)
{
	size_t i = ARRAY_SIZE(kinds);

	while (i-- > 0)
		kinds[i].remove();
}

module_init(registers_everything_init);
module_exit(registers_everything_exit);

MODULE_DESCRIPTION("Healthy: takes back all that it registers");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
