// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/call_sources.hpp"

#include <string>
#include <vector>

#include "judge/observations.hpp"
#include "observe/fault_calls.hpp"
#include "run/postmortem/opened_symbols.hpp"

namespace kmodtest::run {

void find_call_sources(judge::Observations &seen, const std::filesystem::path &headers) {
  OpenedSymbols all(seen.modules, headers);
  const observe::FaultCalls seen_calls = observe::read_fault_calls(seen.messages, seen.log());
  std::vector<observe::FaultCall> calls = seen_calls.calls;
  for (const auto &left : seen_calls.left) calls.push_back(left.call);
  for (const auto &twice : seen_calls.twice) calls.insert(calls.end(), {twice.second, twice.first, twice.allocation});
  for (const auto &inner : seen_calls.inner) calls.insert(calls.end(), {inner.free, inner.allocation});
  for (const auto &call : calls) {
    const std::string key = call.key();
    if (seen.call_sources.contains(key)) continue;
    kernel::ModuleSymbols *symbols = all.of(call.module);
    if (symbols == nullptr) continue;
    const kernel::CodePlace place{.function = call.function, .offset = call.offset, .size = call.size};
    seen.call_sources[key] = own_line_of(symbols->lines_at(place, kernel::Address::returns_to));
  }
}

}  // namespace kmodtest::run
