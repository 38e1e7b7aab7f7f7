// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdint>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string>
#include <vector>

#include "plan/steps/kinds.hpp"
#include "plan/steps/step_input.hpp"

namespace kmodtest::plan {
namespace {

const Table &count_table() {
  static const Table table{"count",
                           {{.name = "of",
                             .type = Type::pattern,
                             .description = "the lines to count",
                             .example = "Thread started",
                             .required = true},
                            {.name = "is",
                             .type = Type::range,
                             .description = "how many lines there must be",
                             .example = "2..5",
                             .required = true}}};
  return table;
}

const Table &interval_table() {
  static const Table table{"interval",
                           {{.name = "of",
                             .type = Type::pattern,
                             .description = "the line that repeats",
                             .example = "In thread function",
                             .required = true},
                            {.name = "is",
                             .type = Type::interval,
                             .description = "the time from each to the next",
                             .example = "1s ± 20%",
                             .required = true},
                            {"times", Type::integer, "1", "how many gaps to see at least", "3"}}};
  return table;
}

const Table &dmesg_table() {
  static const Table table{"dmesg",
                           {{"in_order", Type::patterns, "", "each must match a line after the line of the one before",
                             "[Thread started, Thread exiting]"},
                            {"contains", Type::patterns, "", "each must match some line", "Hello"},
                            {"absent", Type::patterns, "", "none of them may match a line", "[error, failed]"},
                            {.name = "count",
                             .type = Type::maps,
                             .description = "how many lines must match",
                             .example = "{of: Hello, is: 2..5}",
                             .table = &count_table()},
                            {.name = "interval",
                             .type = Type::maps,
                             .description = "the time between occurrences of a repeating line",
                             .example = "{of: tick, is: 1s ± 20%, times: 3}",
                             .table = &interval_table()},
                            {.name = "since",
                             .type = Type::choice,
                             .fallback = "action",
                             .description = "look from the last action, from the start of the case, or from here",
                             .example = "start",
                             .allowed = {"action", "start", "here"}},
                            kWithin,
                            kFor}};
  return table;
}

}  // namespace

StepKind kind_of(const wire::LogCondition &) {
  return {.name = "dmesg",
          .summary = "Checks the kernel log.",
          .short_key = "contains",
          .table = &dmesg_table(),
          .example = "dmesg: {in_order: [Thread started, Thread exiting], within: 5s}"};
}

std::optional<std::string> read(wire::LogCondition &log, StepInput &in) {
  std::vector<const Node *> places;
  log.in_order = in.reader.patterns("in_order", &places);
  log.contains = in.reader.patterns("contains", &places);
  log.absent = in.reader.patterns("absent", &places);
  for (const Node *node : in.reader.maps("count")) {
    MapReader count(*node, count_table(), in.scope);
    const auto of = count.pattern("of");
    const auto is = count.range("is");
    if (is && is->max < 0) count.error(Code::out_of_range, "is", "a count cannot be negative");
    if (!of || !is) continue;
    log.counts.push_back({*of, *is});
    places.push_back(node);
  }
  for (const Node *node : in.reader.maps("interval")) {
    MapReader interval(*node, interval_table(), in.scope);
    const auto of = interval.pattern("of");
    const auto is = interval.interval("is");
    const auto times = interval.integer("times", 1, kMostTimes);
    if (!of || !is) continue;
    log.intervals.push_back(
        {.of = *of, .min = is->min, .max = is->max, .gaps = static_cast<std::uint32_t>(times.value_or(1))});
    places.push_back(node);
  }
  if (const auto since = in.reader.choice("since"))
    log.since = *since == "start"  ? wire::LogScope::start
                : *since == "here" ? wire::LogScope::here
                                   : wire::LogScope::action;
  const bool anything = in.reader.has("in_order") || in.reader.has("contains") || in.reader.has("absent") ||
                        in.reader.has("count") || in.reader.has("interval");
  if (!anything || (places.empty() && !in.scope.problems.any_error()))
    in.reader.error(Code::checks_nothing, "dmesg",
                    "the dmesg step looks for nothing (give in_order, contains, absent, count or interval)");
  for (const Node *place : places) in.step.part_locations.push_back(in.scope.source.at(*place));
  std::vector<std::string> parts;
  const auto part = [&](const char *name, std::size_t number) {
    if (number > 0) parts.push_back(fmt::format("{} {}", name, number));
  };
  part("in_order", log.in_order.size());
  part("contains", log.contains.size());
  part("absent", log.absent.size());
  part("count", log.counts.size());
  part("interval", log.intervals.size());
  return fmt::format("{}", fmt::join(parts, " "));
}

}  // namespace kmodtest::plan
