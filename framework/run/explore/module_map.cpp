// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/explore/module_map.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.hpp"
#include "observe/schedule_seen.hpp"
#include "run/postmortem/opened_symbols.hpp"
#include "text/module_name.hpp"
#include "vm/guest.hpp"

namespace kmodtest::run {
namespace {

using kernel::ModuleSymbols;

constexpr std::uint64_t kModulePage = 4096;
constexpr std::string_view kInit = ".init";

/// Returns the module's own name: "racy" of "racy.init#2".
std::string module_of(const std::string &part) {
  return part.substr(0, part.find_first_of(".#"));
}

ModuleSymbols::Part kind_of(const std::string &part) {
  return part.find(kInit) == std::string::npos ? ModuleSymbols::Part::kept : ModuleSymbols::Part::init;
}

}  // namespace

ModuleMap::ModuleMap(const std::vector<kernel::ModuleInfo> &modules, const std::filesystem::path &headers) {
  for (const kernel::ModuleInfo &module : modules) {
    auto symbols = open_symbols(module.file, headers);
    if (!symbols) continue;  // its instructions stay without names, and no schedule is made for them
    const std::string name = text::lsmod_name(module.name);
    symbols_[name] = std::move(symbols);
    init_functions_[name] = module.init_function;
  }
}

void ModuleMap::add(const std::string &name, std::uint64_t address, ModuleSymbols::Part part) {
  const auto symbols = symbols_.find(name);
  if (symbols == symbols_.end()) return;
  const std::string kind = name + (part == ModuleSymbols::Part::init ? std::string(kInit) : "");
  std::size_t earlier = 0;
  for (const Part &known : parts_) {
    const bool same = module_of(known.module.name) == name && known.part == part;
    if (same && known.module.address == address) return;
    earlier += same ? 1 : 0;
  }
  const std::string shown = earlier == 0 ? kind : fmt::format("{}#{}", kind, earlier + 1);
  parts_.push_back({.module = {shown, address}, .symbols = symbols->second.get(), .part = part});
}

void ModuleMap::learn(const std::vector<plan::Schedule::Module> &parts) {
  for (const plan::Schedule::Module &part : parts) {
    const auto symbols = symbols_.find(module_of(part.name));
    if (symbols != symbols_.end()) parts_.push_back({part, symbols->second.get(), kind_of(part.name)});
  }
}

void ModuleMap::learn(const judge::Observations &seen) {
  for (const auto &range : seen.loaded()) add(range.name, range.address, ModuleSymbols::Part::kept);
  if (!seen.schedule) return;
  for (const wire::CodeSeen &code : seen.schedule->code)
    if (!contains(code.address)) learn_init(code.address);
}

/// The first instruction that a module executes is that of its init function.
void ModuleMap::learn_init(std::uint64_t address) {
  for (const auto &[name, function] : init_functions_) {
    const auto offset = symbols_[name]->address_of({.function = function}, ModuleSymbols::Part::init, 0);
    if (!offset || *offset > address || (address - *offset) % kModulePage != 0) continue;
    add(name, address - *offset, ModuleSymbols::Part::init);
    return;
  }
}

std::vector<plan::Schedule::Module> ModuleMap::parts() const {
  std::vector<plan::Schedule::Module> parts;
  for (const Part &part : parts_) parts.push_back(part.module);
  return parts;
}

const ModuleMap::Part *ModuleMap::part_of(std::uint64_t address) const {
  const auto found = std::find_if(parts_.begin(), parts_.end(), [address](const Part &part) {
    return part.symbols->function_at(address, part.part, part.module.address).has_value();
  });
  return found == parts_.end() ? nullptr : &*found;
}

void ModuleMap::name(plan::Schedule::Hold &hold) {
  if (!hold.module.empty()) return;
  const std::uint64_t address = hold.offset;
  const Part *part = part_of(address);
  if (part == nullptr) return;
  const auto place = part->symbols->function_at(address, part->part, part->module.address);
  hold.module = part->module.name;
  hold.function = place->function;
  hold.offset = place->offset;
  if (const auto line = line_at(address)) hold.source = fmt::format("{}:{}", line->file, line->line);
}

std::optional<std::uint64_t> ModuleMap::address_of(const plan::Schedule::Hold &hold) const {
  if (hold.module.empty()) return hold.offset;
  for (const Part &part : parts_) {
    if (part.module.name != hold.module) continue;
    return part.symbols->address_of({.function = hold.function, .offset = hold.offset}, part.part, part.module.address);
  }
  return std::nullopt;
}

std::string ModuleMap::function_at(std::uint64_t address) const {
  const Part *part = part_of(address);
  return part == nullptr ? "" : part->symbols->function_at(address, part->part, part->module.address)->function;
}

std::optional<kernel::SourceLine> ModuleMap::line_at(std::uint64_t address) {
  const Part *part = part_of(address);
  if (part == nullptr) return std::nullopt;
  const auto place = part->symbols->function_at(address, part->part, part->module.address);
  auto lines = part->symbols->lines_at(*place, kernel::Address::exact);
  if (lines.empty()) return std::nullopt;
  // The innermost line is often in one of the kernel's headers.
  const auto own = std::find_if(lines.begin(), lines.end(), [](const kernel::SourceLine &line) {
    return !line.file.starts_with("include/") && line.file.find("/include/") == std::string::npos;
  });
  return own == lines.end() ? std::move(lines.back()) : std::move(*own);
}

std::vector<wire::SchedulePoint> points_of(const plan::Schedule &schedule,
                                           const std::vector<kernel::ModuleInfo> &modules) {
  const bool named = std::any_of(schedule.holds.begin(), schedule.holds.end(),
                                 [](const plan::Schedule::Hold &hold) { return !hold.module.empty(); });
  ModuleMap map(named ? modules : std::vector<kernel::ModuleInfo>());
  map.learn(schedule.modules);
  std::vector<wire::SchedulePoint> points;
  for (const plan::Schedule::Hold &hold : schedule.holds) {
    const auto address = map.address_of(hold);
    if (!address)
      throw base::UsageError(
          base::Code::schedule_place_gone,
          fmt::format("the schedule's place {} is gone: the module has no such instruction", hold.place()),
          "the module has changed since then: make another schedule with kmodtest explore");
    const auto instructions = static_cast<std::uint64_t>(hold.wait.count()) * 1000 >> vm::kInstructionShift;
    points.push_back({.address = *address, .time = hold.time, .hold = instructions});
  }
  return points;
}

}  // namespace kmodtest::run
