// SPDX-License-Identifier: GPL-2.0-or-later
// A platform driver, and the device that a board file or the device tree would declare. The driver measures every
// tenth of a second and heats while it is too cold.
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/version.h>
#include <linux/workqueue.h>

#define MEASURE_EVERY msecs_to_jiffies(100)

struct thermostat {
	struct device *dev;
	struct delayed_work measure;
	int wanted;
	int temperature;
};

static void measure(struct work_struct *work)
{
	struct thermostat *it = container_of(to_delayed_work(work), struct thermostat, measure);

	if (it->temperature < READ_ONCE(it->wanted)) {
		it->temperature++;
		if (it->temperature == READ_ONCE(it->wanted))
			dev_info(it->dev, "warm enough: %d\n", it->temperature);
	}
	schedule_delayed_work(&it->measure, MEASURE_EVERY);
}

static ssize_t wanted_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct thermostat *it = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%d\n", READ_ONCE(it->wanted));
}

static ssize_t wanted_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t size)
{
	struct thermostat *it = dev_get_drvdata(dev);
	int wanted, error;

	error = kstrtoint(buf, 0, &wanted);
	if (error)
		return error;
	if (wanted < 5 || wanted > 30)
		return -ERANGE;
	WRITE_ONCE(it->wanted, wanted);
	return size;
}
static DEVICE_ATTR_RW(wanted);

static struct attribute *thermostat_attrs[] = {
	&dev_attr_wanted.attr,
	NULL,
};
ATTRIBUTE_GROUPS(thermostat);

static int thermostat_probe(struct platform_device *pdev)
{
	struct thermostat *it;

	it = devm_kzalloc(&pdev->dev, sizeof(*it), GFP_KERNEL);
	if (!it)
		return -ENOMEM;
	it->dev = &pdev->dev;
	it->wanted = 15;
	it->temperature = 15;
	INIT_DELAYED_WORK(&it->measure, measure);
	platform_set_drvdata(pdev, it);
	schedule_delayed_work(&it->measure, MEASURE_EVERY);
	return 0;
}

static void thermostat_stop(struct platform_device *pdev)
{
	struct thermostat *it = platform_get_drvdata(pdev);

	cancel_delayed_work_sync(&it->measure);
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
static int thermostat_remove(struct platform_device *pdev)
{
	thermostat_stop(pdev);
	return 0;
}
#else
static void thermostat_remove(struct platform_device *pdev)
{
	thermostat_stop(pdev);
}
#endif

static struct platform_driver thermostat_driver = {
	.driver = {
		.name = "thermostat",
		.dev_groups = thermostat_groups,
	},
	.probe = thermostat_probe,
	.remove = thermostat_remove,
};

static struct platform_device *device;

static int __init thermostat_init(void)
{
	int error = platform_driver_register(&thermostat_driver);

	if (error)
		return error;
	device = platform_device_register_simple("thermostat", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device)) {
		platform_driver_unregister(&thermostat_driver);
		return PTR_ERR(device);
	}
	return 0;
}

static void __exit thermostat_exit(void)
{
	platform_device_unregister(device);
	platform_driver_unregister(&thermostat_driver);
}

module_init(thermostat_init);
module_exit(thermostat_exit);

MODULE_DESCRIPTION("Example: a platform driver");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
