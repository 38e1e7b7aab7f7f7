// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error_index.hpp"

namespace kmodtest::base {

const ErrorArea &plans_errors() {
  static const ErrorArea area{
      "Plans",
      {
          {Code::plan_unreadable, "a plan cannot be read",
           "The plan's file is there, but its content could not be read.",
           "It belongs to another user, is a folder, or lies on a disk that fails.",
           "Give the path of a `.yaml` file that you may read.",
           "kmodtest: error[K0201]: cannot read the plan hello.yaml: Permission denied"},
          {Code::not_yaml, "this is not YAML",
           "The file is no well-formed YAML, so nothing can be said about the plan in it.",
           "Mostly a value that YAML reads in its own way: one that starts with `[ { * & % > ! @`, or "
           "has `: ` or ` #` in it. Tabs may not indent.",
           "Put such a value into quotes. The mark below the line shows where the reader got lost; the "
           "mistake is there or shortly before.",
           "module: hello\n"
           "steps:\n"
           "  - dmesg: [unclosed",
           ErrorText::Example::plan},
          {Code::not_a_plan, "this is no plan",
           "The file is YAML, but not a map with the keys of a plan, or it holds several documents, or nothing.",
           "An empty file, a list at the top level, or a `---` in the middle.",
           "Write one plan a file, as a map. It needs at least `module` and `steps`.",
           "- module: hello\n"
           "- steps: [load]",
           ErrorText::Example::plan},
          {Code::plan_too_large, "a plan is too large",
           "The plan, or what its matrix and its aliases unfold to, is beyond what kmodtest takes: "
           "this protects it from files that would fill the memory.",
           "Axes of a matrix multiply each other: four of them with ten values each are 10,000 cases. "
           "Or a generated file has too many steps.",
           "Split the plan, or take axes out of the matrix and run the plan several times with options "
           "such as `--cpus`.",
           "module: hello\n"
           "matrix:\n"
           "  a: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n"
           "  b: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n"
           "  c: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n"
           "  d: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n"
           "steps:\n"
           "  - load: {params: {x: \"${a}${b}${c}${d}\"}}",
           ErrorText::Example::plan},
          {Code::duplicate_key, "a key appears twice",
           "A map has the same key twice. YAML readers differ in which of them counts, so kmodtest "
           "takes neither.",
           "A line was copied and not changed.",
           "Remove one of them. Where the same step is meant to come twice, write two steps: each "
           "begins with `- `.",
           "module: hello\n"
           "steps: [load]\n"
           "timeout: 5s\n"
           "timeout: 9s",
           ErrorText::Example::plan},
          {Code::unknown_key, "a key that plans do not have", "The map has a key that is not in its vocabulary.",
           "A typing error, a key of another step, or one that stands too far left or right: "
           "indentation decides to which map it belongs.",
           "Take the key that is suggested. `testplans/README.md` and `kmodtest schema --reference` "
           "list all of them; with the JSON Schema (`kmodtest schema`) an editor completes them.",
           "module: hello\n"
           "guest: {memroy: 1G}\n"
           "steps: [load]",
           ErrorText::Example::plan},
          {Code::missing_key, "a key is missing", "A map lacks a key without which it says nothing.",
           "It was forgotten, or stands at another indentation and so in another map.",
           "Add the key; the message has an example.", "steps: [load]", ErrorText::Example::plan},
          {Code::wrong_type, "a value is of another kind",
           "The key takes a single value, a list or a map, and the plan has another of these.",
           "A `- ` too many or too few, or a missing value, which YAML reads as nothing.",
           "Write the value like the example in the message.",
           "module: hello\n"
           "timeout: [5s]\n"
           "steps: [load]",
           ErrorText::Example::plan},
          {Code::out_of_range, "a number is too small or too large",
           "The number is well-formed, but lies outside of what is possible for this key.",
           "A slip, or a unit that was left out: `256` of memory are bytes.",
           "Choose a value within the limits that the message names.",
           "module: hello\n"
           "guest: {memory: 4M}\n"
           "steps: [load]",
           ErrorText::Example::plan},
          {Code::unknown_word, "a word that is none of those possible",
           "The key takes one of a few words, and this is none of them.",
           "A typing error. `yes` and `no` are text in YAML 1.2: write `true` and `false`.",
           "Take one of the words that the message lists.",
           "module: hello\n"
           "guest: {channel: serail}\n"
           "steps: [load]",
           ErrorText::Example::plan},
          {Code::bad_number, "this is no whole number", "The key takes a whole decimal number.",
           "A fraction, a unit, a number in hexadecimal, or text.", "Write digits alone.",
           "module: hello\n"
           "guest: {cpus: two}\n"
           "steps: [load]",
           ErrorText::Example::plan},
          {Code::bad_duration, "this is no duration",
           "The key takes a time with its unit, such as `500ms`, `1s`, `1.5s`, `2m` or `100us`; at most a week.",
           "The unit is missing, or one that is not known.", "Add the unit.",
           "module: hello\n"
           "timeout: 5\n"
           "steps: [load]",
           ErrorText::Example::plan},
          {Code::bad_size, "this is no size",
           "The key takes a number of bytes, with `K`, `M` or `G` for powers of 1024. A guest's memory "
           "is whole MiB.",
           "A unit such as `MB`, or a comma.", "Write it like `4096`, `16K`, `256M` or `1G`.",
           "module: hello\n"
           "guest: {memory: 256MB}\n"
           "steps: [load]",
           ErrorText::Example::plan},
          {Code::bad_range, "this is no range",
           "The key takes a number or a range of numbers, such as `3`, `2..5`, `'>= 2'` or `'< 6'`; a "
           "share has a `%` behind it.",
           "Another notation (`2-5`), or a range that ends before it begins. A value that starts with "
           "`>` needs quotes.",
           "Write it like one of the examples.",
           "module: hello\n"
           "steps:\n"
           "  - load\n"
           "  - ps: {thread: hello, count: 2-5}",
           ErrorText::Example::plan},
          {Code::bad_interval, "this is no interval",
           "The key takes a time and how far it may be off, such as `1s ± 20%`, `100ms ± 30ms` or "
           "`80ms..150ms`.",
           "No tolerance: two moments are never exactly so far apart. `+-` does for `±`.", "Add the tolerance.",
           "module: hello\n"
           "steps:\n"
           "  - load\n"
           "  - dmesg: {interval: {of: tick, is: 1s}}",
           ErrorText::Example::plan},
          {Code::bad_pattern, "a pattern cannot be used",
           "A pattern is a text, or a POSIX extended regular expression between slashes. This one "
           "cannot be compiled, would fit everything, or would take too long to match.",
           "`\\d`, `\\w` or a lookahead, which POSIX does not know; an unbalanced bracket; or an empty pattern.",
           "Write `[0-9]` for `\\d`. Where no expression is meant, leave out the slashes: the text is "
           "then taken as it is.",
           "module: hello\n"
           "steps:\n"
           "  - load\n"
           "  - dmesg: /took \\d+ ms/",
           ErrorText::Example::plan},
          {Code::bad_cpu_list, "this is no list of CPUs",
           "The key takes CPUs in the kernel's list format: `0`, `0-3` or `0,2`. CPUs count from 0 to 63.",
           "A blank, a word, or a range that runs backwards.", "Write numbers and upward ranges with commas.",
           "module: hello\n"
           "guest: {cpus: 4}\n"
           "steps:\n"
           "  - load\n"
           "  - ps: {thread: hello, cpu: 3-1}",
           ErrorText::Example::plan},
          {Code::bad_errno, "this is no name of an errno",
           "What a refused load or write gives is written by its name, such as `EINVAL`; `any` stands "
           "for each of them.",
           "A number, a name without the `E`, or a typing error.",
           "Take the name; `errno -l` of the package moreutils lists all.",
           "module: hello\n"
           "steps:\n"
           "  - load: {errno: EINVALID}",
           ErrorText::Example::plan},
          {Code::bad_text, "a text cannot be",
           "The text is of the right kind, but cannot be what it stands for: a path of the guest "
           "outside of what steps may look at, or a text that is too long or has several lines.",
           "Steps read and write below `/proc`, `/sys`, `/dev` and `/tmp` only, since the guest has no disk.",
           "Correct it as the message says.",
           "module: hello\n"
           "steps:\n"
           "  - load\n"
           "  - file: {path: /etc/passwd, exists: true}",
           ErrorText::Example::plan},
          {Code::empty_value, "a value is empty",
           "A list without entries or an empty text stands where at least one is needed.",
           "A variable that is empty, or a list whose entries were commented out.",
           "Add a value, or leave out the key.",
           "module: hello\n"
           "steps: []",
           ErrorText::Example::plan},
          {Code::keys_exclude, "keys that cannot stand together",
           "One key says the opposite of the other, or makes it senseless: what is absent has no count.",
           "Two checks were put into one step.", "Write two steps, or leave out one of the keys.",
           "module: hello\n"
           "steps:\n"
           "  - load\n"
           "  - ps: {thread: hello, absent: true, count: 1}",
           ErrorText::Example::plan},
          {Code::key_needs_another, "a key that needs another one",
           "The key refines something that the map does not say, so it would have no effect.",
           "The other key was removed or forgotten.", "Add the key that is named, or leave out this one.",
           "module: hello\n"
           "steps: [load]\n"
           "expect: {report: soft lockup, says: gone}",
           ErrorText::Example::plan},
          {Code::checks_nothing, "a step that checks nothing", "The step names no condition, so it would always hold.",
           "The condition was commented out, or only keys that say where and when to look were given.",
           "Give one of the conditions that the message lists.",
           "module: hello\n"
           "steps:\n"
           "  - load\n"
           "  - dmesg: {within: 5s}",
           ErrorText::Example::plan},
          {Code::unknown_step, "a step that plans do not have", "The word behind `- ` is no kind of step.",
           "A typing error, or a shell command: those go into `run`.",
           "Take the step that is suggested. For a command write `- run: COMMAND`.",
           "module: hello\n"
           "steps:\n"
           "  - lod",
           ErrorText::Example::plan},
          {Code::bad_step, "a step of the wrong form",
           "A step is a word (`- load`) or a map with one key (`- dmesg: hello`).",
           "A missing `- ` puts two steps into one map; a key too far left takes it out of its step.",
           "Begin each step with `- `, and indent what belongs to it by more than the step's own key.",
           "module: hello\n"
           "steps:\n"
           "  - load:\n"
           "    dmesg: hello",
           ErrorText::Example::plan},
          {Code::unknown_variable, "a variable that the plan does not have",
           "`${NAME}` stands for a value of the matrix, or of the guest (`cpus`, `kernel` and the "
           "like), and there is none of this name.",
           "A typing error, or a variable of the shell.",
           "Add it to `matrix`, or write `$NAME` or `$${NAME}` for the shell of the guest.",
           "module: hello\n"
           "steps:\n"
           "  - load\n"
           "  - file: {path: \"/proc/${HOME}\", exists: true}",
           ErrorText::Example::plan},
          {Code::bad_variable, "a variable that does not end", "A `${` has no `}`.",
           "The brace was forgotten, or the text is meant as it stands.", "Close it, or write `$${` for a plain `${`.",
           "module: hello\n"
           "steps:\n"
           "  - load\n"
           "  - dmesg: \"${cpus\"",
           ErrorText::Example::plan},
          {Code::bad_matrix, "the matrix is of the wrong form",
           "`matrix` is a map from names of variables to lists of single values; the plan has a case "
           "for each combination.",
           "A key of the guest (`cpus`, `kernel`) was used as a variable, or a value is a map or a list.",
           "Give lists to the keys of `guest` themselves (`guest: {cpus: [1, 4]}`), and single values "
           "to variables.",
           "module: hello\n"
           "matrix: [1, 2]\n"
           "steps: [load]",
           ErrorText::Example::plan},
          {Code::unused_variable, "a variable is not used",
           "The matrix has a variable that no step mentions: each of its values gives a case that does "
           "the same. This is a warning; the plan runs.",
           "The `${…}` was forgotten, or the step that had it was removed.",
           "Write `${NAME}` where it is meant, or take it out of the matrix.",
           "module: hello\n"
           "matrix: {cpu: [0, 1]}\n"
           "steps: [load]",
           ErrorText::Example::plan},
          {Code::unknown_module, "the plan's module cannot be found",
           "There is neither a folder nor a `.ko` of this name where plans look, or a step names a "
           "module that is not one of the plan's.",
           "Plans look in their own folder, in `modules` in and beside it, and in the folders given "
           "with `--modules`.",
           "Correct the name, write a path relative to the plan, or give the folder that has it with "
           "`--modules DIR`.",
           "module: helo\n"
           "steps: [load]",
           ErrorText::Example::plan},
          {Code::bad_name, "this cannot be a name",
           "Modules, their parameters and variables have names of letters, digits and `_` (modules "
           "also `-`), which do not begin with a digit where it is a variable.",
           "A path, an ending such as `.c`, or a blank.", "Write the name as `lsmod` or the C source has it.",
           "module: hello\n"
           "steps:\n"
           "  - load: {params: {\"two words\": 1}}",
           ErrorText::Example::plan},
          {Code::outside_of_folder, "a path leads out of the plan's folder",
           "Plans may be somebody else's; so they reach modules and kernels below their own folder "
           "only, and where the command line allows.",
           "A path with `..`, an absolute path, or a symbolic link that leads away.",
           "Allow the folder: `--modules DIR` for modules, `--kernel FILE` for a kernel's image.",
           "module: /usr/lib/hello\n"
           "steps: [load]",
           ErrorText::Example::plan},
          {Code::module_named_twice, "a step names a module twice",
           "The list of a step has the same module twice, and the kernel holds one of a name.", "A slip in the list.",
           "Remove one of them.",
           "module: hello\n"
           "steps:\n"
           "  - load: {module: [hello, hello]}",
           ErrorText::Example::plan},
          {Code::module_loaded_already, "the module is loaded already",
           "The step loads a module that an earlier step has loaded, which the kernel refuses with EEXIST.",
           "An `unload` is missing between two loads.",
           "Unload it first. To see the refusal itself, write `load: {errno: EEXIST}`.",
           "module: hello\n"
           "steps: [load, load]",
           ErrorText::Example::plan},
          {Code::module_not_loaded, "the module is not loaded here",
           "The step unloads a module that no earlier step has loaded, or that was unloaded already. A "
           "load that is expected to fail does not count.",
           "The order of the steps, or a name that belongs to the other module.",
           "Load it in an earlier step, or remove this one: what is left loaded at the end of a plan "
           "is unloaded anyway.",
           "module: hello\n"
           "steps: [unload]",
           ErrorText::Example::plan},
          {Code::no_such_cpu, "the guest has no such CPU",
           "A step names a CPU that the guest of this case does not have.",
           "The plan runs with several counts of CPUs, and the step fits the larger ones only.",
           "Give the guest more CPUs, or let the step's CPU be a variable such as `last` of the matrix.",
           "module: hello\n"
           "guest: {cpus: 2}\n"
           "steps:\n"
           "  - load\n"
           "  - ps: {thread: hello, cpu: 3}",
           ErrorText::Example::plan},
          {Code::cpu_stays_on, "CPU 0 cannot be switched off",
           "On x86 the first CPU stays on: kernels since 6.5 refuse to switch it off, and earlier ones "
           "do so unless they were started in a special way.",
           "The step names CPU 0, or a variable that starts at 0.", "Switch off CPUs from 1 on.",
           "module: hello\n"
           "guest: {cpus: 2}\n"
           "steps:\n"
           "  - load\n"
           "  - cpu: {offline: 0}",
           ErrorText::Example::plan},
          {Code::bad_topology, "sockets, cores and threads do not fit",
           "The guest's CPUs are sockets times cores times threads, and the product is not their "
           "number, or one of them is impossible.",
           "One of the numbers was changed alone.",
           "Give only `cpus` and let kmodtest choose, or write `topology: 2x4x1`, which says all at once.",
           "module: hello\n"
           "guest: {topology: 2x4}\n"
           "steps: [load]",
           ErrorText::Example::plan},
          {Code::bad_numa, "the NUMA nodes do not fit the guest",
           "Each CPU is in exactly one node, each node has memory, and the nodes' memory adds up to "
           "the guest's.",
           "The number of CPUs or the memory was changed and the nodes were not.",
           "Write a number (`numa: 2`), and CPUs and memory are shared out evenly; or correct the node "
           "that is named.",
           "module: hello\n"
           "guest: {cpus: 4, numa: [{cpus: 0-1, memory: 128M}, {cpus: 1-3, memory: 128M}]}\n"
           "steps: [load]",
           ErrorText::Example::plan},
          {Code::unknown_need, "this is no feature of a kernel",
           "`needs` names what a kernel has to be configured with, by a word such as `kasan` or by an "
           "option such as `CONFIG_SMP`; a case whose kernel lacks it is skipped.",
           "A typing error.", "Take one of the words that the message lists, or the name of the option.",
           "module: hello\n"
           "needs: [kassan]\n"
           "steps: [load]",
           ErrorText::Example::plan},
          {Code::clock_needs_channel, "virtual time needs the memory channel",
           "Under virtual time nothing may reach the guest at a moment that the host chooses. Only the "
           "channel through shared memory keeps that, and only an emulated guest has a virtual clock.",
           "`time: virtual` together with `channel: virtio` or `serial`.",
           "Leave out one of the two. Without `time`, the clock is virtual wherever that is possible.",
           "module: hello\n"
           "time: virtual\n"
           "guest: {channel: virtio}\n"
           "steps: [load]",
           ErrorText::Example::plan},
      }};
  return area;
}

}  // namespace kmodtest::base
