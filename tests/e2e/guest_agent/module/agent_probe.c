// SPDX-License-Identifier: GPL-2.0-or-later
/* What the agent's own test needs of a module: a thread, a /proc entry, and each way to misbehave. */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

static int cpu = -1;
module_param(cpu, int, 0444);
static char *word = "none";
module_param(word, charp, 0444);
static int stuck_seconds;
module_param(stuck_seconds, int, 0444);
static bool leak;
module_param(leak, bool, 0444);
static bool crash;
module_param(crash, bool, 0444);

static struct task_struct *thread;
static int rounds;

static int show_rounds(struct seq_file *file, void *unused)
{
	seq_printf(file, "%d\n", rounds);
	return 0;
}

static int count(void *unused)
{
	while (!kthread_should_stop()) {
		pr_info("agent_probe: round %d\n", ++rounds);
		msleep(100);
	}
	pr_info("agent_probe: thread ends\n");
	return 0;
}

static int __init agent_probe_init(void)
{
	if (cpu >= (int)nr_cpu_ids)
		return -EINVAL;
	pr_info("agent_probe: word is '%s'\n", word);
	if (crash)
		*(volatile int *)0 = 0;
	if (stuck_seconds) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_timeout(stuck_seconds * HZ);
	}
	thread = kthread_create(count, NULL, "agent_probe_with_a_long_name");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	if (cpu >= 0)
		kthread_bind(thread, cpu);
	proc_create_single("agent_probe", 0, NULL, show_rounds);
	wake_up_process(thread);
	return 0;
}

static void __exit agent_probe_exit(void)
{
	kthread_stop(thread);
	remove_proc_entry("agent_probe", NULL);
	if (leak)
		proc_mkdir("agent_probe_leak", NULL);
	pr_info("agent_probe: gone\n");
}

module_init(agent_probe_init);
module_exit(agent_probe_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Probe of kmodtest's agent");
