// SPDX-License-Identifier: GPL-2.0-or-later
#include <chrono>
#include <cstdint>

#include "plan/steps/kinds.hpp"
#include "plan/steps/step_input.hpp"

namespace kmodtest::plan {
namespace {

const Table &grows_table() {
  static const Table table{"grows",
                           {{"by", Type::range, "1", "how much the number grows at each change", "1"},
                            {"every", Type::interval, "any time", "the time from each change to the next", "1s ± 20%"},
                            {"times", Type::integer, "1", "how many changes in a row to time", "3"}}};
  return table;
}

const Table &file_table() {
  static const Table table{"file",
                           {{.name = "path",
                             .type = Type::guest_path,
                             .description = "the file, below /proc, /sys, /dev or /tmp",
                             .example = "/proc/my_entry",
                             .required = true},
                            {"exists", Type::boolean, "true", "there is such an entry; it is not opened", "true"},
                            {"absent", Type::boolean, "false", "there is no such entry", "true"},
                            {"equals", Type::text, "", "its whole content, trailing newlines aside", "\"42\""},
                            {"contains", Type::patterns, "", "text that must be in it", "ready"},
                            {"lacks", Type::patterns, "", "text that must not be in it", "error"},
                            {"number", Type::range, "", "its content is one number in this range", "'>= 2'"},
                            {.name = "grows",
                             .type = Type::map,
                             .description = "its content is a number that grows",
                             .example = "{by: 1, every: 1s ± 20%, times: 3}",
                             .table = &grows_table()},
                            kWithin,
                            kFor}};
  return table;
}

}  // namespace

StepKind kind_of(const wire::FileCondition &) {
  return {.name = "file",
          .summary = "Checks a file of the guest.",
          .short_key = "path",
          .table = &file_table(),
          .example = "file: {path: /proc/my_entry, number: '>= 2'}"};
}

std::optional<std::string> read(wire::FileCondition &file, StepInput &in) {
  file.path = in.reader.guest_path("path").value_or("");
  const auto exists = in.reader.boolean("exists");
  const bool absent = in.reader.boolean("absent").value_or(false);
  if (exists && absent && *exists)
    in.reader.error(Code::keys_exclude, "exists", "'exists' cannot be combined with 'absent' (they are opposites)");
  file.absent = absent || (exists && !*exists);
  file.content.equals = in.reader.text("equals");
  file.content.contains = in.reader.patterns("contains");
  file.content.absent = in.reader.patterns("lacks");
  file.content.number = in.reader.range("number");
  if (const Node *node = in.reader.map("grows")) {
    MapReader grows(*node, grows_table(), in.scope);
    wire::Growth growth;
    if (const auto by = grows.range("by")) growth.by = *by;
    const auto every = grows.interval("every");
    growth.every.min = every ? every->min : wire::Microseconds{0};
    growth.every.max = every ? every->max : std::chrono::hours{1};
    growth.every.gaps = static_cast<std::uint32_t>(grows.integer("times", 1, kMostTimes).value_or(1));
    file.grows = growth;
    refuse_together(in.reader, "grows", {"equals"}, "a growing number does not stay equal");
  }
  if (file.absent)
    refuse_together(in.reader, absent ? "absent" : "exists: false", {"equals", "contains", "lacks", "number", "grows"},
                    "a file that does not exist has no content");
  return file.path;
}

}  // namespace kmodtest::plan
