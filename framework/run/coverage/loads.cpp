// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/coverage/loads.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include "run/report_messages.hpp"
#include "text/module_name.hpp"
#include "wire/kernel_addresses.hpp"
#include "wire/schedule_memory.hpp"

namespace kmodtest::run {
namespace {

using kernel::ModuleCode;
using Part = kernel::ModuleSymbols::Part;

constexpr std::uint64_t kPageOfCode = 4096;
constexpr std::size_t kLeastMatches = 2;
constexpr std::size_t kMatchesForOneMiss = 8;  ///< the kernel changes an instruction here and there

std::uint64_t address_of(const wire::CodeCount &count) {
  return wire::code_address(count.low);
}

/// A module in memory.
struct Present {
  std::string name;
  const ModuleCode *code = nullptr;
  std::optional<std::uint64_t> kept, init;  ///< where its parts begin
};

bool is_in(std::uint64_t address, std::optional<std::uint64_t> begin, std::uint64_t size) {
  return begin && address >= *begin && address - *begin < size;
}

std::optional<ModuleCode::Place> place_in(const Present &module, std::uint64_t address) {
  if (is_in(address, module.kept, module.code->kept.size)) return ModuleCode::Place{Part::kept, address - *module.kept};
  if (is_in(address, module.init, module.code->init.size)) return ModuleCode::Place{Part::init, address - *module.init};
  return std::nullopt;
}

/// Returns where a part of a module begins, so that these addresses are its instructions; nothing if they are not.
std::optional<std::uint64_t> find_begin(const std::vector<std::uint64_t> &addresses, const ModuleCode::PartCode &part) {
  std::set<std::uint64_t> tried;
  std::optional<std::uint64_t> best;
  std::size_t most = kLeastMatches - 1;
  for (const std::uint64_t address : addresses) {
    for (const std::uint64_t entry : part.entries) {
      const std::uint64_t begin = address - entry;
      if (begin % kPageOfCode != 0 || !tried.insert(begin).second) continue;
      std::size_t matches = 0, misses = 0;
      for (const std::uint64_t other : addresses) {
        if (!is_in(other, begin, part.size)) continue;
        const bool known = std::binary_search(part.instructions.begin(), part.instructions.end(), other - begin);
        ++(known ? matches : misses);
      }
      if (matches <= most || misses * kMatchesForOneMiss > matches) continue;
      most = matches;
      best = begin;
    }
  }
  return best;
}

class Placer {
 public:
  Placer(const std::vector<wire::CodeCount> &counts, const std::vector<LoadEvent> &events, const ModuleCodes &modules)
      : counts_(counts), events_(events), modules_(modules) {
    // The library notes instructions as they are translated, so `reports` never descends.
    std::stable_sort(counts_.begin(), counts_.end(),
                     [](const auto &left, const auto &right) { return left.reports < right.reports; });
  }

  std::map<std::string, PlacedCounts> place() {
    for (const LoadEvent &event : events_) {
      const auto code = modules_.find(event.module);
      if (code == modules_.end()) continue;
      event.loads ? load(event, *code->second) : unload(event);
    }
    // A module whose load has never ended: its init function crashed, or hangs.
    for (const auto &[name, code] : modules_) {
      if (!is_present(name)) load({.reports = std::numeric_limits<std::uint32_t>::max(), .module = name}, *code);
    }
    place_until(std::numeric_limits<std::uint32_t>::max());
    return std::move(placed_);
  }

 private:
  bool is_present(const std::string &name) const {
    return std::any_of(present_.begin(), present_.end(), [&](const Present &one) { return one.name == name; });
  }

  void load(const LoadEvent &event, const ModuleCode &code) {
    Present module{.name = event.module, .code = &code, .kept = event.address, .init = {}};
    std::vector<std::uint64_t> unknown = unknown_before(event.reports, module);
    module.init = find_begin(unknown, code.init);
    if (!module.kept) {
      std::erase_if(unknown, [&](std::uint64_t address) { return is_in(address, module.init, code.init.size); });
      module.kept = find_begin(unknown, code.kept);
    }
    const bool loaded = event.address.has_value();
    present_.push_back(std::move(module));
    place_until(event.reports);
    if (!loaded) return present_.pop_back();
    present_.back().init.reset();  // the kernel frees it
  }

  void unload(const LoadEvent &event) {
    place_until(event.reports);
    std::erase_if(present_, [&](const Present &one) { return one.name == event.module; });
  }

  /// Returns the addresses of the next instructions up to a message that are in no module that is present.
  std::vector<std::uint64_t> unknown_before(std::uint32_t reports, const Present &loading) const {
    std::vector<std::uint64_t> unknown;
    for (std::size_t i = next_; i < counts_.size() && counts_[i].reports < reports; ++i) {
      const std::uint64_t address = address_of(counts_[i]);
      const bool known = std::any_of(present_.begin(), present_.end(),
                                     [address](const Present &one) { return place_in(one, address).has_value(); });
      if (!known && !place_in(loading, address)) unknown.push_back(address);
    }
    return unknown;
  }

  void place_until(std::uint32_t reports) {
    for (; next_ < counts_.size() && counts_[next_].reports < reports; ++next_) {
      const wire::CodeCount &count = counts_[next_];
      // The first one that has the address: where two seem to, the older one is still there.
      for (const Present &module : present_) {
        const auto place = place_in(module, address_of(count));
        if (!place) continue;
        wire::CodeCount &sum = placed_[module.name][*place];
        sum.times += count.times;
        sum.taken += count.taken;
        sum.fell += count.fell;
        break;
      }
    }
  }

  std::vector<wire::CodeCount> counts_;
  const std::vector<LoadEvent> &events_;
  const ModuleCodes &modules_;
  std::vector<Present> present_;
  std::size_t next_ = 0;
  std::map<std::string, PlacedCounts> placed_;
};

}  // namespace

std::vector<LoadEvent> load_events(std::string_view report_bytes) {
  std::vector<LoadEvent> events;
  for_each_message(report_bytes, [&events](std::uint64_t end, const wire::AgentMessage &message) {
    const auto at = static_cast<std::uint32_t>(end);
    if (const auto *load = std::get_if<wire::Loaded>(&message)) {
      LoadEvent event{.reports = at, .module = text::lsmod_name(load->module)};
      if (load->error == 0 && load->record) event.address = load->record->address;
      events.push_back(std::move(event));
    } else if (const auto *unload = std::get_if<wire::Unloaded>(&message); unload != nullptr && unload->error == 0) {
      events.push_back({.reports = at, .module = text::lsmod_name(unload->module), .loads = false});
    }
    return true;
  });
  return events;
}

std::map<std::string, PlacedCounts> place_counts(const std::vector<wire::CodeCount> &counts,
                                                 const std::vector<LoadEvent> &events, const ModuleCodes &modules) {
  return Placer(counts, events, modules).place();
}

}  // namespace kmodtest::run
