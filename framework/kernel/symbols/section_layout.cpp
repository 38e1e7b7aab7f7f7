// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/symbols/section_layout.hpp"

#include <algorithm>
#include <gelf.h>
#include <iterator>
#include <optional>
#include <string_view>

namespace kmodtest::kernel {
namespace {

/// Returns the group in which layout_sections() puts a section (kernel: kernel/module/main.c); nothing for one that is
/// not in memory, or in the other part.
std::optional<int> group_of(const GElf_Shdr &header, std::string_view name, ModuleSymbols::Part part) {
  static constexpr std::string_view kNotKept[] = {".modinfo", "__versions", ".data..percpu"};
  const bool of_init = part == ModuleSymbols::Part::init;
  if ((header.sh_flags & SHF_ALLOC) == 0 || name.starts_with(".init") != of_init) return std::nullopt;
  if (std::find(std::begin(kNotKept), std::end(kNotKept), name) != std::end(kNotKept)) return std::nullopt;
  if ((header.sh_flags & SHF_EXECINSTR) != 0) return 0;
  if ((header.sh_flags & SHF_WRITE) == 0) return 1;
  return name == ".data..ro_after_init" || name == "__jump_table" ? 2 : 3;
}

constexpr int kGroups = 4;
constexpr std::uint64_t kPage = 4096;

std::uint64_t aligned_up(std::uint64_t at, std::uint64_t to) {
  return (at + to - 1) / to * to;
}

}  // namespace

std::vector<CoreSection> layout(Elf *elf, ModuleSymbols::Part part) {
  std::vector<CoreSection> sections;
  std::size_t names = 0;
  if (elf_getshdrstrndx(elf, &names) != 0) return sections;
  std::uint64_t end = 0;
  for (int group = 0; group < kGroups; ++group) {
    for (Elf_Scn *section = elf_nextscn(elf, nullptr); section != nullptr; section = elf_nextscn(elf, section)) {
      GElf_Shdr header;
      if (gelf_getshdr(section, &header) == nullptr) continue;
      const char *name = elf_strptr(elf, names, header.sh_name);
      if (name == nullptr || group_of(header, name, part) != group) continue;
      const std::uint64_t start = aligned_up(end, std::max<std::uint64_t>(header.sh_addralign, 1));
      sections.push_back({.index = elf_ndxscn(section), .start = start, .size = header.sh_size, .name = name});
      end = start + header.sh_size;
    }
    end = aligned_up(end, kPage);
  }
  return sections;
}

}  // namespace kmodtest::kernel
