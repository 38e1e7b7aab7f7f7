// SPDX-License-Identifier: GPL-2.0-or-later
// A camera that always shows eight colour bars: a V4L2 driver with the read() interface, which tells its format and
// gives frame after frame.
#include <linux/module.h>
#include <linux/videodev2.h>
#include <media/v4l2-dev.h>
#include <media/v4l2-device.h>
#include <media/v4l2-ioctl.h>

#define WIDTH 64
#define HEIGHT 48
#define BARS 8
#define BYTES_PER_PIXEL 3

static struct v4l2_device parent;
static struct video_device camera;
static DEFINE_MUTEX(camera_lock);

static int bars_querycap(struct file *file, void *priv, struct v4l2_capability *capability)
{
	strscpy(capability->driver, "colour_bars", sizeof(capability->driver));
	strscpy(capability->card, "Colour bars", sizeof(capability->card));
	strscpy(capability->bus_info, "platform:colour_bars", sizeof(capability->bus_info));
	return 0;
}

static int bars_enum_format(struct file *file, void *priv, struct v4l2_fmtdesc *format)
{
	if (format->index > 0)
		return -EINVAL;
	format->pixelformat = V4L2_PIX_FMT_RGB24;
	return 0;
}

/* There is one format: whatever is asked for, this is the answer. */
static int bars_format(struct file *file, void *priv, struct v4l2_format *format)
{
	struct v4l2_pix_format *pixels = &format->fmt.pix;

	pixels->width = WIDTH;
	pixels->height = HEIGHT;
	pixels->pixelformat = V4L2_PIX_FMT_RGB24;
	pixels->field = V4L2_FIELD_NONE;
	pixels->bytesperline = WIDTH * BYTES_PER_PIXEL;
	pixels->sizeimage = WIDTH * HEIGHT * BYTES_PER_PIXEL;
	pixels->colorspace = V4L2_COLORSPACE_SRGB;
	return 0;
}

static int bars_enum_input(struct file *file, void *priv, struct v4l2_input *input)
{
	if (input->index > 0)
		return -EINVAL;
	input->type = V4L2_INPUT_TYPE_CAMERA;
	strscpy(input->name, "Bars", sizeof(input->name));
	return 0;
}

static int bars_get_input(struct file *file, void *priv, unsigned int *number)
{
	*number = 0;
	return 0;
}

static int bars_set_input(struct file *file, void *priv, unsigned int number)
{
	return number == 0 ? 0 : -EINVAL;
}

static const struct v4l2_ioctl_ops bars_ioctls = {
	.vidioc_querycap = bars_querycap,
	.vidioc_enum_fmt_vid_cap = bars_enum_format,
	.vidioc_g_fmt_vid_cap = bars_format,
	.vidioc_s_fmt_vid_cap = bars_format,
	.vidioc_try_fmt_vid_cap = bars_format,
	.vidioc_enum_input = bars_enum_input,
	.vidioc_g_input = bars_get_input,
	.vidioc_s_input = bars_set_input,
};

static ssize_t bars_read(struct file *file, char __user *to, size_t size, loff_t *place)
{
	size_t i;

	for (i = 0; i < size; i++) {
		size_t byte = (*place + i) % (WIDTH * HEIGHT * BYTES_PER_PIXEL);
		size_t bar = byte / BYTES_PER_PIXEL % WIDTH * BARS / WIDTH;
		u8 value = (bar >> (byte % BYTES_PER_PIXEL)) & 1 ? 0 : 255;

		if (put_user(value, to + i))
			return -EFAULT;
	}
	*place += size;
	return size;
}

static const struct v4l2_file_operations bars_operations = {
	.owner = THIS_MODULE,
	.open = v4l2_fh_open,
	.release = v4l2_fh_release,
	.read = bars_read,
	.unlocked_ioctl = video_ioctl2,
};

static int __init colour_bars_init(void)
{
	int error;

	strscpy(parent.name, "colour_bars", sizeof(parent.name));
	error = v4l2_device_register(NULL, &parent);
	if (error)
		return error;
	strscpy(camera.name, "Colour bars", sizeof(camera.name));
	camera.fops = &bars_operations;
	camera.ioctl_ops = &bars_ioctls;
	camera.release = video_device_release_empty;
	camera.lock = &camera_lock;
	camera.v4l2_dev = &parent;
	camera.device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_READWRITE;
	error = video_register_device(&camera, VFL_TYPE_VIDEO, -1);
	if (error)
		v4l2_device_unregister(&parent);
	return error;
}

static void __exit colour_bars_exit(void)
{
	video_unregister_device(&camera);
	v4l2_device_unregister(&parent);
}

module_init(colour_bars_init);
module_exit(colour_bars_exit);

MODULE_DESCRIPTION("Example: a V4L2 driver");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
