// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Healthy: a driver for PCI cards whose BAR 2 is memory (ivshmem). It fills the memory and reads it back.
 */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>

#define BAR 2

static unsigned int cards;

static int card_probe(struct pci_dev *card, const struct pci_device_id *id)
{
	u32 __iomem *memory;
	unsigned int i, words, wrong = 0;
	int error = pcim_enable_device(card);

	if (error)
		return error;
	memory = pcim_iomap(card, BAR, 0);
	if (!memory)
		return -ENOMEM;
	words = pci_resource_len(card, BAR) / sizeof(*memory);
	for (i = 0; i < words; i += 256)
		writel(~i, memory + i);
	for (i = 0; i < words; i += 256)
		wrong += readl(memory + i) != ~i;
	cards++;
	pr_info("shared_memory_card: card %u has %u words, %u are wrong\n", cards, words, wrong);
	return 0;
}

static const struct pci_device_id ids[] = {
	{PCI_DEVICE(0x1af4, 0x1110)},
	{},
};
MODULE_DEVICE_TABLE(pci, ids);

static struct pci_driver card_driver = {
	.name = "shared_memory_card",
	.id_table = ids,
	.probe = card_probe,
};
module_pci_driver(card_driver);

MODULE_DESCRIPTION("Healthy: a driver for ivshmem");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
