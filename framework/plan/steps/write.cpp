// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/steps/kinds.hpp"
#include "plan/steps/step_input.hpp"

namespace kmodtest::plan {
namespace {

const Table &write_table() {
  static const Table table{"write",
                           {{.name = "path",
                             .type = Type::guest_path,
                             .description = "the file, below /proc, /sys, /dev or /tmp",
                             .example = "/proc/my_entry",
                             .required = true},
                            {.name = "content",
                             .type = Type::text,
                             .description = "what to write, as it is",
                             .example = "\"1\"",
                             .required = true},
                            kErrno,
                            kActionWithinKey}};
  return table;
}

}  // namespace

StepKind kind_of(const wire::WriteFile &) {
  return {.name = "write",
          .summary = "Writes a file of the guest.",
          .action = true,
          .table = &write_table(),
          .example = "write: {path: /proc/my_entry, content: \"1\"}"};
}

std::optional<std::string> read(wire::WriteFile &file, StepInput &in) {
  file.path = in.reader.guest_path("path").value_or("");
  file.content = in.reader.text("content").value_or("");
  file.expected_errno = in.reader.errno_value("errno").value_or(0);
  return file.path;
}

}  // namespace kmodtest::plan
