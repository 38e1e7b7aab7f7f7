// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/symbols/code_place.hpp"

namespace kmodtest::kernel {

/// A name that the kernel gives to an address.
struct Symbol {
  std::uint64_t address = 0;
  char type = '?';  ///< as nm(1) prints it: t and T mean code
  std::string name = {};
};

/// Returns the table of symbols in a kernel's .rodata. Only the kernel's own kallsyms code knows where it is, so it is
/// found by its shape. Empty if there is none, or none of a known shape (5.10 to 7.3). `rodata` is the section's bytes,
/// and `address` where the kernel has it. Source: kernel, scripts/kallsyms.c (which writes it) and kernel/kallsyms.c
/// (which reads it).
std::vector<Symbol> find_kallsyms(std::string_view rodata, std::uint64_t address);

/// Symbols in order of their addresses.
class SymbolTable {
 public:
  SymbolTable() = default;
  explicit SymbolTable(std::vector<Symbol> symbols);

  bool empty() const { return symbols_.empty(); }
  std::optional<std::uint64_t> address_of(std::string_view name) const;
  /// Returns the addresses of several names in one pass over all symbols; 0 for a name that there is not.
  std::vector<std::uint64_t> addresses_of(const std::vector<std::string_view> &names) const;
  /// Returns the function that contains an address; nothing if the address is not in code.
  std::optional<CodePlace> place_of(std::uint64_t address) const;
  /// Returns the function or variable that contains an address, or begins last before it.
  std::optional<CodePlace> nearest(std::uint64_t address) const;

 private:
  std::vector<Symbol>::const_iterator first_at(std::uint64_t address) const;

  std::vector<Symbol> symbols_;
};

}  // namespace kmodtest::kernel
