// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * places.ko, for tests of kernel/symbols. Its lines are known to them. Made in this folder with gcc 12 by:
 *
 *   for part in places other; do
 *     gcc-12 -g -O2 -fcf-protection=none -fno-asynchronous-unwind-tables -ffile-prefix-map=$PWD=/src/places -c $part.c
 *   done
 *   ld -r -o places.ko places.o other.o && rm places.o other.o
 */
extern void give_up(void) __attribute__((noreturn));
extern int sum_of(int);
int *places_pointer;

static inline __attribute__((always_inline)) void poke(int *where, int what)
{
	*where = what;
}

static inline __attribute__((always_inline)) void poke_twice(int *where)
{
	poke(where, 1);
	poke(where + 64, 2);
}

void places_write(int *where)
{
	poke_twice(where);
}

static __attribute__((noipa)) int twin(int number)
{
	return *places_pointer + number;
}

int places_read(void)
{
	return twin(3) + sum_of(4);
}

void places_end(void)
{
	give_up();
}

int __attribute__((section(".init.text"))) places_init(void)
{
	places_write(places_pointer);
	return places_read();
}

void __attribute__((section(".exit.text"))) places_exit(void)
{
	*places_pointer = 0;
}
