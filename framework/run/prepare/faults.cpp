// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/faults.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "kernel/faults/fault_functions.hpp"
#include "kernel/faults/fault_module.hpp"
#include "run/prepare/prepare.hpp"

namespace kmodtest::run {
namespace {

constexpr std::size_t kMostFunctions = 96;  // of the module: guest/kernel/faults
constexpr std::size_t kMostWatched = 32;

std::vector<std::string> words_of(const std::vector<const kernel::FaultFunction *> &functions) {
  std::vector<std::string> words;
  for (const auto *function : functions)
    if (words.size() < kMostFunctions) words.push_back(kernel::fault_words(*function));
  return words;
}

std::vector<std::string> names_of(const std::vector<const kernel::FaultFunction *> &functions) {
  std::vector<std::string> names;
  for (const auto *function : functions)
    if (names.size() < kMostFunctions) names.emplace_back(function->symbol);
  return names;
}

/// Returns all symbols that the modules under test import.
std::vector<std::string> imported_by(const std::vector<kernel::ModuleInfo> &modules) {
  std::vector<std::string> symbols;
  for (const auto &module : modules)
    symbols.insert(symbols.end(), module.undefined_symbols.begin(), module.undefined_symbols.end());
  return symbols;
}

std::map<std::string, std::string> parameters_of(const plan::Fault &fault, const Prepared &prepared) {
  std::vector<std::string> modules = prepared.program.modules;
  if (modules.size() > kMostWatched) modules.resize(kMostWatched);
  std::map<std::string, std::string> params;
  if (!modules.empty()) params["modules"] = fmt::format("{}", fmt::join(modules, ","));
  const auto imported = names_of(kernel::fault_functions_of(imported_by(prepared.modules), {}));
  if (!imported.empty()) params["imports"] = fmt::format("{}", fmt::join(imported, ","));
  if (fault.mode == plan::Fault::Mode::none) return params;
  const auto functions = words_of(kernel::fault_functions_of(imported_by(prepared.modules), fault.functions));
  if (!functions.empty()) params["functions"] = fmt::format("{}", fmt::join(functions, ","));
  if (fault.mode != plan::Fault::Mode::fail) return params;
  params["from"] = std::to_string(fault.from);
  params["until"] = std::to_string(fault.until);
  params["chance"] = std::to_string(fault.chance);
  params["seed"] = std::to_string(fault.seed);
  return params;
}

}  // namespace

void Preparer::add_fault_module(const plan::Fault &fault, Prepared &prepared) {
  plan::ModuleSource source{.kind = plan::ModuleSource::Kind::folder,
                            .path = kernel::fault_module_folder(cache_),
                            .name = wire::kFaultModule,
                            .where = {}};
  const BuiltModules built = build(source, prepared.kernel, {});
  if (built.skip) throw base::Error(base::Code::build_failed, fmt::format("kmodtest_faults: {}", *built.skip));
  const std::string path = fmt::format("/tmp/modules/kernel/{}.ko", wire::kFaultModule);
  prepared.files.push_back({.path = path, .content = built.modules.front().content, .of_the_kernel = true});
  prepared.program.prerequisites.push_back(
      {.name = wire::kFaultModule, .path = path, .params = parameters_of(fault, prepared)});
  prepared.program.counts_calls = true;
}

}  // namespace kmodtest::run
