// SPDX-License-Identifier: GPL-2.0-or-later
#include <map>
#include <string>
#include <vector>

#include "plan/steps/kinds.hpp"
#include "plan/steps/step_input.hpp"

namespace kmodtest::plan {
namespace {

char state_letter(const std::string &word) {
  static const std::map<std::string, char> letters{{"running", 'R'}, {"sleeping", 'S'}, {"uninterruptible", 'D'},
                                                   {"idle", 'I'},    {"parked", 'P'},   {"stopped", 'T'},
                                                   {"zombie", 'Z'}};
  return letters.at(word);
}

std::optional<std::string> cpu_text(MapReader &reader, const std::string &key) {
  const auto cpus = reader.cpus(key);
  if (!cpus) return std::nullopt;
  return format_cpu_list(*cpus);
}

std::vector<std::string> policy_names() {
  std::vector<std::string> names;
  for (const wire::SchedPolicy &policy : wire::kSchedPolicies) names.emplace_back(policy.name);
  return names;
}

const Table &ps_table() {
  static const Table table{
      "ps",
      {{.name = "thread",
        .type = Type::text,
        .description = "the thread's name; a glob may match several",
        .example = "my_thread*",
        .required = true},
       {"count", Type::range, "'>= 1'", "how many must match", "2"},
       {.name = "state",
        .type = Type::choices,
        .fallback = "any",
        .description = "the states they may be in",
        .example = "parked",
        .allowed = {"running", "sleeping", "uninterruptible", "idle", "parked", "stopped", "zombie"}},
       {"cpu", Type::cpu_list, "any", "each last ran on one of these CPUs", "2"},
       {"allowed", Type::cpu_list, "any", "each may run on exactly these CPUs", "0-3"},
       {.name = "policy",
        .type = Type::choices,
        .fallback = "any",
        .description = "the scheduling policies they may have",
        .example = "fifo",
        .allowed = policy_names()},
       {"priority", Type::range, "any", "the priority of a real-time policy, 1 to 99 (0 for the others)", "50"},
       {"nice", Type::range, "any", "the nice value, -20 to 19", "-5"},
       {"absent", Type::boolean, "false", "there is no such thread", "true"},
       kWithin,
       kFor}};
  return table;
}

}  // namespace

StepKind kind_of(const wire::ThreadCondition &) {
  return {.name = "ps",
          .summary = "Checks the kernel's threads.",
          .short_key = "thread",
          .table = &ps_table(),
          .example = "ps: {thread: my_thread, state: parked}"};
}

std::optional<std::string> read(wire::ThreadCondition &threads, StepInput &in) {
  threads.thread = in.reader.text("thread").value_or("");
  if (in.reader.has("thread") && threads.thread.empty())
    in.reader.error(Code::empty_value, "thread", "the thread's name is empty");
  threads.absent = in.reader.boolean("absent").value_or(false);
  threads.count = in.reader.range("count");
  if (threads.count && threads.count->max < 0)
    in.reader.error(Code::out_of_range, "count", "a count cannot be negative");
  for (const std::string &word : in.reader.choices("state")) threads.states += state_letter(word);
  threads.cpus = cpu_text(in.reader, "cpu");
  threads.allowed = cpu_text(in.reader, "allowed");
  for (const std::string &word : in.reader.choices("policy"))
    for (const wire::SchedPolicy &policy : wire::kSchedPolicies)
      if (word == policy.name) threads.policies.push_back(policy.number);
  threads.priority = in.reader.range("priority");
  threads.nice = in.reader.range("nice");
  if (threads.absent)
    refuse_together(in.reader, "absent", {"count", "state", "cpu", "allowed", "policy", "priority", "nice"},
                    "a thread that does not exist has none");
  return threads.thread;
}

}  // namespace kmodtest::plan
