// SPDX-License-Identifier: GPL-2.0-or-later
/* The second part of places.ko: a function with the name of one in the first. */
extern int *places_pointer;

static __attribute__((noipa)) int twin(int number)
{
	places_pointer[number] += places_pointer[number + 1] * 7;
	return places_pointer[number];
}

int sum_of(int number)
{
	return twin(number) + 1;
}
