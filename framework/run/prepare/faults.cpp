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

/// Sets a parameter to a list, unless that is empty; an array of the module takes no empty text.
void set_list(std::map<std::string, std::string> &params, const char *name, std::vector<std::string> words,
              std::size_t most) {
  if (words.size() > most) words.resize(most);
  if (!words.empty()) params[name] = fmt::format("{}", fmt::join(words, ","));
}

/// Returns all symbols that the modules under test import.
std::vector<std::string> imported_by(const std::vector<kernel::ModuleInfo> &modules) {
  std::vector<std::string> symbols;
  for (const auto &module : modules)
    symbols.insert(symbols.end(), module.undefined_symbols.begin(), module.undefined_symbols.end());
  return symbols;
}

std::map<std::string, std::string> parameters_of(const plan::Fault &fault, const Prepared &prepared) {
  const std::vector<std::string> imported = imported_by(prepared.modules);
  const std::string &release = prepared.kernel.release;
  std::vector<std::string> names, functions;
  for (const auto *one : kernel::fault_functions_of(imported, {}, release)) names.emplace_back(one->symbol);
  std::map<std::string, std::string> params;
  set_list(params, "modules", prepared.program.modules, kMostWatched);
  set_list(params, "imports", std::move(names), kMostFunctions);
  if (fault.mode == plan::Fault::Mode::none) return params;
  for (const auto *one : kernel::fault_functions_of(imported, fault.functions, release))
    functions.push_back(kernel::fault_words(*one));
  set_list(params, "functions", std::move(functions), kMostFunctions);
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
