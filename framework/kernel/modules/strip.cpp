// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstring>
#include <elf.h>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/symbols/symbols.hpp"

namespace kmodtest::kernel {
namespace {

/// The mark at the end of a signed module (kernel: include/linux/module_signature.h).
constexpr std::string_view kSigned = "~Module signature appended~\n";

bool is_within(const std::string &bytes, std::uint64_t offset, std::uint64_t size) {
  return offset <= bytes.size() && size <= bytes.size() - offset;
}

/// Returns the headers of the sections, or nothing if this is not a complete ELF64 file.
std::vector<Elf64_Shdr> section_headers(const std::string &ko, Elf64_Ehdr &file) {
  if (ko.size() < sizeof file) return {};
  std::memcpy(&file, ko.data(), sizeof file);
  const bool elf64 = std::memcmp(file.e_ident, ELFMAG, SELFMAG) == 0 && file.e_ident[EI_CLASS] == ELFCLASS64 &&
                     file.e_ident[EI_DATA] == ELFDATA2LSB;
  if (!elf64 || file.e_type != ET_REL || file.e_phnum != 0 || file.e_shentsize != sizeof(Elf64_Shdr)) return {};
  std::vector<Elf64_Shdr> headers(file.e_shnum);
  const std::uint64_t bytes = headers.size() * sizeof(Elf64_Shdr);
  if (!is_within(ko, file.e_shoff, bytes) || file.e_shstrndx >= headers.size()) return {};
  if (!headers.empty()) std::memcpy(headers.data(), ko.data() + file.e_shoff, bytes);
  for (const Elf64_Shdr &header : headers) {
    if (header.sh_type != SHT_NOBITS && !is_within(ko, header.sh_offset, header.sh_size)) return {};
  }
  return headers;
}

void align(std::string &bytes, std::uint64_t to) {
  constexpr std::uint64_t kLargest = 4096;
  if (to > 1 && to <= kLargest) bytes.resize((bytes.size() + to - 1) / to * to);
}

}  // namespace

std::string without_debug_info(std::string ko) {
  Elf64_Ehdr file{};
  if (std::string_view(ko).ends_with(kSigned)) return ko;
  std::vector<Elf64_Shdr> headers = section_headers(ko, file);
  if (headers.empty()) return ko;
  const Elf64_Shdr names = headers[file.e_shstrndx];
  const auto is_debug = [&](const Elf64_Shdr &header) {
    if ((header.sh_flags & SHF_ALLOC) != 0 || header.sh_name >= names.sh_size) return false;
    return std::string_view(ko)
        .substr(names.sh_offset + header.sh_name, names.sh_size - header.sh_name)
        .starts_with(".debug_");
  };
  std::vector<bool> drop;
  drop.reserve(headers.size());
  for (const Elf64_Shdr &header : headers) drop.push_back(is_debug(header));
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const bool relocates = headers[i].sh_type == SHT_RELA || headers[i].sh_type == SHT_REL;
    if (relocates && headers[i].sh_info < headers.size() && drop[headers[i].sh_info]) drop[i] = true;
  }
  // The headers stay, so that section numbers (in symbols and sh_link) stay right; dropped sections become empty.
  std::string stripped = ko.substr(0, sizeof file);
  for (std::size_t i = 0; i < headers.size(); ++i) {
    Elf64_Shdr &header = headers[i];
    if (drop[i]) header.sh_size = 0;
    if (header.sh_type == SHT_NULL) continue;
    align(stripped, header.sh_addralign);
    const std::uint64_t from = std::exchange(header.sh_offset, stripped.size());
    if (header.sh_type != SHT_NOBITS) stripped.append(ko, from, header.sh_size);
  }
  align(stripped, alignof(Elf64_Shdr));
  file.e_shoff = stripped.size();
  std::memcpy(stripped.data(), &file, sizeof file);
  stripped.append(reinterpret_cast<const char *>(headers.data()), headers.size() * sizeof(Elf64_Shdr));
  return stripped;
}

}  // namespace kmodtest::kernel
