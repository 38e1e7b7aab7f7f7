// SPDX-License-Identifier: GPL-2.0-or-later
#include <string>
#include <vector>

#include "plan/vocabulary.hpp"

namespace kmodtest::plan {
namespace {

const Key kActionWithinKey{"within", Type::duration, "10s", "by when it has to be done, in guest time", "30s"};
const Key kWithin{"within", Type::duration, "5s", "by when it has to be true, in guest time", "10s"};
const Key kFor{"for", Type::duration, "0s", "how long it has to stay true after that", "2s"};
const Key kErrno{"errno", Type::errno_name, "none: it has to succeed",
                 "it has to be refused with this error; any: with whichever", "EINVAL"};

const Table &load_table() {
  static const Table table{
      "load",
      {{"module", Type::texts, "all of the plan, in its order", "a module of the plan, or a list", "my_module"},
       {"params", Type::parameters, "none", "module parameters, as written; for the last module named", "{cpu: 3}"},
       kErrno,
       kActionWithinKey}};
  return table;
}

const Table &unload_table() {
  static const Table table{"unload",
                           {{"module", Type::texts, "all that are loaded, the last one first",
                             "a module of the plan, or a list", "my_module"},
                            {"force", Type::boolean, "false", "even when it is in use (the kernel may refuse)", "true"},
                            kErrno,
                            kActionWithinKey}};
  return table;
}

const Table &dmesg_table() {
  static const Table table{
      "dmesg",
      {{"in_order", Type::patterns, "", "each has to match a line after the line of the one before",
        "[Thread started, Thread exiting]"},
       {"contains", Type::patterns, "", "each has to match some line", "Hello"},
       {"absent", Type::patterns, "", "none of them may match a line", "[error, failed]"},
       {"count", Type::maps, "", "how many lines have to match", "{of: Hello, is: 2..5}", {}, &count_table()},
       {"interval",
        Type::maps,
        "",
        "how far apart a repeating line has to come",
        "{of: tick, is: 1s ± 20%, times: 3}",
        {},
        &interval_table()},
       {"since",
        Type::choice,
        "action",
        "look from the last action, from the start of the case, or from here",
        "start",
        {"action", "start", "here"}},
       kWithin,
       kFor}};
  return table;
}

const Table &ps_table() {
  static const Table table{
      "ps",
      {{"thread", Type::text, "", "the thread's name; a glob may match several", "my_thread*", {}, nullptr, true},
       {"count", Type::range, "'>= 1'", "how many have to match", "2"},
       {"state",
        Type::choices,
        "any",
        "the states they may be in",
        "parked",
        {"running", "sleeping", "uninterruptible", "idle", "parked", "stopped", "zombie"}},
       {"cpu", Type::cpu_list, "any", "each last ran on one of these CPUs", "2"},
       {"allowed", Type::cpu_list, "any", "each may run on exactly these CPUs", "0-3"},
       {"absent", Type::boolean, "false", "there is no such thread", "true"},
       kWithin,
       kFor}};
  return table;
}

const Table &lsmod_table() {
  static const Table table{
      "lsmod",
      {{"module", Type::text, "the plan's last module", "the module's name", "my_module"},
       {"users", Type::range, "any", "its use count", "0"},
       {"size", Type::size_range, "any", "its size in bytes", "'< 64K'"},
       {"used_by", Type::texts, "any", "exactly these modules use it, in any order", "[other_module]"},
       {"absent", Type::boolean, "false", "it is not loaded", "true"},
       kWithin,
       kFor}};
  return table;
}

const Table &modinfo_table() {
  static const Table table{"modinfo",
                           {{"module", Type::text, "the plan's last module", "a module of the plan", "my_module"},
                            {"description", Type::pattern, "", "MODULE_DESCRIPTION", "A first module"},
                            {"author", Type::pattern, "", "MODULE_AUTHOR", "/^Ada/"},
                            {"license", Type::pattern, "", "MODULE_LICENSE", "GPL"},
                            {"depends", Type::pattern, "", "the modules that it needs", "/usbcore/"},
                            {"name", Type::pattern, "", "the name it was built with", "my_module"},
                            {"vermagic", Type::pattern, "", "what it was built for; a plain text is its start", "6.1."},
                            {"version", Type::pattern, "", "MODULE_VERSION", "1.0"},
                            {"srcversion", Type::pattern, "", "checksum of its source", "'/^[0-9A-F]+$/'"},
                            {"alias", Type::pattern, "", "an alias of it", "char-major-10-200"},
                            {"parm", Type::pattern, "", "some parameter's line; a plain text is its start", "'cpu:'"},
                            {"filename", Type::pattern, "", "the file's name", "/my_module.ko$/"}}};
  return table;
}

const Table &file_table() {
  static const Table table{
      "file",
      {{"path", Type::guest_path, "", "the file, below /proc, /sys, /dev or /tmp", "/proc/my_entry", {}, nullptr, true},
       {"exists", Type::boolean, "true", "it can be opened", "true"},
       {"absent", Type::boolean, "false", "there is no such entry", "true"},
       {"equals", Type::text, "", "its whole content, trailing newlines aside", "\"42\""},
       {"contains", Type::patterns, "", "what has to be in it", "ready"},
       {"lacks", Type::patterns, "", "what must not be in it", "error"},
       {"number", Type::range, "", "its content is one number in this range", "'>= 2'"},
       {"grows",
        Type::map,
        "",
        "its content is a number that grows",
        "{by: 1, every: 1s ± 20%, times: 3}",
        {},
        &grows_table()},
       kWithin,
       kFor}};
  return table;
}

const Table &write_table() {
  static const Table table{
      "write",
      {{"path", Type::guest_path, "", "the file, below /proc, /sys, /dev or /tmp", "/proc/my_entry", {}, nullptr, true},
       {"content", Type::text, "", "what to write, as it is", "\"1\"", {}, nullptr, true},
       kErrno,
       kActionWithinKey}};
  return table;
}

const Table &run_table() {
  static const Table table{
      "run",
      {{"command", Type::text, "", "for /bin/sh of the guest", "cat /proc/my_entry", {}, nullptr, true},
       {"exit", Type::range, "0", "its exit status; 128 + N where signal N ended it", "'> 0'"},
       {"stdout", Type::text_condition, "", "what it prints", "ready", {}, &text_condition_table()},
       {"stderr", Type::text_condition, "", "what it prints as errors", "No such file", {}, &text_condition_table()},
       {"background", Type::boolean, "false", "go on at once; it ends with the case", "true"},
       kActionWithinKey}};
  return table;
}

const Table &cpu_table() {
  static const Table table{"cpu",
                           {{"offline", Type::cpu_list, "", "CPUs to switch off (never CPU 0)", "1-3"},
                            {"online", Type::cpu_list, "", "CPUs to switch on", "1-3"},
                            kActionWithinKey}};
  return table;
}

const Table &sleep_table() {
  static const Table table{"sleep",
                           {{"duration", Type::duration, "", "how long, in guest time", "2s", {}, nullptr, true}}};
  return table;
}

const Table &repeat_table() {
  static const Table table{
      "repeat",
      {{"times", Type::integer, "", "how often, 10 to 10000", "100", {}, nullptr, true},
       {"module", Type::texts, "all of the plan, in its order", "a module of the plan, or a list", "my_module"},
       {"params", Type::parameters, "none", "module parameters, as written; for the last module named", "{cpu: 3}"},
       {"for", Type::duration, "100ms", "how long the modules stay loaded in each round", "2s"},
       {"within", Type::duration, "10s", "by when each load and each unload has to be done, in guest time", "30s"}}};
  return table;
}

const Table &sched_table() {
  static const Table table{
      "sched",
      {{"thread", Type::text, "", "the thread's name; a glob may match several", "my_thread*"},
       {"count", Type::range, "there are some, and each runs", "how many run", "2"},
       {"only_on", Type::cpu_list, "", "each runs on these CPUs and on no other, not for a moment", "3"},
       {"runs_on_all", Type::cpu_list, "", "together they run on each of these CPUs", "0-3"},
       {"node", Type::integer, "", "each runs on CPUs of this NUMA node only", "1"},
       {"migrations", Type::range, "", "how often each is moved to another CPU", "0"},
       {"share", Type::shares, "", "how much of their time they are on a CPU", "{cpu 2: 45..55%}"},
       {"wakes_every", Type::interval, "", "how far apart the wake-ups of each are", "1s ± 5%"},
       {"latency", Type::map, "", "how long each waits", "{wake_to_run: {p99: 2ms}}", {}, &latency_table()},
       {"never_together", Type::texts, "", "threads (globs) of which no two run at the same time",
        "[my_reader, my_writer]"},
       {"in",
        Type::choice,
        "running",
        "the state that `never_together` is about",
        "sleeping",
        {"running", "sleeping", "uninterruptible", "parked"}},
       {"since",
        Type::choice,
        "start",
        "look from the start of the case, from the last action, or from here",
        "here",
        {"start", "action", "here"}},
       {"for", Type::duration, "0s", "let so much guest time pass before looking", "3s"}}};
  return table;
}

}  // namespace

const std::vector<StepKind> &step_kinds() {
  static const std::vector<StepKind> kinds{
      {"load", "Loads modules of the plan.", true, true, "module", &load_table(), false, "load: {params: {cpu: 3}}"},
      {"unload", "Unloads modules of the plan.", true, true, "module", &unload_table(), false, "unload"},
      {"dmesg", "Looks at the kernel log.", false, false, "contains", &dmesg_table(), false,
       "dmesg: {in_order: [Thread started, Thread exiting], within: 5s}"},
      {"ps", "Looks at the kernel's threads.", false, false, "thread", &ps_table(), false,
       "ps: {thread: my_thread, state: parked}"},
      {"lsmod", "Looks at the loaded modules.", false, true, "module", &lsmod_table(), false, "lsmod: {users: 0}"},
      {"modinfo", "Looks at what the .ko says of itself (on the host, without the guest).", false, false, "",
       &modinfo_table(), false, "modinfo: {license: GPL, description: A first module}"},
      {"file", "Looks at a file of the guest.", false, false, "path", &file_table(), false,
       "file: {path: /proc/my_entry, number: '>= 2'}"},
      {"write", "Writes a file of the guest.", true, false, "", &write_table(), false,
       "write: {path: /proc/my_entry, content: \"1\"}"},
      {"run", "Runs a command in the guest.", true, false, "command", &run_table(), false,
       "run: {command: cat /proc/my_entry, stdout: ready}"},
      {"cpu", "Switches CPUs of the guest off and on.", true, false, "", &cpu_table(), false, "cpu: {offline: 1}"},
      {"sleep", "Lets guest time pass.", false, false, "duration", &sleep_table(), true, "sleep: 2s"},
      {"repeat",
       "Loads and unloads modules of the plan again and again, and watches what memory grows with the rounds.", true,
       false, "times", &repeat_table(), false, "repeat: 100"},
      {"sched", "Looks at where and when the kernel let threads of the modules run.", false, false, "", &sched_table(),
       false, "sched: {thread: my_thread, only_on: 3}"},
  };
  return kinds;
}

const StepKind *find_step_kind(std::string_view name) {
  for (const StepKind &kind : step_kinds())
    if (kind.name == name) return &kind;
  return nullptr;
}

}  // namespace kmodtest::plan
