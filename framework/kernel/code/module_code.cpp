// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/code/module_code.hpp"

#include <algorithm>
#include <gelf.h>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "kernel/code/instruction.hpp"
#include "kernel/code/line_table.hpp"
#include "kernel/kernel.hpp"
#include "kernel/symbols/debug_info.hpp"
#include "kernel/symbols/section_layout.hpp"
#include "wire/coverage_memory.hpp"

namespace kmodtest::kernel {
namespace {

using Part = ModuleSymbols::Part;

constexpr std::size_t kLongestWayToCheck = 6;  // instructions

/// A section with code, and where the kernel puts it.
struct CodeSection {
  ModuleCode::Place start;
  std::span<const unsigned char> bytes;
};
/// What a relocation refers to.
struct Target {
  std::string undefined = {};  ///< the name of a function of the kernel; empty: a place in the module
  std::size_t section = 0;
  std::uint64_t offset = 0;
};
using At = std::pair<std::size_t, std::uint64_t>;  ///< a section and an offset in it

/// Returns whether the compiler calls this function on its own, to check something.
bool is_check(const std::string &function) {
  return function == "__stack_chk_fail" || function.starts_with("__ubsan_handle") ||
         function.starts_with("__asan_report") || function == "fortify_panic" || function == "__fortify_panic";
}

class CodeReader {
 public:
  CodeReader(const std::filesystem::path &ko, const std::string &built_in)
      : debug_(ko),
        built_in_(built_in),
        content_(read_module(ko)),
        elf_(elf_memory(content_.data(), content_.size())) {}

  ModuleCode read() {
    code_.has_lines = debug_.has_lines();
    if (!elf_) return std::move(code_);
    for (const Part part : {Part::kept, Part::init}) read_sections(part);
    LineTable table = read_line_table(debug_, built_in_);
    code_.root = std::move(table.root);
    code_.files = std::move(table.files);
    add_pieces(table);
    add_functions(table);
    read_tables();
    return std::move(code_);
  }

 private:
  ModuleCode::PartCode &part_of(Part part) { return part == Part::kept ? code_.kept : code_.init; }

  void read_sections(Part part) {
    for (const CoreSection &one : layout(elf_.get(), part)) {
      Elf_Scn *section = elf_getscn(elf_.get(), one.index);
      GElf_Shdr header;
      const Elf_Data *data = elf_rawdata(section, nullptr);
      if (gelf_getshdr(section, &header) == nullptr || (header.sh_flags & SHF_EXECINSTR) == 0 || data == nullptr ||
          data->d_buf == nullptr || one.name == ".altinstr_replacement") {
        continue;
      }
      sections_[one.index] = {{part, one.start}, {static_cast<const unsigned char *>(data->d_buf), data->d_size}};
      part_of(part).size = std::max(part_of(part).size, one.start + one.size);
    }
  }

  /// Returns the place of an address of libdwfl's.
  std::optional<ModuleCode::Place> place_of(Dwarf_Addr address) const {
    const int relocation = dwfl_module_relocate_address(debug_.module(), &address);
    GElf_Word index = SHN_UNDEF;
    if (relocation < 0 ||
        dwfl_module_relocation_info(debug_.module(), static_cast<unsigned>(relocation), &index) == nullptr)
      return std::nullopt;
    const auto section = sections_.find(index);
    if (section == sections_.end() || address >= section->second.bytes.size()) return std::nullopt;
    return ModuleCode::Place{section->second.start.part, section->second.start.offset + address};
  }

  void add_pieces(const LineTable &table) {
    for (const LineTable::Row &row : table.rows) {
      const auto begin = place_of(row.begin);
      if (begin) code_.pieces.push_back({*begin, row.end - row.begin, row.file, row.line, row.direct});
    }
    std::sort(code_.pieces.begin(), code_.pieces.end(),
              [](const auto &left, const auto &right) { return left.begin < right.begin; });
  }

  void add_functions(const LineTable &table) {
    for (const LineTable::Function &function : table.functions) {
      const auto entry = place_of(function.entry);
      if (entry) code_.functions.push_back({function.name, *entry, function.file, function.line});
    }
    std::sort(code_.functions.begin(), code_.functions.end(),
              [](const auto &left, const auto &right) { return left.entry < right.entry; });
  }

  /// Reads relocations first: they tell where jumps and calls go.
  void read_tables() {
    Elf *elf = elf_.get();
    for (const GElf_Word type : {GElf_Word{SHT_RELA}, GElf_Word{SHT_SYMTAB}}) {
      for (Elf_Scn *section = elf_nextscn(elf, nullptr); section != nullptr; section = elf_nextscn(elf, section)) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == nullptr || header.sh_type != type) continue;
        type == SHT_RELA ? read_relocations(section, header) : read_symbols(section, header);
      }
    }
    std::sort(code_.jumps.begin(), code_.jumps.end(),
              [](const auto &left, const auto &right) { return left.place < right.place; });
    for (const Part part : {Part::kept, Part::init}) {
      std::sort(part_of(part).entries.begin(), part_of(part).entries.end());
      std::sort(part_of(part).instructions.begin(), part_of(part).instructions.end());
    }
  }

  void read_relocations(Elf_Scn *section, const GElf_Shdr &header) {
    GElf_Shdr of_symbols;
    Elf_Scn *symbols = elf_getscn(elf_.get(), header.sh_link);
    if (!sections_.contains(header.sh_info) || gelf_getshdr(symbols, &of_symbols) == nullptr) return;
    Elf_Data *data = elf_getdata(section, nullptr), *symbol_data = elf_getdata(symbols, nullptr);
    if (data == nullptr || symbol_data == nullptr || header.sh_entsize == 0) return;
    for (std::size_t i = 0; i < data->d_size / header.sh_entsize; ++i) {
      GElf_Rela relocation;
      GElf_Sym symbol;
      if (gelf_getrela(data, static_cast<int>(i), &relocation) == nullptr ||
          gelf_getsym(symbol_data, static_cast<int>(GELF_R_SYM(relocation.r_info)), &symbol) == nullptr) {
        continue;
      }
      Target target{.section = symbol.st_shndx,
                    .offset = symbol.st_value + static_cast<std::uint64_t>(relocation.r_addend) + 4};
      if (symbol.st_shndx == SHN_UNDEF) {
        const char *name = elf_strptr(elf_.get(), of_symbols.sh_link, symbol.st_name);
        target.undefined = name == nullptr ? "?" : name;
      }
      targets_[{header.sh_info, relocation.r_offset}] = std::move(target);
    }
  }

  void read_symbols(Elf_Scn *section, const GElf_Shdr &header) {
    Elf_Data *data = elf_getdata(section, nullptr);
    if (data == nullptr || header.sh_entsize == 0) return;
    for (std::size_t i = 0; i < data->d_size / header.sh_entsize; ++i) {
      GElf_Sym symbol;
      if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) continue;
      const auto found = sections_.find(symbol.st_shndx);
      if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC || found == sections_.end()) continue;
      if (!read_.insert({symbol.st_shndx, symbol.st_value}).second) continue;
      const ModuleCode::Place &start = found->second.start;
      part_of(start.part).entries.push_back(start.offset + symbol.st_value);
      read_instructions(symbol.st_shndx, symbol.st_value, symbol.st_size);
    }
  }

  std::span<const unsigned char> code_at(std::size_t section, std::uint64_t offset) const {
    const auto found = sections_.find(section);
    if (found == sections_.end() || offset >= found->second.bytes.size()) return {};
    return found->second.bytes.subspan(offset);
  }

  void read_instructions(std::size_t section, std::uint64_t offset, std::uint64_t size) {
    const ModuleCode::Place start = sections_.at(section).start;
    for (const std::uint64_t end = offset + size; offset < end;) {
      const auto code = code_at(section, offset);
      const std::size_t length = instruction_length(code);
      if (length == 0) return;
      part_of(start.part).instructions.push_back(start.offset + offset);
      if (const auto jump = wire::conditional_jump(code.first(length))) add_jump(section, offset, *jump);
      offset += length;
    }
  }

  void add_jump(std::size_t section, std::uint64_t offset, const wire::ConditionalJump &jump) {
    const std::uint64_t next = offset + jump.length;
    const auto relocated = targets_.find({section, next - 4});
    const bool far = jump.length > 4 && relocated != targets_.end();
    if (far && !relocated->second.undefined.empty()) return;  // QEMU is not asked about the kernel's own code
    const Target target =
        far ? relocated->second
            : Target{.section = section, .offset = next + static_cast<std::uint64_t>(std::int64_t{jump.distance})};
    if (leads_to_check(target.section, target.offset) || leads_to_check(section, next)) return;
    const CodeSection &home = sections_.at(section);
    const ModuleCode::Place place{home.start.part, home.start.offset + offset};
    const ModuleCode::Piece *piece = code_.piece_at(place);
    if (piece != nullptr && piece->direct) code_.jumps.push_back({place, piece->file, piece->line});
  }

  /// Returns whether the code goes straight to a call of one of the compiler's checks.
  bool leads_to_check(std::size_t section, std::uint64_t offset) const {
    for (std::size_t i = 0; i < kLongestWayToCheck; ++i) {
      const auto code = code_at(section, offset);
      const std::size_t length = instruction_length(code);
      if (length == 0 || wire::conditional_jump(code.first(length))) return false;
      const bool calls = code[0] == 0xe8, ends = code[0] == 0xe9 || code[0] == 0xeb || code[0] == 0xc3;
      if (calls) {
        const auto called = targets_.find({section, offset + 1});
        return called != targets_.end() && is_check(called->second.undefined);
      }
      if (ends) return false;
      offset += length;
    }
    return false;
  }

  struct End {
    void operator()(Elf *elf) const { elf_end(elf); }
  };

  DebugInfo debug_;
  const std::string &built_in_;
  std::string content_;  ///< libdwfl changes its own copy: it applies relocations
  std::unique_ptr<Elf, End> elf_;
  ModuleCode code_;
  std::map<std::size_t, CodeSection> sections_;
  std::map<At, Target> targets_;  ///< by the place that is relocated
  std::set<At> read_;             ///< functions; one can have two names
};

}  // namespace

const ModuleCode::Piece *ModuleCode::piece_at(const Place &place) const {
  auto after = std::upper_bound(pieces.begin(), pieces.end(), place,
                                [](const Place &left, const Piece &right) { return left < right.begin; });
  if (after == pieces.begin()) return nullptr;
  --after;
  const bool inside = after->begin.part == place.part && place.offset - after->begin.offset < after->size;
  return inside ? &*after : nullptr;
}

ModuleCode read_module_code(const std::filesystem::path &ko, const std::string &built_in) {
  return CodeReader(ko, built_in).read();
}

}  // namespace kmodtest::kernel
