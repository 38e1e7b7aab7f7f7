// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/observations.hpp"

#include <algorithm>
#include <set>
#include <variant>

#include "wire/kmemleak.hpp"

namespace kmodtest::judge {

namespace {

/// Returns where a module was: as a whole, or its sections if these are at several places.
std::vector<observe::ModuleRange> ranges_of(const wire::Loaded &load) {
  std::vector<observe::ModuleRange> ranges;
  for (const auto &[section, address] : load.sections) {
    if (section != wire::kInitCode) ranges.push_back({.name = load.module, .address = address, .section = section});
  }
  if (!ranges.empty()) return ranges;
  return {{.name = load.module, .address = load.record->address, .size = load.record->size}};
}

}  // namespace

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

std::vector<observe::ModuleRange> Observations::init_code() const {
  std::vector<observe::ModuleRange> ranges;
  for (const auto &message : messages) {
    const auto *load = std::get_if<wire::Loaded>(&message);
    if (load == nullptr) continue;
    if (const auto found = load->sections.find(wire::kInitCode); found != load->sections.end())
      ranges.push_back({.name = load->module, .address = found->second, .section = found->first});
  }
  return ranges;
}

std::vector<observe::ModuleRange> Observations::unloaded() const {
  std::set<std::string> present;
  std::vector<observe::ModuleRange> ranges;
  for (const auto &message : messages) {
    if (const auto *load = std::get_if<wire::Loaded>(&message); load != nullptr && load->record) {
      present.insert(load->module);
      for (auto &range : ranges_of(*load)) {
        if (std::find(ranges.begin(), ranges.end(), range) == ranges.end()) ranges.push_back(std::move(range));
      }
    } else if (const auto *unload = std::get_if<wire::Unloaded>(&message); unload != nullptr && unload->error == 0) {
      present.erase(unload->module);
    } else if (const auto *after = std::get_if<wire::AfterUnload>(&message)) {
      present.clear();
      for (const auto &module : after->inventory.modules) present.insert(module.name);
    }
  }
  std::erase_if(ranges, [&](const observe::ModuleRange &range) { return present.contains(range.name); });
  return ranges;
}

}  // namespace kmodtest::judge
