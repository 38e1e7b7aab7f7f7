// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/observations.hpp"

#include <variant>

namespace kmodtest::judge {

std::vector<wire::KernelLogLine> Observations::log() const {
  std::vector<wire::KernelLogLine> lines;
  for (const auto &message : messages) {
    const auto *part = std::get_if<wire::LogLines>(&message);
    if (part != nullptr) lines.insert(lines.end(), part->lines.begin(), part->lines.end());
  }
  return lines;
}

std::vector<observe::ModuleRange> Observations::loaded() const {
  std::vector<observe::ModuleRange> ranges;
  for (const auto &message : messages) {
    const auto *load = std::get_if<wire::Loaded>(&message);
    if (load != nullptr && load->record)
      ranges.push_back({.name = load->module, .address = load->record->address, .size = load->record->size});
  }
  return ranges;
}

}  // namespace kmodtest::judge
