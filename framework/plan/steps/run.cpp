// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <optional>
#include <string>

#include "plan/steps/kinds.hpp"
#include "plan/steps/step_input.hpp"
#include "plan/steps/text_condition.hpp"
#include "text/replace.hpp"

namespace kmodtest::plan {
namespace {

constexpr std::int64_t kMostCopies = 64;

const Table &run_table() {
  static const Table table{"run",
                           {{.name = "command",
                             .type = Type::text,
                             .description = "for /bin/sh of the guest",
                             .example = "cat /proc/my_entry",
                             .required = true},
                            {"exit", Type::range, "0", "its exit status; 128 + N if signal N ended it", "'> 0'"},
                            {.name = "stdout",
                             .type = Type::text_condition,
                             .description = "what it prints",
                             .example = "ready",
                             .table = &text_condition_table()},
                            {.name = "stderr",
                             .type = Type::text_condition,
                             .description = "what it prints as errors",
                             .example = "No such file",
                             .table = &text_condition_table()},
                            {"background", Type::boolean, "false",
                             "go on at once; a 'wait' step waits for its end, else it ends with the case", "true"},
                            {"name", Type::text, "none", "a name for a 'wait' step; needs background", "reader"},
                            {"at_once", Type::integer, "1", "as many of it run at the same time, 1 to 64", "4"},
                            kActionWithinKey}};
  return table;
}

}  // namespace

StepKind kind_of(const wire::RunCommand &) {
  return {.name = "run",
          .summary = "Runs a command in the guest.",
          .action = true,
          .short_key = "command",
          .table = &run_table(),
          .example = "run: {command: cat /proc/my_entry, stdout: ready}"};
}

std::optional<std::string> read(wire::RunCommand &run, StepInput &in) {
  run.command = in.reader.text("command").value_or("");
  if (in.reader.has("command") && text::trimmed(run.command).empty())
    in.reader.error(Code::empty_value, "command", "the command is empty");
  run.background = in.reader.boolean("background").value_or(false);
  run.exit_status = exit_status(in).value_or(run.exit_status);
  run.out = text_condition(in.reader, "stdout").value_or(wire::TextCondition{});
  run.err = text_condition(in.reader, "stderr").value_or(wire::TextCondition{});
  run.name = in.reader.text("name").value_or("");
  run.copies = static_cast<std::uint32_t>(in.reader.integer("at_once", 1, kMostCopies).value_or(1));
  if (!run.name.empty() && !run.background)
    in.reader.error(Code::missing_key, "name", "'name' is for a command in the background (add background: true)");
  if (!run.name.empty() && !in.commands.insert(run.name).second)
    in.reader.error(Code::bad_name, "name", fmt::format("two commands have the name {}", quote(run.name)));
  if (run.background)
    refuse_together(in.reader, "background", {"exit", "stdout", "stderr", "within"}, "no step waits for its end");
  return run.command;
}

}  // namespace kmodtest::plan
