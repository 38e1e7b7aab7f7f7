// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: frees memory in ways that look like frees of the wrong address. A
 * pointer moves through a text whose beginning is kept, an object is freed by
 * the pointer to its first member, and others are freed that the kernel has
 * allocated for the module, while objects next to them are in use.
 */
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/parser.h>
#include <linux/slab.h>
#include <linux/string.h>

struct message {
	struct list_head link;
	char text[100];
};

static struct message *messages[16];

static int count_words(const char *line)
{
	char *copy = kstrdup(line, GFP_KERNEL), *rest = copy;
	int words = 0;

	if (!copy)
		return -ENOMEM;
	while (strsep(&rest, " "))
		words++;
	kfree(copy);
	return words;
}

static int free_what_the_kernel_made(void)
{
	substring_t text = { .from = messages[0]->text, .to = messages[0]->text + 3 };
	char *path = kobject_get_path(&THIS_MODULE->mkobj.kobj, GFP_KERNEL);
	char *copy = match_strdup(&text);
	char *printed = kasprintf(GFP_KERNEL, "%s %s", "two", "words");

	kfree(printed);
	kfree(copy);
	kfree(path);
	kfree(NULL);
	kfree(kmalloc(0, GFP_KERNEL));
	return path && copy && printed ? 0 : -ENOMEM;
}

static void free_messages(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(messages); i++)
		if (messages[i])
			kfree(&messages[i]->link);
}

static int __init frees_what_it_got_init(void)
{
	int i, error = 0;

	for (i = 0; i < ARRAY_SIZE(messages) && !error; i++) {
		messages[i] = kzalloc(sizeof(*messages[i]), GFP_KERNEL);
		if (!messages[i])
			error = -ENOMEM;
	}
	if (!error)
		error = count_words("one two three") == 3 ? free_what_the_kernel_made() : -ENOMEM;
	if (error)
		free_messages();
	return error;
}

static void __exit frees_what_it_got_exit(void)
{
	free_messages();
}

module_init(frees_what_it_got_init);
module_exit(frees_what_it_got_exit);

MODULE_DESCRIPTION("Healthy: frees what it got, in many ways");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
