// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/nmi.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
static char *mode = "";
module_param(mode, charp, 0);
static struct proc_dir_entry *dir;
static struct kmem_cache *cache;
static DEFINE_SPINLOCK(lock);
static DEFINE_MUTEX(mutex);
static struct task_struct *t;
static int sleeper(void *u) { mutex_lock(&mutex); mutex_unlock(&mutex); while (!kthread_should_stop()) msleep(100); return 0; }
struct ex { int *p; char pad[40]; };
static noinline int ex_write(struct ex *e) { *(volatile int *)(e->p) = 1; return e->pad[0]; }
static int __init faults_init(void)
{
	if (!strcmp(mode, "warning")) WARN(1, "faults: something is odd: %d\n", 42);
	if (!strcmp(mode, "null")) { struct ex e = { .p = NULL }; return ex_write(&e); }
	if (!strcmp(mode, "bug")) BUG();
	if (!strcmp(mode, "panic")) panic("faults: on purpose");
	if (!strcmp(mode, "atomic")) { spin_lock(&lock); msleep(10); spin_unlock(&lock); }
	if (!strcmp(mode, "list")) { static LIST_HEAD(h); static struct list_head a, b; list_add(&a, &h); list_add(&b, &h); a.prev = &a; list_del(&b); list_del(&a); }
	if (!strcmp(mode, "lockup")) { unsigned long end = jiffies + 30 * HZ; preempt_disable(); while (time_before(jiffies, end)) cpu_relax(); preempt_enable(); }
	if (!strcmp(mode, "rcu")) { int i; rcu_read_lock(); preempt_disable(); for (i = 0; i < 40000; i++) { udelay(1000); touch_nmi_watchdog(); } preempt_enable(); rcu_read_unlock(); }
	if (!strcmp(mode, "hung")) { mutex_lock(&mutex); t = kthread_run(sleeper, NULL, "faults_sleeper"); }
	if (!strcmp(mode, "proc")) { dir = proc_mkdir("faults", NULL); proc_create_single_data("entry", 0, dir, NULL, NULL); }
	if (!strcmp(mode, "slab")) { cache = kmem_cache_create("faults_cache", 80, 0, 0, NULL); kmem_cache_alloc(cache, GFP_KERNEL); }
	return 0;
}
static void __exit faults_exit(void)
{
	if (t) { mutex_unlock(&mutex); kthread_stop(t); }
	if (dir) remove_proc_entry("faults", NULL);
	if (cache) kmem_cache_destroy(cache);
}
module_init(faults_init); module_exit(faults_exit);
MODULE_LICENSE("GPL");
