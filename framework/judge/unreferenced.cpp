// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/unreferenced.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "judge/always.hpp"
#include "kernel/faults/fault_functions.hpp"
#include "shared/kmsg.hpp"
#include "text/module_name.hpp"
#include "text/words.hpp"
#include "wire/kmemleak.hpp"

namespace kmodtest::judge {
namespace {

using observe::UnreferencedObject;

constexpr std::size_t kMostObjectsShown = 3;
constexpr std::uint64_t kMostInitCode = 1u << 20;

/// Returns the range of a module under test that has, or had, the address.
std::optional<observe::ModuleRange> range_of(std::uint64_t address, const Observations &seen) {
  for (auto &range : seen.unloaded()) {
    if (address - range.address < range.size) return range;
  }
  // The sizes of these are not known: the nearest one below it.
  std::optional<observe::ModuleRange> nearest;
  for (auto &range : seen.init_code()) {
    const std::uint64_t distance = address - range.address;
    if (distance < kMostInitCode && (!nearest || distance < address - nearest->address)) nearest = std::move(range);
  }
  return nearest;
}

/// Returns "kmalloc" for kmalloc_trace.
std::string shown_function(const std::string &symbol) {
  const auto *function = kernel::find_fault_function(symbol, {});
  return function == nullptr ? symbol : std::string(function->shown);
}

std::string shown_place(const Allocator &allocator, const Observations &seen) {
  if (!allocator.place.empty()) return fmt::format("{} [{}]", allocator.place, allocator.module);
  const auto named = seen.unloaded_code.find(allocator.address);
  return named != seen.unloaded_code.end() ? named->second
                                           : fmt::format("{:#x} [{}]", allocator.address, allocator.module);
}

/// The objects that one place allocated.
struct Left {
  std::string function;
  std::string place;
  std::uint64_t bytes = 0;
  std::size_t objects = 0;
  std::vector<std::string> lines = {};
};

std::vector<Left> by_place(const Observations &seen) {
  std::vector<Left> all;
  for (const UnreferencedObject &object : unreferenced_objects(seen)) {
    const auto allocator = allocator_of(object, seen);
    if (!allocator) continue;
    const std::string function = shown_function(allocator->function);
    const std::string place = shown_place(*allocator, seen);
    auto left = std::find_if(all.begin(), all.end(),
                             [&](const Left &one) { return one.place == place && one.function == function; });
    if (left == all.end()) left = all.insert(all.end(), {.function = function, .place = place});
    left->bytes += object.bytes;
    if (++left->objects <= kMostObjectsShown)
      left->lines.insert(left->lines.end(), object.lines.begin(), object.lines.end());
  }
  return all;
}

}  // namespace

std::vector<UnreferencedObject> unreferenced_objects(const Observations &seen) {
  std::uint32_t steps = 0;
  const wire::FileRead *listed = nullptr;
  for (const auto &message : seen.messages) {
    if (const auto *started = std::get_if<wire::StepStarted>(&message)) steps = started->step + 1;
    const auto *read = std::get_if<wire::FileRead>(&message);
    if (read != nullptr && read->step >= steps && read->path == wire::kKmemleakFile) listed = read;
  }
  return listed == nullptr ? std::vector<UnreferencedObject>() : observe::parse_kmemleak(listed->content);
}

std::optional<Allocator> allocator_of(const UnreferencedObject &object, const Observations &seen) {
  std::string function;
  for (const UnreferencedObject::Frame &frame : object.frames) {
    if (!frame.place.empty()) {
      const bool ours = std::any_of(seen.modules.begin(), seen.modules.end(), [&](const kernel::ModuleInfo &module) {
        return text::lsmod_name(module.name) == frame.module;
      });
      if (ours) return Allocator{.module = frame.module, .function = function, .place = frame.place};
      function = frame.place.substr(0, frame.place.find("+0x"));
    } else if (auto range = range_of(frame.address, seen)) {
      Allocator allocator{.module = range->name, .function = function};
      allocator.address = frame.address;
      allocator.range = std::move(*range);
      return allocator;
    }
  }
  return std::nullopt;
}

std::vector<Finding> check_unreferenced(const CaseView &view) {
  std::vector<Finding> findings;
  const plan::Checks &checks = view.test_case.checks;
  if (!checks.leftovers) return findings;
  for (Left &left : by_place(view.seen)) {
    const std::string name = "memory:" + left.place.substr(0, left.place.find("+0x"));
    if (any_matches(checks.allow, name)) continue;
    Finding finding{.outcome = Outcome::leaked};
    Evidence &evidence = finding.evidence;
    evidence.summary =
        fmt::format("{} from {} at {} {} not freed after the unload, and nothing points to {} ({})",
                    text::counted(left.bytes, "byte"), left.function, left.place, left.bytes == 1 ? "is" : "are",
                    left.bytes == 1 ? "it" : "them", text::counted(left.objects, "object"));
    evidence.expected = "no memory that the module allocated and nothing points to (kmemleak)";
    evidence.seen = evidence.summary;
    evidence.details = std::move(left.lines);
    evidence.hint = "free it (kfree, kmem_cache_free) where the load fails, and in the exit function";
    evidence.permission = {.kind = Permission::Kind::object, .name = name};
    findings.push_back(std::move(finding));
  }
  return findings;
}

bool is_of_last_scan(const CaseView &view, const observe::KernelReport &report) {
  if (report.report_class != observe::ReportClass::leftover || report.kind != "memory leak" || report.lines.empty())
    return false;
  const auto is_mark = [](const wire::KernelLogLine &line) {
    return shared::is_marker(line) && line.text == std::string(wire::kMarkerPrefix) + wire::kKmemleakMark;
  };
  const auto mark = std::find_if(view.log.begin(), view.log.end(), is_mark);
  return mark != view.log.end() && mark->sequence < report.lines.front().sequence;
}

}  // namespace kmodtest::judge
