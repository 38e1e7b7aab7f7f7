// SPDX-License-Identifier: GPL-2.0-or-later
#include <csignal>
#include <fmt/format.h>
#include <map>
#include <string>
#include <vector>

#include "plan/steps/kinds.hpp"
#include "plan/steps/step_input.hpp"
#include "plan/steps/text_condition.hpp"

namespace kmodtest::plan {
namespace {

const std::map<std::string, int> &signals() {
  static const std::map<std::string, int> numbers{{"INT", SIGINT}, {"TERM", SIGTERM}, {"KILL", SIGKILL},
                                                  {"HUP", SIGHUP}, {"USR1", SIGUSR1}, {"USR2", SIGUSR2}};
  return numbers;
}

std::vector<std::string> signal_names() {
  std::vector<std::string> names;
  for (const auto &[name, number] : signals()) names.push_back(name);
  return names;
}

const Table &wait_table() {
  static const Table table{
      "wait",
      {{.name = "command",
        .type = Type::text,
        .description = "the name of a 'run' step in the background",
        .example = "reader",
        .required = true},
       {.name = "signal",
        .type = Type::choice,
        .fallback = "none",
        .description = "is sent to all of its processes first",
        .example = "TERM",
        .allowed = signal_names()},
       {"exit", Type::range, "0; any after a signal", "its exit status; 128 + N if signal N ended it", "'> 0'"},
       {.name = "stdout",
        .type = Type::text_condition,
        .description = "what it printed",
        .example = "ready",
        .table = &text_condition_table()},
       {.name = "stderr",
        .type = Type::text_condition,
        .description = "what it printed as errors",
        .example = "Broken pipe",
        .table = &text_condition_table()},
       kActionWithinKey}};
  return table;
}

}  // namespace

StepKind kind_of(const wire::WaitCommand &) {
  return {.name = "wait",
          .summary = "Waits for the end of a command in the background; with a signal, ends it first.",
          .action = true,
          .short_key = "command",
          .table = &wait_table(),
          .example = "wait: {command: reader, signal: TERM}"};
}

std::optional<std::string> read(wire::WaitCommand &wait, StepInput &in) {
  constexpr wire::Range kAnyStatus{0, 255};
  wait.name = in.reader.text("command").value_or("");
  if (in.reader.has("command") && !in.commands.contains(wait.name)) {
    in.reader.error(Code::bad_name, "command",
                    fmt::format("no 'run' step before this one has the name {}{}", quote(wait.name),
                                suggestion(wait.name, {in.commands.begin(), in.commands.end()})));
  }
  if (const auto word = in.reader.choice("signal")) wait.signal = signals().at(*word);
  if (wait.signal != 0) wait.exit_status = kAnyStatus;
  wait.exit_status = exit_status(in).value_or(wait.exit_status);
  wait.out = text_condition(in.reader, "stdout").value_or(wire::TextCondition{});
  wait.err = text_condition(in.reader, "stderr").value_or(wire::TextCondition{});
  return wait.name;
}

}  // namespace kmodtest::plan
