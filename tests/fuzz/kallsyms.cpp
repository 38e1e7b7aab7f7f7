// SPDX-License-Identifier: GPL-2.0-or-later
// A kernel's .rodata. The table of symbols is found in it by its shape.
#include "kernel/symbols/kallsyms.hpp"

#include "property.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  using namespace kmodtest;
  constexpr std::uint64_t kAddress = 0xffffffff82200000;  // where a kernel has it
  const auto symbols = kernel::find_kallsyms(fuzz::as_text(data, size), kAddress);
  const kernel::SymbolTable table(symbols);
  fuzz::require(table.empty() == symbols.empty(), "a table has the symbols that it is given");
  for (const kernel::Symbol &symbol : symbols) {
    fuzz::require(!symbol.name.empty(), "a symbol has a name");
    fuzz::require(table.address_of(symbol.name).has_value(), "a symbol is found by its name");
    (void)table.place_of(symbol.address);
  }
  return 0;
}
