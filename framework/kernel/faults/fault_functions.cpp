// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/faults/fault_functions.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fnmatch.h>
#include <optional>
#include <string>
#include <vector>

#include "kernel/faults/functions/tables.hpp"
#include "text/number.hpp"

namespace kmodtest::kernel {
namespace {

/// Returns all tables as one.
std::vector<FaultFunction> all_functions() {
  std::vector<FaultFunction> all;
  for (const auto table : {memory_functions(), work_functions(), files_functions(), devices_functions(),
                           media_functions(), buses_functions(), network_functions(), storage_functions()})
    all.insert(all.end(), table.begin(), table.end());
  return all;
}

/// Returns 601 for "6.1.0-50-amd64", and 0 for a text without a version.
int version_of(std::string_view release) {
  constexpr int kMajor = 100;
  const auto major = text::leading_number<int>(release);
  const std::size_t dot = release.find('.');
  const auto minor = dot == std::string_view::npos ? std::nullopt : text::leading_number<int>(release.substr(dot + 1));
  return major && minor ? *major * kMajor + *minor : 0;
}

bool is_of(const FaultFunction &function, int version) {
  return version == 0 || (version >= function.since && (function.before == 0 || version < function.before));
}

bool matches(const FaultFunction &function, const std::vector<std::string> &globs) {
  if (globs.empty()) return true;
  return std::any_of(globs.begin(), globs.end(), [&](const std::string &glob) {
    return fnmatch(glob.c_str(), std::string(function.shown).c_str(), 0) == 0 ||
           fnmatch(glob.c_str(), std::string(function.symbol).c_str(), 0) == 0;
  });
}

}  // namespace

std::span<const FaultFunction> fault_functions() {
  static const std::vector<FaultFunction> all = all_functions();
  return all;
}

const FaultFunction *find_fault_function(std::string_view symbol, std::string_view release) {
  const auto all = fault_functions();
  const int version = version_of(release);
  const auto found = std::find_if(
      all.begin(), all.end(), [&](const FaultFunction &one) { return one.symbol == symbol && is_of(one, version); });
  return found == all.end() ? nullptr : &*found;
}

std::vector<const FaultFunction *> fault_functions_of(const std::vector<std::string> &imported,
                                                      const std::vector<std::string> &globs, std::string_view release) {
  std::vector<const FaultFunction *> found;
  const int version = version_of(release);
  for (const FaultFunction &function : fault_functions()) {
    if (!is_of(function, version)) continue;
    if (std::find(imported.begin(), imported.end(), function.symbol) == imported.end()) continue;
    if (matches(function, globs)) found.push_back(&function);
  }
  return found;
}

std::string fault_words(const FaultFunction &function) {
  std::string value;
  switch (function.failure) {
    case Failure::null:
      value = "0";
      break;
    case Failure::pointer:
    case Failure::error:
      value = std::to_string(-function.error);
      break;
    case Failure::uncopied:
      return fmt::format("{}:a{}:-1", function.symbol, function.argument);
  }
  return fmt::format("{}:{}:{}{}", function.symbol, value, function.waits ? "w" : "", function.argument);
}

}  // namespace kmodtest::kernel
