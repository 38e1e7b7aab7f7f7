// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes functions of the kernel fail when a module under test calls them.
 *
 * kmodtest builds this module for the kernel of a case and loads it before the
 * modules under test, only into guests in which calls are to fail. Each named
 * function gets a kprobe. A call counts if it would return into a module under
 * test: calls that the kernel makes on behalf of the module do not count, nor
 * do those of the module loader. A call that has to fail returns at once with
 * the value that means failure; the function itself does not run.
 *
 * /proc/kmodtest_faults has the calls: each time it is opened, those since the
 * time before. Nothing counts before it is opened for the first time. It also has what modules that are gone have left in memory.
 * Writing anything to it ends failing and counting for good.
 */
#define pr_fmt(fmt) "kmodtest_faults: " fmt

#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "faults.h"

#define MOST_FUNCTIONS 96
#define MOST_CALLS 4096
#define MOST_LINES 20 /* in the kernel log */
#define TEXT_SIZE (512 * 1024)
#define MILLION 1000000

static char *functions[MOST_FUNCTIONS];
static int function_count;
module_param_array(functions, charp, &function_count, 0);
MODULE_PARM_DESC(functions, "NAME:VALUE:FLAGS: what it returns when it fails (aN: its argument N), and which argument has the GFP flags (-1: none)");

static ulong from;
module_param(from, ulong, 0);
MODULE_PARM_DESC(from, "number of the first call that fails; 0: none");

static ulong until;
module_param(until, ulong, 0);
MODULE_PARM_DESC(until, "number of the last call that fails");

static uint chance = MILLION;
module_param(chance, uint, 0);
MODULE_PARM_DESC(chance, "how many of a million of these calls fail");

static ulong seed;
module_param(seed, ulong, 0);
MODULE_PARM_DESC(seed, "chooses these calls");

struct target {
	struct kprobe probe;
	long value;
	int value_argument;
	int flags_argument;
	unsigned long never_with; /* bits of these flags with which it cannot fail */
	int error; /* why there is no probe */
};

struct call {
	u64 time;
	unsigned short place;
	char context;
	bool failed;
};

static struct target targets[MOST_FUNCTIONS];
static struct call *calls;
static char *text;
static size_t text_length;
static unsigned long call_count, failed_count, reported, chance_state;
static bool ended;
static bool started; /* the probes */
static DEFINE_MUTEX(starting);
static DEFINE_RAW_SPINLOCK(lock);

/* A probed function that fails continues here: it returns with what RAX has. */
#ifndef ASM_RET
#define ASM_RET "ret; int3\n"
#endif
void kmodtest_faults_return(void);
asm(".pushsection .text\n"
    ".type kmodtest_faults_return, @function\n"
    "kmodtest_faults_return:\n"
    ASM_RET
    ".size kmodtest_faults_return, . - kmodtest_faults_return\n"
    ".popsection\n");

static unsigned long argument(const struct pt_regs *regs, int number)
{
	switch (number) {
	case 0:
		return regs->di;
	case 1:
		return regs->si;
	case 2:
		return regs->dx;
	case 3:
		return regs->cx;
	case 4:
		return regs->r8;
	default:
		return regs->r9;
	}
}

/* A multiplicative generator with an added constant (Knuth's MMIX); its upper bits decide. */
static bool by_chance(void)
{
	if (chance >= MILLION)
		return true;
	chance_state = chance_state * 6364136223846793005ul + 1442695040888963407ul;
	return (chance_state >> 33) % MILLION < chance;
}

/* Notes a call; returns its number if it fails, or 0. */
static unsigned long note(const struct target *target, unsigned long caller, char context, const char **where)
{
	unsigned long flags, number = 0;
	unsigned short place;
	bool fails;

	fault_lock(&lock, flags);
	if (!ended) {
		place = find_place(caller, target->probe.symbol_name);
		number = ++call_count;
		fails = from && number >= from && number <= until && by_chance();
		if (number <= MOST_CALLS)
			calls[number - 1] = (struct call){
				.time = ktime_get_mono_fast_ns(), .place = place, .context = context, .failed = fails,
			};
		if (fails)
			failed_count++;
		else
			number = 0;
		*where = place_text(place);
		if (failed_count > MOST_LINES)
			*where = NULL;
	}
	fault_unlock(&lock, flags);
	return number;
}

static int on_call(struct kprobe *probe, struct pt_regs *regs)
{
	const struct target *target = container_of(probe, struct target, probe);
	unsigned long caller = *(unsigned long *)regs->sp;
	char context = context_of(caller);
	const char *where = NULL;
	unsigned long number;

	if (!context)
		return 0;
	if (target->flags_argument >= 0 && argument(regs, target->flags_argument) & target->never_with)
		return 0;
	number = note(target, caller, context, &where);
	if (!number)
		return 0;
	if (where)
		pr_info("call %lu fails: %s at %s\n", number, probe->symbol_name, where);
	regs->ax = target->value_argument < 0 ? target->value : argument(regs, target->value_argument);
	regs->ip = (unsigned long)kmodtest_faults_return;
	return 1;
}
NOKPROBE_SYMBOL(on_call);

/*
 * A probe with this function is never optimised into a jump, which would
 * ignore that the probed function must not run. It matters for functions that
 * ftrace does not know, such as those of lib/.
 */
static void after_call(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}
NOKPROBE_SYMBOL(after_call);

static void unregister_probes(void)
{
	int i;

	for (i = 0; i < function_count; i++)
		if (!targets[i].error)
			unregister_kprobe(&targets[i].probe);
}

static void register_probes(void)
{
	int i;

	for (i = 0; i < function_count; i++) {
		targets[i].probe.pre_handler = on_call;
		targets[i].probe.post_handler = after_call;
		targets[i].error = register_kprobe(&targets[i].probe);
	}
}

/*
 * Not when this module is loaded: while there are probes, the kernel remembers
 * where the init part of a new module was, and the next module can be there.
 * That of memory comes first: probes of a return replace the caller's address,
 * so those of calls that fail have to be called before them.
 */
static void start_probes(void)
{
	mutex_lock(&starting);
	if (!started) {
		started = true;
		memory_watch();
		register_probes();
	}
	mutex_unlock(&starting);
}

static int calls_open(struct inode *inode, struct file *file)
{
	size_t length;
	unsigned long flags, end, i;

	start_probes();
	fault_lock(&lock, flags);
	end = min_t(unsigned long, call_count, MOST_CALLS);
	length = scnprintf(text, TEXT_SIZE, "%s calls=%lu failed=%lu left=%lu wrong=%u\n", ended ? "off" : "on",
			   call_count, failed_count, memory_left(), freed_wrongly());
	for (i = 0; i < function_count && !reported; i++)
		if (targets[i].error)
			length += scnprintf(text + length, TEXT_SIZE - length, "without %s %d\n",
					    targets[i].probe.symbol_name, targets[i].error);
	for (i = reported; i < end; i++) {
		const struct call *call = &calls[i];

		length += scnprintf(text + length, TEXT_SIZE - length, "call %lu %c %d %llu %s %s\n", i + 1, call->context,
				    call->failed, div_u64(call->time, 1000), place_symbol(call->place),
				    place_text(call->place));
	}
	reported = end;
	length += memory_lines(text + length, TEXT_SIZE - length);
	text_length = length;
	fault_unlock(&lock, flags);
	return 0;
}

static ssize_t calls_read(struct file *file, char __user *to, size_t count, loff_t *position)
{
	return simple_read_from_buffer(to, count, position, text, text_length);
}

static ssize_t calls_write(struct file *file, const char __user *from_user, size_t count, loff_t *position)
{
	unsigned long flags;

	fault_lock(&lock, flags);
	ended = true;
	fault_unlock(&lock, flags);
	return count;
}

static const struct proc_ops calls_ops = {
	.proc_open = calls_open,
	.proc_read = calls_read,
	.proc_write = calls_write,
	.proc_lseek = default_llseek,
};

/* Reads NAME:VALUE:FLAGS; cuts the name off where it stands. */
static int read_target(struct target *target, char *words)
{
	char *value, *flags = words;

	target->probe.symbol_name = strsep(&flags, ":");
	value = strsep(&flags, ":");
	target->value_argument = -1;
	target->never_with = (__force unsigned long)__GFP_NOFAIL;
	if (flags && *flags == 'w') {
		target->never_with |= (__force unsigned long)__GFP_DIRECT_RECLAIM;
		flags++;
	}
	if (!value || !flags || kstrtoint(flags, 10, &target->flags_argument))
		return -EINVAL;
	if (*value == 'a')
		return kstrtoint(value + 1, 10, &target->value_argument);
	return kstrtol(value, 10, &target->value);
}

static int read_targets(void)
{
	int i, error = 0;

	for (i = 0; i < function_count && !error; i++)
		error = read_target(&targets[i], functions[i]);
	return error;
}

/*
 * Not __init: the kernel would remember the names of what it frees while there
 * are probes, and the next module can be at its addresses.
 */
static int faults_init(void)
{
	int error = -ENOMEM;

	chance_state = seed;
	calls = vzalloc(MOST_CALLS * sizeof(*calls));
	text = vzalloc(TEXT_SIZE);
	if (!calls || !text)
		goto out;
	error = read_targets();
	if (error)
		goto out;
	error = places_start();
	if (error)
		goto out;
	error = memory_start();
	if (error)
		goto out_places;
	if (proc_create("kmodtest_faults", 0600, NULL, &calls_ops))
		return 0;
	error = -ENOMEM;
	memory_stop();
out_places:
	places_stop();
out:
	vfree(text);
	vfree(calls);
	return error;
}

static void faults_exit(void)
{
	remove_proc_entry("kmodtest_faults", NULL);
	if (started) {
		unregister_probes();
		memory_unwatch();
	}
	memory_stop();
	places_stop();
	vfree(text);
	vfree(calls);
}

module_init(faults_init);
module_exit(faults_exit);

MODULE_DESCRIPTION("Makes functions of the kernel fail when a module under test calls them");
MODULE_AUTHOR("kmodtest");
MODULE_LICENSE("GPL");
