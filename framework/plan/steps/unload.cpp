// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string>
#include <vector>

#include "plan/steps/kinds.hpp"
#include "plan/steps/step_input.hpp"

namespace kmodtest::plan {
namespace {

const Table &unload_table() {
  static const Table table{"unload",
                           {{"module", Type::texts, "all loaded modules, the last one first",
                             "a module of the plan, or a list", "my_module"},
                            {"force", Type::boolean, "false", "even when it is in use (the kernel may refuse)", "true"},
                            kErrno,
                            kActionWithinKey}};
  return table;
}

}  // namespace

StepKind kind_of(const wire::Unload &) {
  return {.name = "unload",
          .summary = "Unloads modules of the plan.",
          .action = true,
          .bare = true,
          .short_key = "module",
          .table = &unload_table(),
          .example = "unload"};
}

std::string label_of(const wire::Unload &unload) {
  return fmt::format("{}", fmt::join(unload.modules, " "));
}

std::optional<std::string> read(wire::Unload &unload, StepInput &in) {
  const std::vector<std::string> all(in.loaded.names().rbegin(), in.loaded.names().rend());
  unload.modules = named_modules(in, all);
  unload.force = in.reader.boolean("force").value_or(false);
  unload.expected_errno = in.reader.errno_value("errno").value_or(0);
  const bool sure = in.loaded.sure() && in.scope.modules_known;
  if (!in.reader.has("module") && unload.modules.empty() && sure)
    in.reader.error(
        Code::module_not_loaded, "module",
        "no module is loaded here that could be unloaded (a load that is refused with an errno does not count)");
  for (const std::string &name : unload.modules)
    if (sure && !in.loaded.contains(name) && unload.expected_errno == 0)
      in.reader.error(Code::module_not_loaded, "module",
                      fmt::format("the module '{}' is not loaded here (load it in an earlier step)", name));
  in.loaded.account(unload);
  return label_of(unload);
}

}  // namespace kmodtest::plan
