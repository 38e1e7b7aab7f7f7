// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/symbols/kernel_image.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <gelf.h>
#include <libelf.h>

#include "base/descriptor.hpp"
#include "base/error.hpp"

namespace kmodtest::kernel {

KernelImage::KernelImage(SymbolTable symbols, StructLayouts layouts, std::vector<Code> code)
    : symbols_(std::move(symbols)), layouts_(std::move(layouts)) {
  const auto kept = std::make_shared<const std::vector<Code>>(std::move(code));
  for (const Code &section : *kept) code_.push_back({section.address, section.bytes});
  owner_ = kept;
}

KernelImage::KernelImage(const std::filesystem::path &vmlinux) {
  const base::Descriptor file(::open(vmlinux.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    throw base::Error(base::Code::cannot_read,
                      fmt::format("cannot read {}: {}", vmlinux.string(), std::strerror(errno)),
                      "is the kernel still in the cache? 'kmodtest kernels fetch' gets it again");
  }
  elf_version(EV_CURRENT);
  // Mapped: only a part of the file is needed.
  const std::shared_ptr<Elf> elf(elf_begin(file.get(), ELF_C_READ_MMAP, nullptr), elf_end);
  owner_ = elf;
  std::size_t size = 0, names = 0;
  const char *begin = elf ? elf_rawfile(elf.get(), &size) : nullptr;
  if (begin == nullptr || elf_kind(elf.get()) != ELF_K_ELF || elf_getshdrstrndx(elf.get(), &names) != 0) return;
  const std::string_view bytes(begin, size);
  for (Elf_Scn *section = nullptr; (section = elf_nextscn(elf.get(), section)) != nullptr;) {
    GElf_Shdr header{};
    if (gelf_getshdr(section, &header) == nullptr || header.sh_type == SHT_NOBITS) continue;
    if (header.sh_offset > bytes.size() || header.sh_size > bytes.size() - header.sh_offset) continue;
    const char *name_at = elf_strptr(elf.get(), names, header.sh_name);
    const std::string_view name = name_at == nullptr ? "" : name_at;
    const std::string_view content = bytes.substr(header.sh_offset, header.sh_size);
    if (name == ".rodata") symbols_ = SymbolTable(find_kallsyms(content, header.sh_addr));
    if (name == ".BTF") layouts_ = StructLayouts(std::string(content));
    if ((header.sh_flags & SHF_EXECINSTR) != 0) code_.push_back({header.sh_addr, content});
  }
}

const KernelImage &LazyKernelImage::get() {
  const std::lock_guard lock(mutex_);
  if (!image_) image_.emplace(vmlinux_);
  return *image_;
}

const KernelImage *LazyKernelImage::get_if_readable() {
  try {
    return &get();
  } catch (const base::Error &) {
    return nullptr;
  }
}

std::string_view KernelImage::code_at(std::uint64_t address, std::size_t size) const {
  for (const Section &section : code_) {
    if (address < section.address || address - section.address >= section.bytes.size()) continue;
    const std::string_view from = section.bytes.substr(address - section.address);
    return from.size() < size ? std::string_view() : from.substr(0, size);
  }
  return {};
}

}  // namespace kmodtest::kernel
