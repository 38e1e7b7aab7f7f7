// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * flags.ko, for tests of kernel/symbols: which names are volatile. Made in this folder with gcc 12 by:
 *
 *   gcc-12 -g -O2 -fcf-protection=none -fno-asynchronous-unwind-tables -ffile-prefix-map=$PWD=/src/flags -c flags.c \
 *     -o flags.ko
 */
typedef volatile int doorbell_t;

struct device {
	int color;
	volatile int ready;
	union {
		volatile unsigned char state[4];
		int all;
	};
};

volatile int stop;
const volatile int clock;
doorbell_t bells[2];
int plain;
volatile int *behind;
struct device device;

int flags_read(void)
{
	static volatile int calls;
	return stop + clock + bells[0] + plain + *behind + device.ready + device.state[0] + calls++;
}
