// SPDX-License-Identifier: GPL-2.0-or-later
extern int too_large(int);

static inline __attribute__((always_inline)) int clamped(int number)
{
	if (number > 100)
		return too_large(number);
	return number;
}
