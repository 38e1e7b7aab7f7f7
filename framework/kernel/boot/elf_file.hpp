// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <gelf.h>
#include <memory>
#include <string_view>
#include <vector>

namespace kmodtest::kernel {

/// The headers of an ELF file in memory, read by libelf. The bytes must outlive it. Never throws: empty if the bytes
/// are not a 64-bit ELF file.
class ElfFile {
 public:
  explicit ElfFile(std::string_view bytes);

  bool is_64_bit() const;
  /// Returns the program headers that lie within the file.
  std::vector<GElf_Phdr> segments() const;
  /// Returns whether a note segment has a note with this owner and type.
  bool has_note(std::string_view owner, GElf_Word type) const;
  /// Returns the content of the section with this name; empty if there is none.
  std::string_view section(std::string_view name) const;

 private:
  struct End {
    void operator()(Elf *elf) const { elf_end(elf); }
  };
  std::unique_ptr<Elf, End> elf_;
};

}  // namespace kmodtest::kernel
