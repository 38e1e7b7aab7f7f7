// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: requests a firmware file, and has a parameter.
 */
#include <linux/firmware.h>
#include <linux/module.h>
#include <linux/platform_device.h>

static int times = 1;
module_param(times, int, 0444);
MODULE_PARM_DESC(times, "how often the firmware is requested");

static struct platform_device *device;

static int __init wants_firmware_init(void)
{
	const struct firmware *firmware;
	int error = 0;
	int i;

	device = platform_device_register_simple("wants_firmware", -1, NULL, 0);
	if (IS_ERR(device))
		return PTR_ERR(device);
	for (i = 0; i < times && !error; i++) {
		error = request_firmware(&firmware, "kmodtest/sample.bin", &device->dev);
		if (error)
			continue;
		pr_info("wants_firmware: %zu bytes, %.*s\n", firmware->size, 8, firmware->data);
		release_firmware(firmware);
	}
	if (error)
		platform_device_unregister(device);
	return error;
}

static void __exit wants_firmware_exit(void)
{
	platform_device_unregister(device);
}

module_init(wants_firmware_init);
module_exit(wants_firmware_exit);
MODULE_FIRMWARE("kmodtest/sample.bin");
MODULE_DESCRIPTION("Healthy: requests a firmware file");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
