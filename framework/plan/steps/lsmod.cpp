// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <string>
#include <vector>

#include "plan/module_lookup.hpp"
#include "plan/steps/kinds.hpp"
#include "plan/steps/step_input.hpp"
#include "text/module_name.hpp"

namespace kmodtest::plan {
namespace {

const Table &lsmod_table() {
  static const Table table{
      "lsmod",
      {{"module", Type::text, "the plan's last module", "the module's name", "my_module"},
       {"users", Type::range, "any", "its use count", "0"},
       {"size", Type::size_range, "any", "its size in bytes", "'< 64K'"},
       {"used_by", Type::texts, "any", "exactly these modules use it, in any order", "[other_module]"},
       {"absent", Type::boolean, "false", "it is not loaded", "true"},
       kWithin,
       kFor}};
  return table;
}

}  // namespace

StepKind kind_of(const wire::ModuleCondition &) {
  return {.name = "lsmod",
          .summary = "Checks the loaded modules.",
          .bare = true,
          .short_key = "module",
          .table = &lsmod_table(),
          .example = "lsmod: {users: 0}"};
}

std::optional<std::string> read(wire::ModuleCondition &module, StepInput &in) {
  const auto name = in.reader.text("module");
  if (name && !is_module_name(*name))
    in.reader.error(Code::bad_name, "module", fmt::format("{} cannot be the name of a module", quote(*name)));
  if (name)
    module.module = text::lsmod_name(*name);
  else if (!in.modules.empty())
    module.module = in.modules.back().name;
  module.absent = in.reader.boolean("absent").value_or(false);
  module.users = in.reader.range("users");
  module.size = in.reader.range("size");
  if (in.reader.has("used_by")) {
    std::vector<std::string> users;
    for (const std::string &user : in.reader.texts("used_by")) users.push_back(text::lsmod_name(user));
    module.used_by = std::move(users);
  }
  if (module.absent)
    refuse_together(in.reader, "absent", {"users", "size", "used_by"}, "a module that is not loaded has none");
  return module.module;
}

}  // namespace kmodtest::plan
