// SPDX-License-Identifier: GPL-2.0-or-later
// Measures into a TPM: extends the register that is for debugging, and shows it before and after.
#include <linux/module.h>
#include <linux/tpm.h>

#define DEBUG_PCR 16

static int show(struct tpm_chip *chip, const char *when)
{
	struct tpm_digest digest = { .alg_id = TPM_ALG_SHA256 };
	int error = tpm_pcr_read(chip, DEBUG_PCR, &digest);

	if (!error)
		pr_info("boot_meter: %s: %*phN\n", when, 8, digest.digest);
	return error;
}

static int extend(struct tpm_chip *chip)
{
	struct tpm_digest *digests;
	int error, bank;

	digests = kcalloc(chip->nr_allocated_banks, sizeof(*digests), GFP_KERNEL);
	if (!digests)
		return -ENOMEM;
	for (bank = 0; bank < chip->nr_allocated_banks; ++bank) {
		digests[bank].alg_id = chip->allocated_banks[bank].alg_id;
		memset(digests[bank].digest, 0xab, sizeof(digests[bank].digest));
	}
	error = tpm_pcr_extend(chip, DEBUG_PCR, digests);
	kfree(digests);
	return error;
}

static int __init boot_meter_init(void)
{
	struct tpm_chip *chip = tpm_default_chip();
	int error;

	if (!chip)
		return -ENODEV;
	error = show(chip, "before");
	if (!error)
		error = extend(chip);
	if (!error)
		error = show(chip, "after");
	put_device(&chip->dev);
	/* A positive number is what the TPM itself answers. */
	return error > 0 ? -EIO : error;
}

static void __exit boot_meter_exit(void)
{
}

module_init(boot_meter_init);
module_exit(boot_meter_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Example: extends a register of a TPM");
