// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire/message.hpp"
#include "wire/records.hpp"

namespace kmodtest::guest {

/// To be called once, after the boot. Has the kernel write down which timers modules arm (tracefs); when timers are
/// cancelled is written down only once a module has armed one, so that others pay nothing. Without tracefs no timers
/// are known.
void prepare_resources();

/// The texts that a ResourceSet is made of, each ended by a NUL. What the kernel reads through pointers into a module's
/// own memory (/proc/misc, /proc/interrupts, /proc/timer_list) is not among them: with a module that left something
/// behind, reading it is what crashes the kernel.
std::string read_resources();

/// What read_resources() said once, to be compared with what it says later.
class ResourceSet {
 public:
  explicit ResourceSet(std::string_view texts);
  /// Writes into the inventory what `texts` has and the set has not.
  void compare(std::string_view texts, wire::Inventory &inventory) const;

 private:
  std::vector<wire::MajorRecord> majors_;
  std::vector<wire::TimerRecord> timers_;
  std::vector<wire::VmallocRecord> vmalloc_;
};

/// The memory in use, after what can be given back was: caches emptied, slabs without objects freed. Without these the
/// counts of slab caches are those of whole slabs.
std::vector<wire::MemoryRecord> count_memory(std::string_view texts);
/// Gives back what can be, and reads the texts for count_memory().
std::string read_memory();

}  // namespace kmodtest::guest
