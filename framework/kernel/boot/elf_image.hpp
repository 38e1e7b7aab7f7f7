// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstring>
#include <elf.h>
#include <string>

/// Parts of the ELF files that kmodtest writes. Source: elf(5).
namespace kmodtest::kernel {

template <class Record>
void append_record(std::string &to, const Record &record) {
  to.append(reinterpret_cast<const char *>(&record), sizeof record);
}

/// Returns the header of an x86-64 file with this many sections, the last of which holds their names. The caller sets
/// e_shoff.
inline Elf64_Ehdr elf_header(Elf64_Half type, Elf64_Half sections) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = type;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof header;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = sections;
  header.e_shstrndx = static_cast<Elf64_Half>(sections - 1);
  return header;
}

}  // namespace kmodtest::kernel
