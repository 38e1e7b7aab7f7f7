// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstring>
#include <elf.h>
#include <gelf.h>
#include <libelf.h>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace kmodtest::kernel {

/// A small .ko, written with libelf.
struct ElfModule {
  unsigned machine = EM_X86_64;
  unsigned type = ET_REL;
  std::vector<std::string> modinfo{"license=GPL", "vermagic=6.1.0 SMP mod_unload modversions ", "name=mine"};
  std::vector<std::string> undefined;
  std::vector<std::string> weak;
  std::vector<std::string> defined;
  std::vector<std::pair<std::string, std::uint64_t>> functions;  ///< name and address
  std::vector<std::pair<std::string, std::uint32_t>> versions;

  std::string bytes() const {
    elf_version(EV_CURRENT);
    const int descriptor = ::memfd_create("module", MFD_CLOEXEC);
    Elf *elf = elf_begin(descriptor, ELF_C_WRITE, nullptr);
    if (elf == nullptr) throw std::runtime_error(elf_errmsg(-1));
    gelf_newehdr(elf, ELFCLASS64);
    GElf_Ehdr header;
    gelf_getehdr(elf, &header);
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_machine = static_cast<GElf_Half>(machine);
    header.e_type = static_cast<GElf_Half>(type);
    header.e_version = EV_CURRENT;

    std::string info;
    for (const auto &field : modinfo) info += field + '\0';
    std::string crcs;
    for (const auto &[name, crc] : versions) {
      std::string entry(64, '\0');
      std::memcpy(entry.data(), &crc, sizeof crc);
      std::memcpy(entry.data() + 8, name.data(), name.size());
      crcs += entry;
    }
    std::string strings(1, '\0');
    std::string symbols(sizeof(Elf64_Sym), '\0');
    const auto add_symbol = [&](const std::string &name, unsigned binding, unsigned section,
                                unsigned symbol_type = STT_NOTYPE, std::uint64_t value = 0) {
      Elf64_Sym symbol{};
      symbol.st_name = static_cast<Elf64_Word>(strings.size());
      symbol.st_info = static_cast<unsigned char>(ELF64_ST_INFO(binding, symbol_type));
      symbol.st_shndx = static_cast<Elf64_Half>(section);
      symbol.st_value = value;
      strings += name + '\0';
      symbols.append(reinterpret_cast<const char *>(&symbol), sizeof symbol);
    };
    for (const auto &name : undefined) add_symbol(name, STB_GLOBAL, SHN_UNDEF);
    for (const auto &name : weak) add_symbol(name, STB_WEAK, SHN_UNDEF);
    for (const auto &name : defined) add_symbol(name, STB_GLOBAL, SHN_ABS);
    for (const auto &[name, address] : functions) add_symbol(name, STB_GLOBAL, SHN_ABS, STT_FUNC, address);

    // The names of sections, then the sections: string tables 1 and 2, symbols 3, the rest.
    std::string names(1, '\0');
    const auto add_section = [&](const std::string &name, unsigned section_type, std::string &content, unsigned link,
                                 std::size_t entry_size, Elf_Type data_type) {
      Elf_Scn *section = elf_newscn(elf);
      Elf_Data *data = elf_newdata(section);
      data->d_buf = content.data();
      data->d_size = content.size();
      data->d_type = data_type;
      data->d_align = 8;
      data->d_version = EV_CURRENT;
      GElf_Shdr section_header;
      gelf_getshdr(section, &section_header);
      section_header.sh_name = static_cast<GElf_Word>(names.find('\0' + name + '\0') + 1);
      section_header.sh_type = section_type;
      section_header.sh_flags = section_type == SHT_PROGBITS ? SHF_ALLOC : 0;
      section_header.sh_link = link;
      section_header.sh_entsize = entry_size;
      gelf_update_shdr(section, &section_header);
    };
    for (const char *name : {".shstrtab", ".strtab", ".symtab", ".modinfo", "__versions"}) {
      names += std::string(name) + '\0';
    }
    add_section(".shstrtab", SHT_STRTAB, names, 0, 0, ELF_T_BYTE);
    add_section(".strtab", SHT_STRTAB, strings, 0, 0, ELF_T_BYTE);
    add_section(".symtab", SHT_SYMTAB, symbols, 2, sizeof(Elf64_Sym), ELF_T_SYM);
    if (!modinfo.empty()) add_section(".modinfo", SHT_PROGBITS, info, 0, 0, ELF_T_BYTE);
    if (!versions.empty()) add_section("__versions", SHT_PROGBITS, crcs, 0, 0, ELF_T_BYTE);
    header.e_shstrndx = 1;
    gelf_update_ehdr(elf, &header);
    if (elf_update(elf, ELF_C_WRITE) < 0) throw std::runtime_error(elf_errmsg(-1));
    elf_end(elf);
    std::string result(static_cast<std::size_t>(::lseek(descriptor, 0, SEEK_END)), '\0');
    if (::pread(descriptor, result.data(), result.size(), 0) != static_cast<ssize_t>(result.size())) {
      throw std::runtime_error("pread failed");
    }
    ::close(descriptor);
    return result;
  }
};

}  // namespace kmodtest::kernel
