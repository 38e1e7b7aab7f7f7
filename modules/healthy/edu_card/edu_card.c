// SPDX-License-Identifier: GPL-2.0-or-later
// A driver for edu, the PCI card that QEMU has for teaching (docs/specs/edu.rst of QEMU): it takes interrupts, and
// copies a page to the card and back by DMA.
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>

#define EDU_IDENTITY 0x00
#define EDU_ALIVE 0x04
#define EDU_IRQ_STATUS 0x24
#define EDU_IRQ_RAISE 0x60
#define EDU_IRQ_ACK 0x64
#define EDU_DMA_FROM 0x80
#define EDU_DMA_TO 0x88
#define EDU_DMA_BYTES 0x90
#define EDU_DMA_COMMAND 0x98

#define EDU_DMA_START 1
#define EDU_DMA_TO_MEMORY 2
#define EDU_DMA_IRQ 4

#define EDU_BUFFER 0x40000
#define EDU_BUFFER_BYTES 4096
#define EDU_OWN_IRQ 1

struct edu_card {
	void __iomem *registers;
	u8 *page;
	dma_addr_t page_address;
	struct completion done;
};

static irqreturn_t edu_interrupt(int irq, void *data)
{
	struct edu_card *card = data;
	u32 status = readl(card->registers + EDU_IRQ_STATUS);

	if (status == 0)
		return IRQ_NONE;
	writel(status, card->registers + EDU_IRQ_ACK);
	complete(&card->done);
	return IRQ_HANDLED;
}

static int edu_wait(struct edu_card *card)
{
	return wait_for_completion_timeout(&card->done, 2 * HZ) ? 0 : -ETIMEDOUT;
}

static int edu_copy(struct edu_card *card, u64 from, u64 to, u64 command)
{
	reinit_completion(&card->done);
	writeq(from, card->registers + EDU_DMA_FROM);
	writeq(to, card->registers + EDU_DMA_TO);
	writeq(EDU_BUFFER_BYTES, card->registers + EDU_DMA_BYTES);
	writeq(command | EDU_DMA_START | EDU_DMA_IRQ, card->registers + EDU_DMA_COMMAND);
	return edu_wait(card);
}

static int edu_try_interrupt(struct edu_card *card)
{
	int error;

	reinit_completion(&card->done);
	writel(EDU_OWN_IRQ, card->registers + EDU_IRQ_RAISE);
	error = edu_wait(card);
	pr_info("edu_card: interrupt: %s\n", error ? "none" : "came");
	return error;
}

static int edu_try_dma(struct edu_card *card)
{
	int i, wrong = 0;
	int error;

	for (i = 0; i < EDU_BUFFER_BYTES; i++)
		card->page[i] = i * 7;
	error = edu_copy(card, card->page_address, EDU_BUFFER, 0);
	if (error)
		return error;
	memset(card->page, 0, EDU_BUFFER_BYTES);
	error = edu_copy(card, EDU_BUFFER, card->page_address, EDU_DMA_TO_MEMORY);
	if (error)
		return error;
	for (i = 0; i < EDU_BUFFER_BYTES; i++)
		wrong += card->page[i] != (u8)(i * 7);
	pr_info("edu_card: DMA: %d of %d bytes came back wrong\n", wrong, EDU_BUFFER_BYTES);
	return wrong ? -EIO : 0;
}

static int edu_probe(struct pci_dev *device, const struct pci_device_id *id)
{
	struct edu_card *card;
	int error;

	card = devm_kzalloc(&device->dev, sizeof(*card), GFP_KERNEL);
	if (!card)
		return -ENOMEM;
	init_completion(&card->done);
	error = pcim_enable_device(device);
	if (!error)
		error = pcim_iomap_regions(device, BIT(0), "edu_card");
	if (!error)
		error = dma_set_mask_and_coherent(&device->dev, DMA_BIT_MASK(28));
	if (error)
		return error;
	card->registers = pcim_iomap_table(device)[0];
	card->page = dmam_alloc_coherent(&device->dev, EDU_BUFFER_BYTES, &card->page_address, GFP_KERNEL);
	if (!card->page)
		return -ENOMEM;
	pci_set_master(device);
	error = pci_alloc_irq_vectors(device, 1, 1, PCI_IRQ_ALL_TYPES);
	if (error < 0)
		return error;
	error = request_irq(pci_irq_vector(device, 0), edu_interrupt, IRQF_SHARED, "edu_card", card);
	if (error)
		goto free_vectors;
	pci_set_drvdata(device, card);

	writel(0x12345678, card->registers + EDU_ALIVE);
	pr_info("edu_card: identity %#x, answer %#x\n", readl(card->registers + EDU_IDENTITY),
		readl(card->registers + EDU_ALIVE));
	error = edu_try_interrupt(card);
	if (!error)
		error = edu_try_dma(card);
	if (!error)
		return 0;
	free_irq(pci_irq_vector(device, 0), card);
free_vectors:
	pci_free_irq_vectors(device);
	return error;
}

static void edu_remove(struct pci_dev *device)
{
	free_irq(pci_irq_vector(device, 0), pci_get_drvdata(device));
	pci_free_irq_vectors(device);
	pci_clear_master(device);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{},
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = "edu_card",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};
module_pci_driver(edu_driver);

MODULE_DESCRIPTION("Healthy: interrupts and DMA of a PCI card");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
