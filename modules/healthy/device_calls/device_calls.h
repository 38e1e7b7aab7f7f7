/* SPDX-License-Identifier: GPL-2.0-or-later WITH Linux-syscall-note */
/* What programs and plans need to call the device. */
#ifndef DEVICE_CALLS_H
#define DEVICE_CALLS_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct device_number {
	__u32 number;
};

#define DEVICE_DOUBLE _IOWR('k', 1, struct device_number)
#define DEVICE_READY_IN _IO('k', 2)
#define DEVICE_SOON_MS 300

#endif
