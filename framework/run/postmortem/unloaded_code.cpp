// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/unloaded_code.hpp"

#include <fmt/format.h>

#include "judge/unreferenced.hpp"
#include "run/postmortem/opened_symbols.hpp"

namespace kmodtest::run {

void name_unloaded_code(judge::Observations &seen, const std::filesystem::path &headers) {
  OpenedSymbols all(seen.modules, headers);
  for (const auto &object : judge::unreferenced_objects(seen)) {
    const auto allocator = judge::allocator_of(object, seen);
    if (!allocator || allocator->address == 0 || seen.unloaded_code.contains(allocator->address)) continue;
    kernel::ModuleSymbols *symbols = all.of(allocator->module);
    if (symbols == nullptr) continue;
    const auto &range = allocator->range;
    const auto place = range.section.empty() ? symbols->nearest(allocator->address, range.address)
                                             : symbols->nearest_in(range.section, allocator->address - range.address);
    if (!place) continue;
    const std::string line = own_line_of(symbols->lines_at(*place, kernel::Address::returns_to));
    seen.unloaded_code[allocator->address] =
        fmt::format("{}+{:#x}{}", place->function, place->offset, line.empty() ? "" : fmt::format(" ({})", line));
  }
}

}  // namespace kmodtest::run
