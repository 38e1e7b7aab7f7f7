// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/symbols/debug_files.hpp"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gelf.h>
#include <libelf.h>
#include <memory>
#include <unistd.h>
#include <vector>

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "kernel/boot/elf_image.hpp"
#include "text/number.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

constexpr const char *kInitSymbol = "init_module";  // <linux/module.h>: the alias that module_init() makes
constexpr const char *kThisModule = ".rela.gnu.linkonce.this_module";

using ElfHandle = std::unique_ptr<Elf, decltype(&elf_end)>;

struct Section {
  Elf_Scn *handle = nullptr;
  GElf_Shdr header{};
  std::string name = {};
};

std::vector<Section> sections_of(Elf *elf) {
  std::vector<Section> sections;
  std::size_t names = 0;
  if (elf_getshdrstrndx(elf, &names) != 0) return sections;
  for (Elf_Scn *handle = nullptr; (handle = elf_nextscn(elf, handle)) != nullptr;) {
    Section section{.handle = handle};
    if (gelf_getshdr(handle, &section.header) == nullptr) continue;
    if (const char *name = elf_strptr(elf, names, section.header.sh_name)) section.name = name;
    sections.push_back(std::move(section));
  }
  return sections;
}

/// Finds a symbol of the symbol table and its index; returns nothing if there is none.
std::optional<GElf_Sym> find_symbol(Elf *elf, const std::string &wanted, std::size_t *index = nullptr) {
  for (const Section &section : sections_of(elf)) {
    if (section.header.sh_type != SHT_SYMTAB || section.header.sh_entsize == 0) continue;
    Elf_Data *data = elf_getdata(section.handle, nullptr);
    const std::size_t count = data == nullptr ? 0 : section.header.sh_size / section.header.sh_entsize;
    for (std::size_t i = 0; i < count; ++i) {
      GElf_Sym symbol;
      if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) continue;
      const char *name = elf_strptr(elf, section.header.sh_link, symbol.st_name);
      if (name == nullptr || wanted != name) continue;
      if (index != nullptr) *index = i;
      return symbol;
    }
  }
  return std::nullopt;
}

struct KernelSymbol {
  std::uint64_t address = 0;
  char type = 0;
  std::string_view name;
};

/// Returns the symbols of the kernel itself, without modules and per-CPU offsets. Source:
/// Documentation/filesystems/proc.rst, nm(1).
std::vector<KernelSymbol> kernel_symbols(std::string_view kallsyms) {
  constexpr std::uint64_t kKernelHalf = 0xffff800000000000u;
  std::vector<KernelSymbol> symbols;
  while (!kallsyms.empty()) {
    const std::size_t end = std::min(kallsyms.find('\n'), kallsyms.size());
    const std::string_view line = kallsyms.substr(0, end);
    kallsyms.remove_prefix(std::min(end + 1, kallsyms.size()));
    KernelSymbol symbol;
    std::string_view rest = line;  // " T name"
    symbol.address = text::take_number<std::uint64_t>(rest, 16).value_or(0);
    if (rest.size() <= 3 || symbol.address < kKernelHalf) continue;
    if (line.find('\t') != std::string_view::npos) continue;  // "[module]"
    symbol.type = rest[1];
    symbol.name = rest.substr(3);
    symbols.push_back(symbol);
  }
  return symbols;
}

}  // namespace

std::string dormant_module(std::string ko) {
  elf_version(EV_CURRENT);
  const ElfHandle elf(elf_memory(ko.data(), ko.size()), elf_end);
  if (elf == nullptr || elf_kind(elf.get()) != ELF_K_ELF)
    throw base::Error(base::Code::not_a_module, "a module cannot be read as ELF", "build the module again");
  std::size_t init = 0;
  if (!find_symbol(elf.get(), kInitSymbol, &init)) return ko;  // nothing to remove
  std::vector<std::size_t> places;
  for (const Section &section : sections_of(elf.get())) {
    if (section.name != kThisModule || section.header.sh_type != SHT_RELA) continue;
    for (std::uint64_t at = 0; at + sizeof(Elf64_Rela) <= section.header.sh_size; at += sizeof(Elf64_Rela)) {
      const std::uint64_t place = section.header.sh_offset + at;
      if (place + sizeof(Elf64_Rela) > ko.size())
        throw base::Error(base::Code::not_a_module, "a module is truncated", "build or copy the module again");
      Elf64_Rela relocation;
      std::memcpy(&relocation, ko.data() + place, sizeof relocation);
      if (ELF64_R_SYM(relocation.r_info) == init) places.push_back(place);
    }
  }
  for (const std::size_t place : places) {
    Elf64_Rela relocation;
    std::memcpy(&relocation, ko.data() + place, sizeof relocation);
    relocation.r_info = ELF64_R_INFO(ELF64_R_SYM(relocation.r_info), R_X86_64_NONE);
    std::memcpy(ko.data() + place, &relocation, sizeof relocation);
  }
  return ko;
}

std::optional<std::uint64_t> address_in_kallsyms(std::string_view kallsyms, std::string_view wanted) {
  for (const KernelSymbol &symbol : kernel_symbols(kallsyms))
    if (symbol.name == wanted) return symbol.address;
  return std::nullopt;
}

std::string symbols_from_kallsyms(std::string_view kallsyms) {
  std::vector<KernelSymbol> symbols = kernel_symbols(kallsyms);
  if (symbols.empty())
    throw base::Error(base::Code::addresses_hidden, "/proc/kallsyms of the guest has no addresses",
                      "use a kernel with CONFIG_KALLSYMS");
  std::stable_sort(symbols.begin(), symbols.end(), [](const auto &a, const auto &b) { return a.address < b.address; });
  const std::uint64_t first = symbols.front().address, last = symbols.back().address + 1;

  // One section without content that covers everything and is marked as code: debuggers look for functions only in
  // code.
  std::string names(1, '\0'), table;
  append_record(table, Elf64_Sym{});
  for (const KernelSymbol &symbol : symbols) {
    Elf64_Sym entry{};
    entry.st_name = static_cast<Elf64_Word>(names.size());
    names.append(symbol.name).append(1, '\0');
    const bool code = symbol.type == 't' || symbol.type == 'T' || symbol.type == 'w' || symbol.type == 'W';
    entry.st_info = ELF64_ST_INFO(STB_GLOBAL, code ? STT_FUNC : STT_OBJECT);
    entry.st_shndx = 1;
    entry.st_value = symbol.address;
    append_record(table, entry);
  }
  const std::string section_names("\0.text\0.symtab\0.strtab\0.shstrtab\0", 33);
  Elf64_Ehdr header = elf_header(ET_EXEC, 5);
  const std::uint64_t table_at = sizeof header, names_at = table_at + table.size();
  const std::uint64_t section_names_at = names_at + names.size();
  const std::uint64_t end = section_names_at + section_names.size();
  header.e_shoff = (end + 7) / 8 * 8;

  const auto section = [](Elf64_Word name, Elf64_Word type, Elf64_Xword flags, Elf64_Addr address, Elf64_Off offset,
                          Elf64_Xword size) {
    Elf64_Shdr made{};
    made.sh_name = name;
    made.sh_type = type;
    made.sh_flags = flags;
    made.sh_addr = address;
    made.sh_offset = offset;
    made.sh_size = size;
    made.sh_addralign = 1;
    return made;
  };
  Elf64_Shdr symtab = section(7, SHT_SYMTAB, 0, 0, table_at, table.size());
  symtab.sh_link = 3;
  symtab.sh_info = 1;  // the first symbol that is not local
  symtab.sh_entsize = sizeof(Elf64_Sym);
  std::string bytes;
  append_record(bytes, header);
  bytes += table + names + section_names;
  bytes.resize(header.e_shoff);
  append_record(bytes, Elf64_Shdr{});
  append_record(bytes, section(1, SHT_NOBITS, SHF_ALLOC | SHF_EXECINSTR, first, sizeof header, last - first));
  append_record(bytes, symtab);
  append_record(bytes, section(15, SHT_STRTAB, 0, 0, names_at, names.size()));
  append_record(bytes, section(23, SHT_STRTAB, 0, 0, section_names_at, section_names.size()));
  return bytes;
}

std::optional<fs::path> debug_vmlinux(const Kernel &kernel) {
  std::vector<fs::path> roots = {"/"};
  if (!kernel.image.empty()) roots.push_back(kernel.image.parent_path().parent_path());
  for (const fs::path &root : roots) {
    for (const std::string &place : {fmt::format("usr/lib/debug/boot/vmlinux-{}", kernel.release),
                                     fmt::format("usr/lib/debug/lib/modules/{}/vmlinux", kernel.release)}) {
      std::error_code error;
      if (fs::exists(root / place, error)) return root / place;
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> address_in_elf(const fs::path &file, const std::string &symbol) {
  elf_version(EV_CURRENT);
  const base::Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor) return std::nullopt;
  const ElfHandle elf(elf_begin(descriptor.get(), ELF_C_READ, nullptr), elf_end);
  if (elf == nullptr) return std::nullopt;
  const auto found = find_symbol(elf.get(), symbol);
  return found ? std::optional<std::uint64_t>(found->st_value) : std::nullopt;
}

}  // namespace kmodtest::kernel
