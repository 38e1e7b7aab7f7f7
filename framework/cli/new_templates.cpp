// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/new_templates.hpp"

#include <cstddef>
#include <utility>

#include "plan/module_lookup.hpp"
#include "text/replace.hpp"

namespace kmodtest::cli {

namespace {

constexpr const char *kHelloSource = R"text(// SPDX-License-Identifier: GPL-2.0
/*
 * @name@ - says hello when it is loaded, and goodbye when it is unloaded
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

static char *whom = "world";
module_param(whom, charp, 0444);
MODULE_PARM_DESC(whom, "who is greeted (default world)");

static int __init @ident@_module_init(void)
{
	if (!*whom) {
		pr_err("nobody to greet\n");
		return -EINVAL;
	}
	pr_info("hello, %s\n", whom);
	return 0;
}

static void __exit @ident@_module_exit(void)
{
	pr_info("goodbye, %s\n", whom);
}

module_init(@ident@_module_init);
module_exit(@ident@_module_exit);

MODULE_DESCRIPTION("Says hello and goodbye");
MODULE_LICENSE("GPL");
)text";

constexpr const char *kHelloPlan = R"text(# yaml-language-server: $schema=kmodtest.schema.json
name: @name@ greets when it comes and when it goes
module: @name@
guest: {cpus: [1, 2]}
steps:
  - modinfo: {license: GPL}
  - load: {params: {whom: ""}, errno: EINVAL}
  - dmesg: nobody to greet
  - load: {params: {whom: kernel}}
  - dmesg: "@ident@: hello, kernel"
  - lsmod: {module: @ident@, users: 0}
  - file: {path: /sys/module/@ident@/parameters/whom, equals: kernel}
  - unload
  - dmesg: "@ident@: goodbye, kernel"
  - lsmod: {module: @ident@, absent: true}
)text";

constexpr const char *kThreadSource = R"text(// SPDX-License-Identifier: GPL-2.0
/*
 * @name@ - a kernel thread that wakes up periodically
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>

static unsigned int period_ms = 100;
module_param(period_ms, uint, 0444);
MODULE_PARM_DESC(period_ms, "milliseconds from one wake-up to the next (default 100)");

static struct task_struct *thread;

static int @ident@_thread_fn(void *unused)
{
	unsigned long rounds = 0;

	pr_info("thread started\n");
	for (;;) {
		/* Before the question, or a kthread_stop() in between is slept through. */
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule_timeout(msecs_to_jiffies(period_ms));
		pr_info("round %lu\n", ++rounds);
	}
	__set_current_state(TASK_RUNNING);
	pr_info("thread stopped\n");
	return 0;
}

static int __init @ident@_module_init(void)
{
	if (!period_ms) {
		pr_err("period_ms has to be at least 1\n");
		return -EINVAL;
	}
	thread = kthread_run(@ident@_thread_fn, NULL, "@ident@");
	return PTR_ERR_OR_ZERO(thread);
}

static void __exit @ident@_module_exit(void)
{
	kthread_stop(thread);
}

module_init(@ident@_module_init);
module_exit(@ident@_module_exit);

MODULE_DESCRIPTION("A kernel thread that wakes up periodically");
MODULE_LICENSE("GPL");
)text";

constexpr const char *kThreadPlan = R"text(# yaml-language-server: $schema=kmodtest.schema.json
name: @name@ has a thread that wakes up every 100 ms
module: @name@
guest: {cpus: [1, 2]}
steps:
  - modinfo: {license: GPL}
  - load: {params: {period_ms: 0}, errno: EINVAL}
  - dmesg: period_ms has to be at least 1
  - load: {params: {period_ms: 100}}
  - dmesg: {in_order: ["@ident@: thread started", "/round 1$/", "/round 2$/", "/round 3$/"]}
  - lsmod: {module: @ident@, users: 0}
  - ps: {thread: @ident@, count: 1}
  - sched: {thread: @ident@, wakes_every: 100ms ± 10%, for: 1s}   # by the scheduler's own trace
  - unload
  - dmesg: "@ident@: thread stopped"
  - ps: {thread: @ident@, absent: true}
)text";

constexpr const char *kDeviceSource = R"text(// SPDX-License-Identifier: GPL-2.0
/*
 * @name@ - a character device that keeps what was written to it last
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>

static DEFINE_MUTEX(lock); /* of the message and its length */
static char message[64];
static size_t length;

static ssize_t @ident@_dev_read(struct file *file, char __user *to, size_t size, loff_t *offset)
{
	ssize_t done;

	mutex_lock(&lock);
	done = simple_read_from_buffer(to, size, offset, message, length);
	mutex_unlock(&lock);
	return done;
}

static ssize_t @ident@_dev_write(struct file *file, const char __user *from, size_t size, loff_t *offset)
{
	loff_t start = 0;
	ssize_t done;

	if (size > sizeof(message))
		return -EMSGSIZE;
	mutex_lock(&lock);
	done = simple_write_to_buffer(message, sizeof(message), &start, from, size);
	if (done >= 0)
		length = done;
	mutex_unlock(&lock);
	return done;
}

static const struct file_operations @ident@_dev_fops = {
	.owner = THIS_MODULE,
	.read = @ident@_dev_read,
	.write = @ident@_dev_write,
	.llseek = default_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "@name@",
	.fops = &@ident@_dev_fops,
};

module_misc_device(device);

MODULE_DESCRIPTION("A character device that keeps what was written to it last");
MODULE_LICENSE("GPL");
)text";

constexpr const char *kDevicePlan = R"text(# yaml-language-server: $schema=kmodtest.schema.json
name: @name@ gives back what was written to /dev/@name@
module: @name@
guest: {cpus: [1, 2]}
steps:
  - modinfo: {license: GPL}
  - load
  - lsmod: {module: @ident@, users: 0}
  - file: {path: /dev/@name@, equals: ""}
  - write: {path: /dev/@name@, content: "hello\n"}
  - run: {command: cat /dev/@name@, stdout: {equals: hello}}
  - write:
      path: /dev/@name@
      content: "this message is longer than the sixty-four bytes that the device keeps"
      errno: EMSGSIZE
  - file: {path: /dev/@name@, equals: hello}
  - run: {command: sleep 1000 < /dev/@name@, background: true}
  - lsmod: {module: @ident@, users: 1}             # who has it open holds the module
  - unload: {errno: EAGAIN}
  - run: killall sleep
  - lsmod: {module: @ident@, users: 0}
  - unload
  - file: {path: /dev/@name@, absent: true}
)text";

constexpr const char *kKbuild = R"text(# SPDX-License-Identifier: GPL-2.0
obj-m := @name@.o
)text";

constexpr const char *kReadme = R"text(# @name@

A Linux kernel module and its test plan, made by `kmodtest new`.

```sh
# Build the module, and run the plan in guests with one and two CPUs
kmodtest run .
# The same, and again whenever a file is saved
kmodtest watch .
# A guest with the module in /modules, and a prompt there
kmodtest shell @name@.yaml
```

| file | is |
|---|---|
| `@name@/@name@.c`, `@name@/Kbuild` | the module |
| `@name@.yaml` | what has to be seen of it; `kmodtest lint .` checks the plan without running it |
@ci@| `kmodtest.schema.json` | completion and checks of the plan in an editor; `kmodtest schema > kmodtest.schema.json` renews it |

Nothing is built in this folder: kmodtest builds a copy, against the headers of the guest's kernel.

The module's licence is GPL-2.0. `MODULE_LICENSE("GPL")` says so to the kernel, which gives many of its functions, those
of kernel threads among them, to GPL modules only.
)text";

constexpr const char *kGitIgnore = R"text(# Of a build in this folder, without kmodtest
.*.cmd
*.o
*.ko
*.mod
*.mod.c
Module.symvers
modules.order
# Reports
/artifacts/
/junit.xml
/report.html
)text";

constexpr const char *kGithub =
    R"text(# Runs the plan on each push. docs/guide/ci.md of kmodtest has more: several kernels, shards, retries.
name: kmodtest
on: [push, pull_request]
jobs:
  @name@:
    runs-on: ubuntu-latest
    container: debian:bookworm
    steps:
      - uses: actions/checkout@v4
      - uses: OWNER/kmodtest@main   # OWNER: where you have kmodtest's repository
        with:
          plans: @name@.yaml
)text";

constexpr const char *kGitlab =
    R"text(# Runs the plan on each push. docs/guide/ci.md of kmodtest has more: several kernels, parts in parallel.
include:
  - project: GROUP/kmodtest   # GROUP: where you have kmodtest's repository
    file: ci/gitlab.yml

@name@:
  extends: .kmodtest
  variables:
    KMODTEST_PLANS: @name@.yaml
)text";

}  // namespace

const std::vector<ModuleKind> &module_kinds() {
  static const std::vector<ModuleKind> kKinds = {
      {"kthread", "a kernel thread that wakes up periodically", kThreadSource, kThreadPlan},
      {"chardev", "a character device in /dev that is read and written", kDeviceSource, kDevicePlan},
      {"hello", "a parameter and two lines in the log, nothing else", kHelloSource, kHelloPlan},
  };
  return kKinds;
}

const std::vector<TemplateFile> &common_files() {
  static const std::vector<TemplateFile> kFiles = {
      {"@name@/Kbuild", "how it is built", kKbuild},
      {"README.md", "the next commands", kReadme},
      {".gitignore", "what a build leaves", kGitIgnore},
  };
  return kFiles;
}

const std::vector<CiKind> &ci_kinds() {
  static const std::vector<CiKind> kKinds = {
      {"github", {".github/workflows/kmodtest.yml", "runs the plan on GitHub", kGithub}},
      {"gitlab", {".gitlab-ci.yml", "runs the plan on GitLab", kGitlab}},
  };
  return kKinds;
}

std::string filled_in(std::string text, const std::string &name) {
  text = text::replaced(std::move(text), "@name@", name);
  text = text::replaced(std::move(text), "@ident@", plan::lsmod_name(name));
  return text;
}

}  // namespace kmodtest::cli
