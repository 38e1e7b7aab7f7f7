// SPDX-License-Identifier: GPL-2.0-or-later
#include <bit>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string>
#include <vector>

#include "plan/steps/kinds.hpp"
#include "plan/steps/step_input.hpp"

namespace kmodtest::plan {
namespace {

const Table &load_table() {
  static const Table table{
      "load",
      {{"module", Type::texts, "all of the plan, in its order", "a module of the plan, or a list", "my_module"},
       {"params", Type::parameters, "none", "module parameters, as written; for the last module named", "{cpu: 3}"},
       {"on_cpu", Type::cpu_list, "any", "the CPU on which the module's init function runs", "1"},
       kErrno,
       kActionWithinKey}};
  return table;
}

}  // namespace

StepKind kind_of(const wire::Load &) {
  return {.name = "load",
          .summary = "Loads modules of the plan.",
          .action = true,
          .bare = true,
          .short_key = "module",
          .table = &load_table(),
          .example = "load: {params: {cpu: 3}}"};
}

std::optional<std::string> read(wire::Load &load, StepInput &in) {
  const std::vector<std::string> names = named_modules(in, names_of(in.modules));
  load.expected_errno = in.reader.errno_value("errno").value_or(0);
  for (const std::string &name : names) {
    const bool last = &name == &names.back();
    if (in.loaded.contains(name) && in.loaded.sure() && in.scope.modules_known && !(last && load.expected_errno != 0))
      in.reader.error(Code::module_loaded_already, "module",
                      fmt::format("the module '{}' is loaded already (unload it first)", name));
    load.modules.push_back(module_to_load(name));
  }
  if (const auto cpus = in.reader.cpus("on_cpu")) {
    load.cpu = std::countr_zero(*cpus);
    if (std::popcount(*cpus) != 1) in.reader.error(Code::out_of_range, "on_cpu", "'on_cpu' is one CPU");
  }
  const auto params = in.reader.parameters("params");
  if (load.modules.empty()) return std::nullopt;
  for (const auto &[name, value] : params) load.modules.back().params[name] = value;
  in.loaded.account(load);
  return fmt::format("{}", fmt::join(names, " "));
}

}  // namespace kmodtest::plan
