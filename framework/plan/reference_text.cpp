// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/reference_text.hpp"

namespace kmodtest::plan {

const char *const kReferenceIntroduction =
    R"md(<!-- Generated from the table of keys in framework/plan; do not edit by hand. -->
# Test plans

A plan is a YAML file that says which kernel module to load, into what kind of guest, and what has to be seen of it.
`kmodtest run my_module.yaml` starts a guest, does the steps in it and tells whether all of it held.

## In two minutes

Put this beside the folder `my_module/` that has your module's source and its Kbuild file (or beside `my_module.ko`):

```yaml
# yaml-language-server: $schema=kmodtest.schema.json
name: my_module starts one thread
module: my_module
guest: {cpus: [1, 2, 4]}
steps:
  - load: {params: {period: 100}}
  - dmesg: {in_order: [thread started, "/tick [0-9]+/"], within: 5s}
  - ps: {thread: my_module, count: 1}
  - unload
  - dmesg: thread stopped
  - ps: {thread: my_module, absent: true}
```

* `kmodtest lint my_module.yaml` tells all that is wrong with it at once, without starting anything.
* `kmodtest list my_module.yaml` shows its three cases: with one, two and four CPUs. `kmodtest run my_module.yaml` runs them.
* Each step waits for what it expects, so no `sleep` is needed. A step fails at once when it can no longer hold.
* What is wrong with any module is checked without asking: kernel reports, taint, and what stays behind after unload.
* The first comment line gives editors with a YAML language server completion and checks while you write.

)md";

const char *const kReferenceModules = R"md(### `module`

A bare name is looked up, from the plan's own folder: `./NAME.ko`, `./NAME/`, `./modules/NAME`, `../modules/NAME`; for plans in
`plans/faulty/` also `modules/faulty/NAME` beside `plans/`; then in each folder given with `--modules DIR`. A folder has a Kbuild or a
Makefile and is built for each kernel; a `.ko` is taken as it is. Paths, symbolic links followed, may not lead out of the plan's own
folder, these folders of modules and the `--modules` folders. Several modules are listed in the order of loading. Where lsmod's name is not the folder's, write a map:

)md";

const char *const kReferenceMatrix = R"md(### `matrix`

A plan runs once for each combination of the values of `kernel`, of `cpus` (or `topology`) and `numa` of `guest`, and of all
variables of `matrix`; each combination is a case, such as `ex7_4 [cpus=4 cpu=3]` or
`ex7_4 [cpus=4 topology=2x2x1 numa=0/1-3 cpu=3]`. In the values of a variable, the words `first`, `last` and `each` stand for
CPU 0, the last CPU and all CPUs of the case's guest; `first node`, `last node` and `each node` are the same of its NUMA nodes.
Values that come out the same are taken once, so a guest with one CPU gets one case of `[first, last]`.

NUMA nodes are a number (CPUs and memory in equal parts), or the CPUs of each with a `/` between them (`0-1/2-3`), all with their
memory or none (`0:64M/1-3:192M`; `0-3:128M/:128M` has a node of memory only), or a list with a map for each. A list of anything
but maps is an axis: `numa: [1, 2, 0/1-3]`. The kernel does not take CPUs of two nodes for threads of one core.

`${NAME}` is filled in with a variable's value in any text of `guest`, `module`, `kernel_modules`, `checks`, `expect`, `needs`, `timeout`,
`skip` and `steps`;
`${cpus}` and `${kernel}` are always there, so are `${topology}` and `${numa}` where they are axes, and
in all but `guest` and `matrix` the shape of the case's guest: `${sockets}`, `${cores}` (of a socket), `${threads}` (of a core), `${nodes}`. Any other name is an error, so a `${HOME}` for the guest's shell is written `$${HOME}`: `$${` stands
for a plain `${`. Inside `{…}` and `[…]`, YAML wants quotes around it: `{cpu: "${cpu}"}`.

)md";

const char *const kReferenceExpect = R"md(### `expect`

A plan for a module that is broken on purpose says what has to come of it; the case passes when it does, and fails when it does not.
`report` is what the kernel says, `verdict` is for what it says nothing of:

```yaml
name: a NULL pointer is written through
module: null_dereference
expect: {report: "NULL pointer dereference in null_init"}
steps: [load]
```

```yaml
name: a thread is forgotten
module: leaves_thread
expect: {verdict: leaked, says: "thread 'forgotten'"}
steps: [load, unload]
```

A pattern of `report` is matched against the words with which a verdict names a report, e.g.
`NULL pointer dereference in null_init+0x1c [null_dereference]`; several reports may fit one pattern, and one that fits none
fails the case as it would without `expect`. A report that ends the guest, kills a process or tells of a stall may take steps
with it: actions from then on need not work, and nothing is asked of what is left behind. After a mere warning everything else has to hold.

With `verdict` the case is judged as ever, but for the reports that `report` names, and has to come to precisely this. `says` is
matched against the lines behind the verdict's word, such as `thread 'forgotten' (pid 71) is left after the unload`.

)md";

const char *const kReferenceSteps = R"md(## Steps

Each step is a map with one key, or a bare word where it needs no value. A case ends at the first step that does not hold. Where the
plan leaves a module loaded at its end, an `unload` is added.

)md";

const char *const kReferenceValues = R"md(## Values

| Value | Written as |
|---|---|
| a duration | `500ms`, `1s`, `1.5s`, `2m`, `100us` |
| a size | `4096`, `16K`, `256M`, `1G` |
| a range | `3` (exactly), `2..5`, `'>= 2'`, `'<= 5'`, `'> 1'`, `'< 6'` |
| an interval | `1s ± 20%`, `1s +- 20%`, `100ms ± 30ms`, `80ms..150ms` |
| a pattern | a plain text is a part of the line as it is; `/…/` is a POSIX extended regular expression |
| a CPU list | `0`, `0-3`, `0,2` |
| an errno name | `EINVAL`, `EBUSY`…; `any` for whichever |
| a parameter of `load` | taken as written: `0x10` stays `0x10`, `true` stays `true` |

Wherever a list of patterns is meant, a single pattern does too. `[0-9]` is a digit: `\d` is not POSIX. A value that starts with `>`, `!`, `*`, `&`,
`%`, `@`, `[` or `{`, or has `: ` or ` #` in it, needs quotes in YAML; inside `{…}` and
`[…]` also one with `,`, `[`, `]`, `{` or `}` in it.

In `modinfo`, a plain text has to be the whole field; for `vermagic` and `parm` it has to be its start. An empty text in quotes
(`depends: ""`) says that the field is empty.

A parameter that the module does not have does not keep the kernel from loading it, which would only note `unknown parameter`. So such a plan fails before
anything boots, unless `checks: {parameters: false}` says that it is meant.

)md";

const char *const kReferenceMeaning = R"md(## What it means

**Time is the guest's.** Durations, deadlines and intervals are measured by the clock of the guest. In an emulated guest that clock is virtual:
it counts the instructions that the guest executes, 4 ns each, and jumps ahead while all of its CPUs wait.

* Waiting costs next to nothing, so `sleep`, `for`, `within` and `timeout` may be as long as the module needs. Computing costs both clocks: a second
  of a busy guest is 250 million instructions, however fast the host is, and its CPUs share them. A `run` that computes may need a longer `within`.
* A busy host changes nothing. A case does the same to the microsecond whenever it is run, and its digest shows that it did. Other
  moments come with `--seed`.
* `interval` and `every` measure the module and the kernel's timers, nothing else. They need a tolerance all the same: the kernel ends
  long sleeps late, so that a loop around `msleep(1000)` comes round every 1.024 to 1.028 s.
* The guest's date starts at 2026-01-01 00:00 UTC in each case.

`time: real` has the clock follow the host's, for modules that busy CPUs have to race in, or that measure the host. It follows it also while a busy
host does not let the guest run: leave intervals more tolerance, and deadlines some room. So it is under KVM, and with `guest: {channel: virtio}` or
`serial`; there `time: virtual` has the CPU emulated, or is refused.

**Waiting.** A condition (`dmesg`, `ps`, `lsmod`, `file`) is looked at until all of it is true, at most for `within`. It then has to stay true for
`for`. So `dmesg: {absent: error, for: 2s}` watches for two seconds, and `dmesg: {absent: error}` looks once. A condition that can no longer become
true (an absent line appeared, a count was passed, an interval was off) fails at once. An action (`load`, `unload`, `write`, `run`, `cpu`) has to be
done by its `within`. `timeout` bounds the whole case. All three count guest time. Under
virtual time a guest that does not end by itself is given up after three times the `timeout` and 3 s of wall time.

**Which lines `dmesg` sees.** From the start of the last action on: the lines that the last `load` or `unload` caused. `since: start` takes the whole
log of the case, `since: here` only what comes after the step began. Several `dmesg` steps after one action look at the same lines. The
marker lines that kmodtest itself writes are never matched.

**Names.** lsmod and module steps take `-` and `_` alike. Kernels before 5.17 cut a thread's name after 15 characters; a longer name
in `ps` also matches the cut one.

**Always checked**, unless `checks` says otherwise: the kernel reports nothing (panic, oops, BUG, WARNING, stall, hung task…); it is not tainted
but by the loading of an out-of-tree, unsigned module; after the last unload nothing is left that was not there before.

**What an unload may leave behind.** Compared with the time before the load: modules and how often other modules are used, threads, workqueues (of
which a rescuer thread or an entry of sysfs tells), interrupt handlers, armed timers (`timer_list` and hrtimer) whose function was in a module, slab caches, device
numbers, areas of vmalloc that a module asked for, and the entries of /proc, /sys (debugfs among them) and /dev. `checks: {allow: …}` names what may stay or grow, by globs of

| | |
|---|---|
| `thread:NAME`, `workqueue:NAME` | as `ps` shows them |
| `entry:PATH` | of /proc, /sys or /dev |
| `interrupt:NAME`, `device:NAME` | the name it was requested or registered by |
| `cache:NAME` | of a slab cache |
| `timer:MODULE`, `vmalloc:MODULE` | of the module whose code it was |
| `module:NAME` | a module that is used more than before |
| `growth:NAME` | a slab cache, or `VmallocUsed`, `Percpu` or `pages`, that grows in a `repeat` |

The stock kernel shows nothing of: memory that was leaked once (see `repeat`), a workqueue that has neither rescuer nor sysfs entry, notifiers, the timer of
a `delayed_work` that was allocated, timers before tracefs was asked for. What can only be read through pointers into the module's own memory is not read.

**`repeat`** loads and unloads the modules some rounds to warm up, then `times` rounds, and counts the memory in use before, between and after, eleven times: objects of each
slab cache, vmalloc, memory for each CPU, whole pages. Before each count the caches are emptied and what the kernel frees a little later is
waited for. The growth per round, and how sure it is, come from the ten differences; a count that jumps once or twice, or wanders, is no leak.

**Outcomes.** Passed; Failed: a step did not hold; Crashed: the kernel reported a defect; Hung: a stall, or a deadline of an action passed; Leaked:
something stayed behind after unload; Errored: it could not be judged (the guest died, the host failed); Skipped: `skip`
gave a reason, or the kernel lacks what the plan `needs`.

**Safety.** A plan runs nothing on the host and reads nothing outside its own folder and the modules' folders. `run` is for the guest,
which has no network, and the next case finds it as if nothing had happened.

**Size.** With `channel: memory` the files and steps of a case have to fit into 20 MiB, and all that the guest reports into 12 MiB. `channel: virtio`
has no such limit; its guests are booted for each case.
)md";

}  // namespace kmodtest::plan
