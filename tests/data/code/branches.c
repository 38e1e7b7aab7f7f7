// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * branches.ko, for tests of kernel/code. Its lines are known to them. Made in this folder with gcc 12 by:
 *
 *   gcc-12 -g -O2 -fcf-protection=none -fno-asynchronous-unwind-tables -fstack-protector-all -mcmodel=kernel -fno-pic \
 *     -I$PWD/include -ffile-prefix-map=$PWD=/src/branches -ffile-prefix-map=$PWD/include=/src/include \
 *     -c branches.c -o branches.ko
 */
#include <helper.h>

extern void reached(int);

int branches_of_its_own(int number)
{
	if (number > 3)
		reached(1);
	return number;
}

int branches_of_a_header(int number)
{
	return clamped(number);
}

int __attribute__((section(".init.text"))) init_module(void)
{
	reached(2);
	return 0;
}
