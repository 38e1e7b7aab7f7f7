// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/boot/elf_file.hpp"

#include <cstddef>
#include <libelf.h>

namespace kmodtest::kernel {
namespace {

/// Returns whether one segment has a note with this owner and type.
bool has_note_in(Elf_Data *notes, std::string_view owner, GElf_Word type) {
  GElf_Nhdr note{};
  std::size_t name = 0;
  std::size_t content = 0;
  for (std::size_t at = 0; (at = gelf_getnote(notes, at, &note, &name, &content)) > 0;) {
    if (note.n_type != type || note.n_namesz != owner.size() + 1) continue;
    if (std::string_view(static_cast<const char *>(notes->d_buf) + name, owner.size()) == owner) return true;
  }
  return false;
}

}  // namespace

ElfFile::ElfFile(std::string_view bytes) {
  elf_version(EV_CURRENT);
  // libelf takes a pointer to mutable bytes, but changes them only when a file is written.
  elf_.reset(elf_memory(const_cast<char *>(bytes.data()), bytes.size()));
}

bool ElfFile::is_64_bit() const {
  return elf_ != nullptr && elf_kind(elf_.get()) == ELF_K_ELF && gelf_getclass(elf_.get()) == ELFCLASS64;
}

std::vector<GElf_Phdr> ElfFile::segments() const {
  std::vector<GElf_Phdr> headers;
  std::size_t count = 0;
  if (!is_64_bit() || elf_getphdrnum(elf_.get(), &count) != 0) return headers;
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr header{};
    if (gelf_getphdr(elf_.get(), static_cast<int>(i), &header) == nullptr) break;
    headers.push_back(header);
  }
  return headers;
}

bool ElfFile::has_note(std::string_view owner, GElf_Word type) const {
  for (const GElf_Phdr &segment : segments()) {
    if (segment.p_type != PT_NOTE) continue;
    Elf_Data *notes = elf_getdata_rawchunk(elf_.get(), static_cast<std::int64_t>(segment.p_offset), segment.p_filesz,
                                           segment.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
    if (notes != nullptr && has_note_in(notes, owner, type)) return true;
  }
  return false;
}

std::string_view ElfFile::section(std::string_view name) const {
  std::size_t names = 0;
  if (!is_64_bit() || elf_getshdrstrndx(elf_.get(), &names) != 0) return {};
  for (Elf_Scn *one = elf_nextscn(elf_.get(), nullptr); one != nullptr; one = elf_nextscn(elf_.get(), one)) {
    GElf_Shdr header{};
    if (gelf_getshdr(one, &header) == nullptr) continue;
    const char *known = elf_strptr(elf_.get(), names, header.sh_name);
    const Elf_Data *data = known != nullptr && name == known ? elf_rawdata(one, nullptr) : nullptr;
    if (data != nullptr && data->d_buf != nullptr) return {static_cast<const char *>(data->d_buf), data->d_size};
  }
  return {};
}

}  // namespace kmodtest::kernel
