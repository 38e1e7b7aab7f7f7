// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/symbols/kallsyms.hpp"
#include "run/postmortem/physical_memory.hpp"

namespace kmodtest::run {

/// The memory of a paused guest as its kernel addresses it. Source: kernel, Documentation/arch/x86/x86_64/mm.rst.
class KernelMemory {
 public:
  static constexpr std::uint64_t kImage = 0xffff'ffff'8000'0000;  ///< where the kernel itself is: __START_KERNEL_map

  /// Returns nothing if the guest's memory has not the kernel with these symbols where it expects it.
  static std::optional<KernelMemory> of(vm::Inspector &guest, const kernel::SymbolTable &symbols);

  /// Returns where the memory at an address is; nothing if nothing is mapped there.
  std::optional<std::uint64_t> place_of(std::uint64_t address);
  /// Reads what is at these addresses at once, each up to the end of its page.
  void fetch(const std::vector<std::uint64_t> &addresses);
  std::optional<std::uint64_t> word(std::uint64_t address);
  std::optional<std::uint32_t> half(std::uint64_t address);
  std::string text(std::uint64_t address, std::size_t most);

  /// Returns the address in the kernel's map of all memory.
  std::uint64_t direct(std::uint64_t place) const { return direct_map_ + place; }
  /// Returns the address of a page's struct page.
  std::uint64_t page_struct(std::uint64_t direct_address) const;
  std::uint64_t address_of_page(std::uint64_t page_struct) const;
  /// Returns for each CPU what has to be added to the address of a variable of each CPU. The result is in the map of
  /// all memory.
  const std::vector<std::uint64_t> &cpu_offsets() const { return cpu_offsets_; }

 private:
  explicit KernelMemory(vm::Inspector &guest) : memory_(guest) {}

  PhysicalMemory memory_;
  std::uint64_t direct_map_ = 0, page_structs_ = 0, page_table_ = 0;
  std::vector<std::uint64_t> cpu_offsets_;
};

}  // namespace kmodtest::run
