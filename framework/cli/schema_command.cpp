// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/core.h>
#include <memory>

#include "cli/command.hpp"
#include "plan/plan.hpp"
#include "report/formats/schemas.hpp"

namespace kmodtest::cli {

std::function<int()> add_schema(CLI::App &app) {
  struct Wanted {
    bool reference = false, events = false, reports = false;
  };
  auto wanted = std::make_shared<Wanted>();
  app.add_flag("--reference", wanted->reference, "print the reference of the vocabulary in Markdown instead");
  auto *events = app.add_flag("--events", wanted->events, "print the JSON Schema of the lines of run --json instead");
  auto *reports =
      app.add_flag("--reports", wanted->reports, "print the JSON Schema of events.jsonl in a case's folder instead");
  reports->excludes(events);
  for (CLI::Option *each : {events, reports}) each->excludes("--reference");
  return [wanted] {
    if (wanted->events || wanted->reports) {
      fmt::print("{}", wanted->events ? report::events_schema() : report::agent_messages_schema());
    } else {
      fmt::print("{}", wanted->reference ? plan::reference_markdown() : plan::json_schema());
    }
    return 0;
  };
}

}  // namespace kmodtest::cli
