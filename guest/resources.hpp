// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/message.hpp"
#include "wire/records.hpp"

namespace kmodtest::guest {

/// Prepares the observation of timers; call it once, after the boot. The kernel records which timers modules arm
/// (tracefs). It records cancellations only once a module has armed a timer, so that other cases do not pay for it.
/// Without tracefs no timers are known.
void prepare_resources();

/// Returns the texts for a ResourceSet, each ended by a NUL. They exclude files for which the kernel reads pointers
/// into a module's own memory (/proc/misc, /proc/interrupts, /proc/timer_list): if a module left something behind,
/// reading them would crash the kernel.
std::string read_resources();

/// An earlier result of read_resources(), to be compared with a later one.
class ResourceSet {
 public:
  explicit ResourceSet(std::string_view texts);
  /// Writes into the inventory what is in `texts` but not in the set.
  void compare(std::string_view texts, wire::Inventory &inventory) const;

 private:
  std::vector<wire::MajorRecord> majors_;
  std::vector<wire::TimerRecord> timers_;
  std::vector<wire::VmallocRecord> vmalloc_;
  std::vector<std::pair<std::string, std::string>> settings_;  ///< path and value
};

/// Returns the memory in use after freeing what can be freed: caches emptied, slabs without objects freed. Without
/// that, slab caches would be counted in whole slabs.
std::vector<wire::MemoryRecord> count_memory(std::string_view texts);
/// Frees what can be freed, and reads the texts for count_memory().
std::string read_memory();

}  // namespace kmodtest::guest
