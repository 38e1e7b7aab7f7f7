// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/call_sources.hpp"

#include <fmt/format.h>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "judge/observations.hpp"
#include "kernel/symbols/symbols.hpp"
#include "observe/fault_calls.hpp"
#include "text/module_name.hpp"

namespace kmodtest::run {
namespace {

/// The symbols of the modules under test, each opened when it is needed.
class Symbols {
 public:
  Symbols(const std::vector<kernel::ModuleInfo> &modules, const std::filesystem::path &headers)
      : modules_(modules), headers_(headers) {}

  /// Returns null if there are none.
  kernel::ModuleSymbols *of(const std::string &name) {
    if (const auto known = opened_.find(name); known != opened_.end()) return known->second.get();
    std::unique_ptr<kernel::ModuleSymbols> symbols;
    for (const auto &module : modules_)
      if (text::lsmod_name(module.name) == name) symbols = open(module.file);
    return opened_.emplace(name, std::move(symbols)).first->second.get();
  }

 private:
  std::unique_ptr<kernel::ModuleSymbols> open(const std::filesystem::path &file) const {
    try {
      std::vector<std::filesystem::path> folders{file.parent_path()};
      if (!headers_.empty()) folders.push_back(headers_.parent_path());
      return std::make_unique<kernel::ModuleSymbols>(file, std::move(folders));
    } catch (const base::Error &) {
      return nullptr;
    }
  }

  const std::vector<kernel::ModuleInfo> &modules_;
  const std::filesystem::path &headers_;
  std::map<std::string, std::unique_ptr<kernel::ModuleSymbols>> opened_;
};

/// Returns "my.c:41". The innermost line can be in a header of the kernel (kcalloc): the module's own line is better.
std::string line_of(const std::vector<kernel::SourceLine> &lines) {
  for (const auto &line : lines)
    if (!line.file.starts_with("include/") && !line.file.starts_with('/'))
      return fmt::format("{}:{}", line.file, line.line);
  return {};
}

}  // namespace

void find_call_sources(judge::Observations &seen, const std::filesystem::path &headers) {
  Symbols all(seen.modules, headers);
  const observe::FaultCalls seen_calls = observe::read_fault_calls(seen.messages, seen.log());
  std::vector<observe::FaultCall> calls = seen_calls.calls;
  for (const auto &left : seen_calls.left) calls.push_back(left.call);
  for (const auto &call : calls) {
    const std::string key = call.key();
    if (seen.call_sources.contains(key)) continue;
    kernel::ModuleSymbols *symbols = all.of(call.module);
    if (symbols == nullptr) continue;
    const kernel::CodePlace place{.function = call.function, .offset = call.offset, .size = call.size};
    seen.call_sources[key] = line_of(symbols->lines_at(place, kernel::Address::returns_to));
  }
}

}  // namespace kmodtest::run
