// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kthread_create_on_node - a kernel thread whose memory is on the NUMA node
 * that the parameter names
 *
 * To the kernel, the node is only a preference for allocating the task_struct
 * and the stack. Two things can defeat it:
 *  - the node has no free memory, and another one is used;
 *  - the stack is reused. Each CPU keeps up to two stacks of ended tasks and
 *    hands them out again; many kernels (still in 6.12) then ignore their
 *    node.
 * Nothing can be done about the first. Against the second, threads with a
 * reused stack on another node are put aside, never woken, until one has a
 * stack on the right node; there are at most two reused ones per CPU. The
 * result is read from the pages themselves and logged. This does not decide
 * where the thread runs: on any CPU, unless the parameter stay limits it to
 * those of the node.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/topology.h>

static int node;
module_param(node, int, 0444);
MODULE_PARM_DESC(node, "NUMA node that the thread's memory comes from (default 0)");

static bool stay;
module_param(stay, bool, 0444);
MODULE_PARM_DESC(stay, "let the thread run on the CPUs of its node only (default no)");

static struct task_struct *def_thread;

static int my_thread_fn(void *unused)
{
	while (!kthread_should_stop()) {
		pr_info("inside my_thread_fn\n");
		msleep(100);
	}
	return 0;
}

static int node_of_task_struct(struct task_struct *task)
{
	return page_to_nid(virt_to_page(task));
}

/* NUMA_NO_NODE: its pages are on several nodes. */
static int node_of_stack(struct task_struct *task)
{
	const char *stack = task_stack_page(task);
	int found = NUMA_NO_NODE;
	size_t offset;

	for (offset = 0; offset < THREAD_SIZE; offset += PAGE_SIZE) {
		const void *address = stack + offset;
		/* With CONFIG_VMAP_STACK stacks are outside the linear map. */
		struct page *page = is_vmalloc_addr(address) ? vmalloc_to_page(address) :
							       virt_to_page(address);
		int nid = page_to_nid(page);

		if (offset && nid != found)
			return NUMA_NO_NODE;
		found = nid;
	}
	return found;
}

static struct task_struct *create_thread(void)
{
	return kthread_create_on_node(my_thread_fn, NULL, node, "kthread_create_on_node example");
}

/* A thread with a stack on the requested node; after enough attempts, any. */
static struct task_struct *create_thread_on_node(void)
{
	unsigned int most = 2 * num_possible_cpus() + 1;
	struct task_struct **aside;
	struct task_struct *task;
	unsigned int count = 0;

	aside = kcalloc(most, sizeof(*aside), GFP_KERNEL);
	if (!aside)
		return ERR_PTR(-ENOMEM);

	task = create_thread();
	while (!IS_ERR(task) && node_of_stack(task) != node && count < most) {
		aside[count++] = task;
		task = create_thread();
	}

	/* These never ran: their function is not called, and the value is -EINTR. */
	while (count--)
		kthread_stop(aside[count]);
	kfree(aside);
	return task;
}

static int __init kthread_create_on_node_init(void)
{
	pr_info("Inside kthread init function\n");

	/* A number beyond MAX_NUMNODES must not reach node_online(). */
	if (node < 0 || node >= MAX_NUMNODES || !node_online(node)) {
		pr_err("kthread_create_on_node: node %d does not exist or is offline\n", node);
		return -EINVAL;
	}

	def_thread = create_thread_on_node();
	if (IS_ERR(def_thread)) {
		pr_err("Error in creating thread\n");
		return PTR_ERR(def_thread);
	}
	pr_info("Thread created successfully\n");
	pr_info("task_struct on node %d, stack on node %d\n",
		node_of_task_struct(def_thread), node_of_stack(def_thread));
	if (stay) {
		int error = set_cpus_allowed_ptr(def_thread, cpumask_of_node(node));

		if (error) {
			pr_err("kthread_create_on_node: no CPU of node %d may be used (%d)\n", node, error);
			kthread_stop(def_thread);
			return error;
		}
	}
	wake_up_process(def_thread);
	pr_info("wake up process done successfully\n");
	return 0;
}

static void __exit kthread_create_on_node_exit(void)
{
	pr_info("Inside kthread exit function\n");
	kthread_stop(def_thread);
	pr_info("Destroyed thread\n");
}

module_init(kthread_create_on_node_init);
module_exit(kthread_create_on_node_exit);

MODULE_DESCRIPTION("Example of kthread_create_on_node");
MODULE_AUTHOR("The kmodtest authors");
MODULE_LICENSE("GPL");
