// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>
#include <cstring>
#include <elf.h>
#include <fmt/format.h>
#include <gelf.h>
#include <libelf.h>
#include <memory>
#include <set>
#include <string_view>

#include "kernel/kernel.hpp"
#include "kernel/modules/module.hpp"
#include "kernel/symbols/section_layout.hpp"
#include "storage/files.hpp"
#include "text/module_name.hpp"

namespace kmodtest::kernel {
namespace {

constexpr std::string_view kSignatureMarker = "~Module signature appended~\n";
constexpr std::size_t kVersionEntryBytes = 64;  // struct modversion_info: unsigned long crc, char name[56]

std::string machine_name(unsigned machine) {
  switch (machine) {
    case EM_386:
      return "32-bit x86";
    case EM_AARCH64:
      return "arm64";
    case EM_ARM:
      return "arm";
    case EM_RISCV:
      return "riscv";
    case EM_PPC64:
      return "powerpc64";
    case EM_S390:
      return "s390";
    case EM_MIPS:
      return "mips";
    default:
      return fmt::format("machine {}", machine);
  }
}

std::string type_name(unsigned type) {
  switch (type) {
    case ET_EXEC:
      return "a program";
    case ET_DYN:
      return "a program or shared library";
    case ET_CORE:
      return "a core dump";
    default:
      return fmt::format("an ELF file of type {}", type);
  }
}

/// Returns whether a section of a module can hold texts of its source. Others hold numbers, which can look like a text
/// by chance: the build ID, the checksums of symbols.
bool can_hold_texts(std::string_view section) {
  constexpr std::array<std::string_view, 6> kData{".rodata",    ".data",      ".init.rodata",
                                                  ".init.data", ".exit.data", ".modinfo"};
  return std::any_of(kData.begin(), kData.end(), [section](auto data) { return section.starts_with(data); });
}

/// Reads one module section by section.
class ModuleReader {
 public:
  ModuleReader(const std::filesystem::path &file, std::string bytes) : bytes_(std::move(bytes)) { info_.file = file; }

  ModuleInfo read() {
    check_header();
    elf_version(EV_CURRENT);
    const std::unique_ptr<Elf, decltype(&elf_end)> elf(elf_memory(bytes_.data(), bytes_.size()), elf_end);
    if (elf == nullptr) fail("cannot be read as ELF", rebuild());
    std::size_t names = 0;
    if (elf_getshdrstrndx(elf.get(), &names) != 0) truncated();
    bool has_modinfo = false;
    for (Elf_Scn *section = nullptr; (section = elf_nextscn(elf.get(), section)) != nullptr;) {
      GElf_Shdr header;
      if (gelf_getshdr(section, &header) == nullptr) truncated();
      const char *raw_name = elf_strptr(elf.get(), names, header.sh_name);
      const std::string name = raw_name != nullptr ? raw_name : "";
      if (header.sh_type == SHT_SYMTAB) read_symbols(elf.get(), section, header);
      const auto content = bytes_of(header);
      if (name == ".modinfo") {
        has_modinfo = true;
        read_modinfo(content);
      }
      if (can_hold_texts(name)) read_texts(content);
      if (name == "__versions") read_versions(content);
      if (name == "__version_ext_crcs") extended_crcs_ = content;
      if (name == "__version_ext_names") extended_names_ = content;
    }
    for (const CoreSection &section : layout(elf.get(), ModuleSymbols::Part::kept))
      info_.section_sizes.emplace(section.name, section.size);
    read_extended_versions();
    collect_parameters();
    if (!has_modinfo) fail("is not a kernel module: it has no .modinfo", "give the .ko file, not one of the .o files");
    info_.has_signature = std::string_view(bytes_).ends_with(kSignatureMarker);
    info_.name = text::lsmod_name(info_.field("name").value_or(file_stem()));
    return std::move(info_);
  }

 private:
  [[noreturn]] void fail(const std::string &what, const std::string &hint) const {
    throw base::UsageError(base::Code::not_a_module, fmt::format("{} {}", info_.file.string(), what), hint);
  }
  [[noreturn]] void truncated() const { fail("is truncated: its sections do not lie within the file", rebuild()); }
  static std::string rebuild() { return "build or copy the module again"; }

  std::string file_stem() const {
    const auto name = info_.file.filename().string();
    return name.substr(0, name.find(".ko"));
  }

  void check_header() const {
    if (bytes_.empty()) fail("is empty", rebuild());
    if (bytes_.size() < SELFMAG || std::memcmp(bytes_.data(), ELFMAG, SELFMAG) != 0) {
      fail("is not a kernel module: it is not an ELF file", "give the .ko file that Kbuild made");
    }
    if (bytes_.size() < sizeof(Elf32_Ehdr)) truncated();
    // ELF files of both classes have type and machine at the same place.
    Elf32_Ehdr common;
    std::memcpy(&common, bytes_.data(), sizeof common);
    const unsigned type = common.e_type;
    const unsigned machine = common.e_machine;
    if (bytes_[EI_DATA] != ELFDATA2LSB) {
      fail("is a module for another architecture (big-endian), not for x86-64", "build it for x86-64");
    }
    if (machine != EM_X86_64 || bytes_[EI_CLASS] != ELFCLASS64) {
      fail(fmt::format("is a module for another architecture ({}), not for x86-64", machine_name(machine)),
           "build it for x86-64");
    }
    if (type != ET_REL) {
      fail(fmt::format("is not a kernel module: it is {}, not a relocatable object", type_name(type)),
           "give the .ko file that Kbuild made");
    }
    if (bytes_.size() < sizeof(Elf64_Ehdr)) truncated();
    Elf64_Ehdr header;
    std::memcpy(&header, bytes_.data(), sizeof header);
    const std::uint64_t size = bytes_.size();
    if (header.e_shoff == 0 || header.e_shoff > size || header.e_shentsize != sizeof(Elf64_Shdr) ||
        header.e_shnum * std::uint64_t{sizeof(Elf64_Shdr)} > size - header.e_shoff) {
      truncated();
    }
  }

  std::string_view bytes_of(const GElf_Shdr &header) const {
    if (header.sh_type == SHT_NOBITS || header.sh_type == SHT_NULL) return {};
    if (header.sh_offset > bytes_.size() || header.sh_size > bytes_.size() - header.sh_offset) truncated();
    return std::string_view(bytes_).substr(header.sh_offset, header.sh_size);
  }

  void read_modinfo(std::string_view content) {
    while (!content.empty()) {
      const auto text = content.substr(0, content.find('\0'));
      content.remove_prefix(std::min(content.size(), text.size() + 1));
      const auto equals = text.find('=');
      if (equals == std::string_view::npos) continue;
      info_.fields.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }

  void read_texts(std::string_view content) {
    const auto is_blank = [](char c) { return c == '\t' || c == '\n' || c == '\r'; };
    const auto is_text = [&](char c) { return (c >= ' ' && c <= '~') || is_blank(c); };
    while (!content.empty()) {
      // A structure can lie directly before a text.
      const auto end = std::min(content.find('\0'), content.size());
      std::size_t begin = end;
      while (begin > 0 && is_text(content[begin - 1])) --begin;
      if (begin < end) info_.texts.emplace_back(content.substr(begin, end - begin));
      content.remove_prefix(std::min(content.size(), end + 1));
    }
  }

  void read_versions(std::string_view content) {
    info_.has_versions = true;
    for (; content.size() >= kVersionEntryBytes; content.remove_prefix(kVersionEntryBytes)) {
      std::uint64_t crc = 0;
      std::memcpy(&crc, content.data(), sizeof crc);
      const auto text = content.substr(sizeof crc, kVersionEntryBytes - sizeof crc);
      info_.symbol_versions[std::string(text.substr(0, text.find('\0')))] = static_cast<std::uint32_t>(crc);
    }
  }

  /// Reads the format since 6.14 for names of any length: an array of CRCs and a list of names
  /// (CONFIG_EXTENDED_MODVERSIONS).
  void read_extended_versions() {
    if (!extended_crcs_.empty()) info_.has_versions = true;
    auto names = extended_names_;
    for (auto crcs = extended_crcs_; crcs.size() >= sizeof(std::uint32_t) && !names.empty();
         crcs.remove_prefix(sizeof(std::uint32_t))) {
      std::uint32_t crc = 0;
      std::memcpy(&crc, crcs.data(), sizeof crc);
      const auto text = names.substr(0, names.find('\0'));
      info_.symbol_versions[std::string(text)] = crc;
      names.remove_prefix(std::min(names.size(), text.size() + 1));
    }
  }

  void read_symbols(Elf *elf, Elf_Scn *section, const GElf_Shdr &header) {
    bytes_of(header);  // throws unless it is within the file
    Elf_Data *data = elf_getdata(section, nullptr);
    if (data == nullptr || header.sh_entsize == 0) truncated();
    std::set<std::string> undefined;
    std::set<std::string> exported;
    std::vector<std::pair<GElf_Sym, std::string>> functions;
    // The first symbol is the null symbol (elf(5)).
    for (std::size_t i = 1; i < header.sh_size / header.sh_entsize; ++i) {
      GElf_Sym symbol;
      if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) truncated();
      const char *raw_name = elf_strptr(elf, header.sh_link, symbol.st_name);
      const std::string_view name = raw_name != nullptr ? raw_name : "";
      // The kernel allows a weak symbol to stay undefined (simplify_symbols() in kernel/module).
      if (symbol.st_shndx == SHN_UNDEF && GELF_ST_BIND(symbol.st_info) == STB_GLOBAL && !name.empty()) {
        undefined.emplace(name);
      }
      constexpr std::string_view kExportPrefix = "__ksymtab_";
      if (symbol.st_shndx != SHN_UNDEF && name.starts_with(kExportPrefix) && !name.ends_with("_strings")) {
        exported.emplace(name.substr(kExportPrefix.size()));
      }
      constexpr std::string_view kParameter = "__param_str_";
      if (name.starts_with(kParameter)) parameters_.emplace(name.substr(kParameter.size()));
      if (GELF_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_shndx != SHN_UNDEF)
        functions.emplace_back(symbol, name);
    }
    info_.init_function = other_name_of("init_module", functions);
    info_.exit_function = other_name_of("cleanup_module", functions);
    info_.undefined_symbols.assign(undefined.begin(), undefined.end());
    info_.exported_symbols.assign(exported.begin(), exported.end());
  }

  /// Returns the function's own name: module_init() and module_exit() make aliases of it (include/linux/module.h).
  static std::string other_name_of(std::string_view alias,
                                   const std::vector<std::pair<GElf_Sym, std::string>> &functions) {
    for (const auto &[known, known_name] : functions) {
      if (known_name != alias) continue;
      for (const auto &[symbol, name] : functions) {
        if (name != alias && symbol.st_shndx == known.st_shndx && symbol.st_value == known.st_value) return name;
      }
      return std::string(alias);
    }
    return {};
  }

  /// Reads both traces of parameters: module_param() leaves a parmtype, module_param_cb() only symbols, a stripped
  /// module only parmtypes.
  void collect_parameters() {
    for (const char *key : {"parm", "parmtype"}) {
      const auto [begin, end] = info_.fields.equal_range(key);
      for (auto field = begin; field != end; ++field)
        parameters_.insert(field->second.substr(0, field->second.find(':')));
    }
    info_.parameters.assign(parameters_.begin(), parameters_.end());
  }

  std::string bytes_;
  ModuleInfo info_;
  std::set<std::string> parameters_;
  std::string_view extended_crcs_;
  std::string_view extended_names_;
};

}  // namespace

std::optional<std::string> ModuleInfo::field(const std::string &key) const {
  // A multimap keeps equal keys in insertion order.
  const auto found = fields.lower_bound(key);
  return found == fields.end() || found->first != key ? std::nullopt : std::optional(found->second);
}

ModuleInfo read_module_info(const std::filesystem::path &ko) {
  std::error_code error;
  if (!std::filesystem::exists(ko, error)) {
    throw base::UsageError(base::Code::no_such_module, fmt::format("there is no module {}", ko.string()),
                           "correct the path, or build the module first");
  }
  return ModuleReader(ko, read_module(ko)).read();
}

}  // namespace kmodtest::kernel
