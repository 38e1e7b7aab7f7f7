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
  char type = '?';  ///< as nm(1) prints it: t and T are code
  std::string name;
};

/// The table of symbols that a kernel carries in its .rodata, where only its own kallsyms code knows where: found by
/// its shape. Empty when there is none, or none of a shape that we know (5.10 to 6.12). `rodata` is the section's
/// bytes. Source: kernel, scripts/kallsyms.c (what it writes) and kernel/kallsyms.c (how that is read).
std::vector<Symbol> find_kallsyms(std::string_view rodata);

/// Symbols in order of their addresses.
class SymbolTable {
 public:
  SymbolTable() = default;
  explicit SymbolTable(std::vector<Symbol> symbols);

  bool empty() const { return symbols_.empty(); }
  std::optional<std::uint64_t> address_of(std::string_view name) const;
  /// The function that an address lies in; nothing for what is no code.
  std::optional<CodePlace> place_of(std::uint64_t address) const;

 private:
  std::vector<Symbol> symbols_;
};

}  // namespace kmodtest::kernel
