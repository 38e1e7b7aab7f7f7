// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/vocabulary.hpp"

#include <string>

#include "base/guest_devices.hpp"
#include "base/guest_limits.hpp"

namespace kmodtest::plan {

static_assert(base::kMostGuestCpus == 64 && base::kLeastGuestMemoryMib == 64 && base::kMostGuestMemoryMib == 64 * 1024,
              "the descriptions of guest.cpus and guest.memory name these numbers");

const Key *Table::find(std::string_view key) const {
  for (const Key &candidate : keys)
    if (candidate.name == key) return &candidate;
  return nullptr;
}

std::vector<std::string> Table::names() const {
  std::vector<std::string> out;
  for (const Key &key : keys) out.push_back(key.name);
  return out;
}

const Table &module_table() {
  static const Table table{
      "module",
      {{.name = "path",
        .type = Type::text,
        .description = "a name, a folder with a Kbuild, a Makefile or a dkms.conf, or a .ko",
        .example = "../modules/my-driver"},
       {"name", Type::text, "the folder's or file's name", "the name as lsmod prints it", "my_driver"},
       {"tree", Type::text, "", "instead of path: a folder that is copied as a whole and built there", ".."},
       {"dir", Type::text, "the tree itself", "the folder of the tree in which make runs", "drv"},
       {"make", Type::parameters, "none", "variables for make, as written", "{CONFIG_MY_DRIVER: m}"},
       {"target", Type::text, "as the makefile says", "the target for make", "modules"},
       {"before", Type::text, "nothing",
        "a command that runs in the copy before make; it needs the option --build-scripts", "./configure"}}};
  return table;
}

const Table &files_table() {
  static const Table table{
      "files",
      {{.name = "from",
        .type = Type::text,
        .description = "a file, or a folder with everything in it, below the plan's folder",
        .example = "tools/mytool",
        .required = true},
       {"to", Type::text, "/tmp/NAME, for firmware NAME", "its path in the guest", "/tmp/data.img"}}};
  return table;
}

namespace {

std::vector<std::string> device_names() {
  std::vector<std::string> names;
  names.reserve(base::kGuestDevices.size());
  for (const base::GuestDevice &device : base::kGuestDevices) names.emplace_back(device.name);
  return names;
}

}  // namespace

const Table &numa_table() {
  static const Table table{"numa",
                           {{"cpus", Type::cpu_list, "none: a node of memory only", "the CPUs of this node", "0-1"},
                            {.name = "memory",
                             .type = Type::size,
                             .description = "the memory of this node",
                             .example = "128M",
                             .required = true}}};
  return table;
}

const Table &devices_table() {
  static const Table table{"devices",
                           {{.name = "device",
                             .type = Type::choice,
                             .description = "the device",
                             .example = "nvme",
                             .allowed = device_names(),
                             .required = true},
                            {"size", Type::size, "64M, or 1M",
                             "of a disk, 1M to 1T, in whole MiB; or of the memory of ivshmem-plain", "1G"}}};
  return table;
}

const Table &guest_table() {
  static const Table table{
      "guest",
      {{"cpus", Type::integers, "1", "number of CPUs, 1 to 64; a list is an axis of the matrix", "[1, 2, 4]"},
       {"memory", Type::size, "256M", "memory, 64M to 64G", "512M"},
       {"sockets", Type::integer, "", "sockets; sockets × cores × threads has to be the number of CPUs", "1"},
       {"cores", Type::integer, "", "cores of each socket", "2"},
       {"threads", Type::integer, "", "threads of each core", "2"},
       {"topology", Type::topologies, "",
        "instead of cpus: sockets, cores of each and threads of each core; a list is an axis of the matrix",
        "[1x4x1, 2x2x1, 1x2x2]"},
       {.name = "numa",
        .type = Type::numa,
        .fallback = "one node",
        .description = "that many equal NUMA nodes, or the CPUs (and memory) of each, or a map for each; a list of "
                       "these is an axis "
                       "of the matrix",
        .example = "[1, 2, 0/1-3, 0-1:64M/2-3:192M]",
        .table = &numa_table()},
       {.name = "channel",
        .type = Type::choice,
        .fallback = "memory",
        .description = "how controller and agent communicate; only guests with memory are restored from a snapshot",
        .example = "serial",
        .allowed = {"memory", "virtio", "serial"}},
       {.name = "devices",
        .type = Type::devices,
        .fallback = "none",
        .description = "devices of QEMU for the drivers under test, or a map for each; network cards are connected "
                       "with each other only, disks are empty",
        .example = "[edu, {device: nvme, size: 1G}]",
        .allowed = device_names(),
        .table = &devices_table()},
       {"slub_debug", Type::text, "off",
        "checks of slab memory, by the letters of slub_debug=: F for freed twice or corrupted, Z for written beyond "
        "the "
        "end, P for used after it was freed, U to report who allocated and freed it",
        "FZPU"},
       {"page_poison", Type::boolean, "false", "check that pages are not written to after they were freed", "true"},
       {"kfence", Type::integer, "the kernel's own",
        "KFENCE guards one allocation in this many milliseconds, 1 to 60000; 0: none", "100"},
       {.name = "preempt",
        .type = Type::choices,
        .fallback = "the kernel's own",
        .description = "where the kernel lets another task run: anywhere (full), where it offers it (voluntary), or "
                       "only where it blocks (none); a list is an axis of the matrix",
        .example = "[full, voluntary, none]",
        .allowed = {"full", "voluntary", "none"}},
       {"append", Type::text, "", "further words for the kernel's command line", "nosmt loglevel=8"}}};
  return table;
}

const Table &checks_table() {
  static const Table table{
      "checks",
      {{"reports", Type::boolean, "true", "no panic, oops, BUG, WARNING or stall in the kernel log", "false"},
       {"taint", Type::boolean, "true", "no taint except for that of an out-of-tree module", "false"},
       {"tests", Type::boolean, "true", "no test in the kernel log, or printed by a command, that failed (KTAP)",
        "false"},
       {"leftovers", Type::boolean, "true", "nothing left after unload, and nothing that grows in a repeat", "false"},
       {"memory", Type::boolean, "false",
        "follow what the modules allocate from slab caches (kmalloc and its kin): none of it is left after the unload; "
        "always on where calls fail",
        "true"},
       {.name = "races",
        .type = Type::choice,
        .fallback = "false",
        .description = "no data race: no two threads of the modules access the same memory at the same time, one of "
                       "them to write, unless both use READ_ONCE and its kin; found by letting threads meet (true), or "
                       "by accesses that no lock and no other synchronisation puts in an order (order); emulates",
        .example = "order",
        .allowed = {"true", "false", "order"}},
       {"parameters", Type::boolean, "true", "no parameter that the module does not have", "false"},
       {"allow", Type::texts, "none", "globs of what may stay or grow, as KIND:NAME; see below",
        "[cache:my_cache, growth:kmalloc-64]"},
       {"allow_entries", Type::texts, "none", "globs of the entries that may stay", "[/sys/kernel/slab/*]"},
       {"allow_threads", Type::texts, "none", "globs of the threads that may stay", "[kworker/*]"}}};
  return table;
}

const Table &expect_table() {
  static const Table table{
      "expect",
      {{"report", Type::patterns, "no report",
        "a kernel report that must occur, by its kind and place as a verdict shows it; each pattern must match one, "
        "and no other report may occur",
        "NULL pointer dereference in my_write"},
       {.name = "verdict",
        .type = Type::choice,
        .fallback = "passed",
        .description = "the verdict that the case must get",
        .example = "leaked",
        .allowed = {"crashed", "hung", "leaked", "failed", "errored"}},
       {"says", Type::patterns, "", "each must match a line of that verdict's summaries", "thread 'my_thread'"}}};
  return table;
}

const Table &fail_table() {
  static const Table table{"fail",
                           {{"nth", Type::integer, "none",
                             "the call with this number fails; counts from 1 over all modules under test", "3"},
                            {"every", Type::integer, "none", "the call with this number fails, and each after it", "1"},
                            {"percent", Type::integer, "100",
                             "how many of 100 of these calls fail, 1 to 100; without 'every' of all calls", "5"},
                            {"seed", Type::integer, "1", "chooses the calls for 'percent'", "7"},
                            {"functions", Type::texts, "all that kmodtest knows",
                             "globs: only calls of these functions count and fail", "[kmalloc, kthread_*]"},
                            {"tolerates", Type::texts, "none",
                             "globs of FUNCTION or FUNCTION@PLACE: a load may go on although these calls have failed",
                             "[kmalloc@log_init]"}}};
  return table;
}

const Table &step_table() {
  static const Table table{
      "step",
      {{"points", Type::integer, "0", "for those who grade: what the step is worth if it holds, whole numbers", "2"}}};
  return table;
}

const Key &points_key() {
  return step_table().keys.front();
}

const Table &plan_table() {
  static const Table table{
      "plan",
      {{"name", Type::text, "the file's name", "what the plan shows, in a few words", "the thread stays on its CPU"},
       {"description", Type::text, "", "more about it, for people", "Binds a thread and watches it."},
       {"tags", Type::texts, "none", "words to select plans by", "[kthread, slow]"},
       {.name = "module",
        .type = Type::modules,
        .description = "the module under test, or a list in the order of loading",
        .example = "my_module",
        .table = &module_table(),
        .required = true},
       {"kernel_modules", Type::texts, "none", "modules of the kernel itself, loaded first with what they depend on",
        "[loop]"},
       {.name = "files",
        .type = Type::files,
        .fallback = "none",
        .description = "files for the guest; with each program, the libraries that it needs",
        .example = "[tools/mytool, {from: data.img, to: /tmp/data.img}]",
        .table = &files_table()},
       {.name = "firmware",
        .type = Type::files,
        .fallback = "none",
        .description = "files that drivers can request, by their names below /lib/firmware",
        .example = "[{from: fw.bin, to: vendor/fw.bin}]",
        .table = &files_table()},
       {"packages", Type::texts, "none",
        "packages of this machine's distribution, for the guest, with what they depend on; apt fetches them once",
        "[dmsetup, iptables]"},
       {"kernel", Type::texts, "the default kernel",
        "a name of the catalogue, all, a pattern such as debian-*-cloud, host, or a path; a list is an axis of the "
        "matrix",
        "debian-6.1-cloud"},
       {.name = "guest",
        .type = Type::map,
        .fallback = "one CPU, 256M",
        .description = "the guest's hardware",
        .example = "{cpus: [1, 2, 4], memory: 256M}",
        .table = &guest_table()},
       {"matrix", Type::matrix, "", "further axes: the plan runs once for each combination of values",
        "{cpu: [first, last]}"},
       {"timeout", Type::duration, "60s, and the deadlines of the steps", "of a whole case, in guest time", "2m"},
       {.name = "time",
        .type = Type::choice,
        .fallback = "virtual where the guest is emulated",
        .description = "what the guest's clock follows: its own instructions, so that sleeping costs nothing and runs "
                       "are reproducible (virtual or deterministic), or the host's clock (real)",
        .example = "real",
        .allowed = {"virtual", "real", "deterministic"}},
       {"schedule", Type::text, "none",
        "a file that kmodtest explore wrote, in the plan's folder: the cases run under that schedule", "racy.schedule"},
       {.name = "fail",
        .type = Type::map,
        .fallback = "no call fails",
        .description = "calls of functions that allocate or register something fail in the modules under test; the "
                       "first three keys choose which",
        .example = "{nth: 3}",
        .table = &fail_table()},
       {.name = "checks",
        .type = Type::map,
        .fallback = "all on",
        .description = "the checks that are always on",
        .example = "{taint: false}",
        .table = &checks_table()},
       {.name = "expect",
        .type = Type::map,
        .fallback = "it passes",
        .description = "the failure that must occur, for modules that are broken on purpose",
        .example = "{report: soft lockup}",
        .table = &expect_table()},
       {"needs", Type::texts, "nothing",
        "features that the kernel must have been built with, else the cases are skipped: kasan, lockdep, kmemleak, "
        "debug_objects, fault_injection, kcsan, ubsan, or an option's name (with =n: without it)",
        "[kasan, CONFIG_NUMA]"},
       {"skip", Type::text, "", "a reason: the cases are not run but reported as skipped", "needs real hardware"},
       {.name = "steps",
        .type = Type::steps,
        .description = "what to do and what to check, in this order",
        .example = "[load, dmesg: Hello, unload]",
        .required = true}}};
  return table;
}

std::string type_phrase(const Key &key) {
  switch (key.type) {
    case Type::text:
      return "a text";
    case Type::texts:
      return "a text or a list of texts";
    case Type::boolean:
      return "true or false";
    case Type::integer:
      return "a whole number";
    case Type::integers:
      return "a whole number or a list of them";
    case Type::duration:
      return "a duration";
    case Type::size:
      return "a size";
    case Type::range:
      return "a range";
    case Type::size_range:
      return "a range of sizes";
    case Type::interval:
      return "an interval";
    case Type::pattern:
      return "a pattern";
    case Type::patterns:
      return "a pattern or a list of patterns";
    case Type::cpu_list:
      return "a CPU list";
    case Type::guest_path:
      return "a path of the guest";
    case Type::errno_name:
      return "an errno name";
    case Type::choice:
    case Type::devices:
    case Type::choices: {
      std::string out = key.type == Type::choice ? "one of " : "one or a list of ";
      for (const std::string &word : key.allowed) out += (&word == &key.allowed.front() ? "" : ", ") + word;
      return out;
    }
    case Type::map:
      return "a map";
    case Type::maps:
      return "a map or a list of maps";
    case Type::limit:
      return "a longest duration";
    case Type::shares:
      return "a map of CPUs to shares";
    case Type::parameters:
      return "a map of parameters";
    case Type::matrix:
      return "a map of lists";
    case Type::topologies:
      return "a topology or a list of them";
    case Type::numa:
      return "a number, the CPUs of each node, or a list";
    case Type::modules:
    case Type::files:
      return "a text, a map or a list of these";
    case Type::text_condition:
      return "a pattern or a map";
    case Type::steps:
      return "a list of steps";
  }
  return "a value";
}

}  // namespace kmodtest::plan
