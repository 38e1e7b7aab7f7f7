// SPDX-License-Identifier: GPL-2.0-or-later
// A driver for a USB knob that sends one byte for each turn: how many notches, negative to the left. It keeps the
// volume, which sysfs shows.
#include <linux/hid.h>
#include <linux/module.h>
#include <linux/slab.h>

#define KNOB_VENDOR 0x1209
#define KNOB_PRODUCT 0x0001
#define LOUDEST 100

struct knob {
	int volume;
};

static int knob_raw_event(struct hid_device *hdev, struct hid_report *report, u8 *data, int size)
{
	struct knob *knob = hid_get_drvdata(hdev);

	if (size < 1)
		return 0;
	/* Called in interrupt context of a real USB device: no lock that sleeps. */
	WRITE_ONCE(knob->volume, clamp(READ_ONCE(knob->volume) + (s8)data[0], 0, LOUDEST));
	hid_info(hdev, "volume %d\n", READ_ONCE(knob->volume));
	return 0;
}

static ssize_t volume_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct knob *knob = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%d\n", READ_ONCE(knob->volume));
}
static DEVICE_ATTR_RO(volume);

static int knob_probe(struct hid_device *hdev, const struct hid_device_id *id)
{
	struct knob *knob;
	int error;

	knob = devm_kzalloc(&hdev->dev, sizeof(*knob), GFP_KERNEL);
	if (!knob)
		return -ENOMEM;
	knob->volume = LOUDEST / 2;
	hid_set_drvdata(hdev, knob);
	error = hid_parse(hdev);
	if (!error)
		error = hid_hw_start(hdev, HID_CONNECT_HIDRAW);
	if (error)
		return error;
	error = device_create_file(&hdev->dev, &dev_attr_volume);
	if (error) {
		hid_hw_stop(hdev);
		return error;
	}
	hid_info(hdev, "ready\n");
	return 0;
}

static void knob_remove(struct hid_device *hdev)
{
	device_remove_file(&hdev->dev, &dev_attr_volume);
	hid_hw_stop(hdev);
}

static const struct hid_device_id knob_ids[] = {
	{ HID_USB_DEVICE(KNOB_VENDOR, KNOB_PRODUCT) },
	{},
};
MODULE_DEVICE_TABLE(hid, knob_ids);

static struct hid_driver knob_driver = {
	.name = "volume_knob",
	.id_table = knob_ids,
	.probe = knob_probe,
	.remove = knob_remove,
	.raw_event = knob_raw_event,
};
module_hid_driver(knob_driver);

MODULE_DESCRIPTION("Example: a HID driver");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
