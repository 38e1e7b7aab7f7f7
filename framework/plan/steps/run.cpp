// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <optional>
#include <string>

#include "plan/steps/kinds.hpp"
#include "plan/steps/step_input.hpp"
#include "text/replace.hpp"

namespace kmodtest::plan {
namespace {

const Table &text_condition_table() {
  static const Table table{"text",
                           {{"equals", Type::text, "", "the whole text, trailing newlines aside", "\"42\""},
                            {"contains", Type::patterns, "", "text that must be in it", "ready"},
                            {"lacks", Type::patterns, "", "text that must not be in it", "error"},
                            {"number", Type::range, "", "the text is one number in this range", "'>= 2'"}}};
  return table;
}

std::optional<wire::TextCondition> text_condition(MapReader &reader, const std::string &key) {
  const Node *node = reader.find(key, Type::text_condition);
  if (node == nullptr) return wire::TextCondition{};
  if (node->kind == Node::Kind::null) {
    reader.error(Code::wrong_type, key,
                 fmt::format("'{}' takes a pattern or a map, not nothing (e.g. {}: {{equals: ''}})", key, key));
    return std::nullopt;
  }
  const Node map = as_map(*node, "contains");
  MapReader text(map, text_condition_table(), reader.scope());
  wire::TextCondition condition;
  condition.equals = text.text("equals");
  condition.contains = text.patterns("contains");
  condition.absent = text.patterns("lacks");
  condition.number = text.range("number");
  return condition;
}

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
                            {"background", Type::boolean, "false", "go on at once; it ends with the case", "true"},
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
  if (const auto exit = in.reader.range("exit")) {
    if (exit->max < 0 || exit->min > 255)
      in.reader.error(Code::out_of_range, "exit", "an exit status is from 0 to 255");
    run.exit_status = *exit;
  }
  run.out = text_condition(in.reader, "stdout").value_or(wire::TextCondition{});
  run.err = text_condition(in.reader, "stderr").value_or(wire::TextCondition{});
  if (run.background)
    refuse_together(in.reader, "background", {"exit", "stdout", "stderr", "within"}, "no step waits for its end");
  return run.command;
}

}  // namespace kmodtest::plan
