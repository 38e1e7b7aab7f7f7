// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/code/line_table.hpp"

#include <algorithm>
#include <dwarf.h>
#include <unordered_map>
#include <utility>

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepestScope = 64;  // scopes in scopes; a file that is damaged can have any number

std::string text_of(const char *text) {
  return text == nullptr ? std::string() : std::string(text);
}

fs::path absolute_path(const char *name, const std::string &folder) {
  const fs::path path = text_of(name);
  return (path.is_absolute() ? path : fs::path(folder) / path).lexically_normal();
}

/// Returns the part of a path up to and with the last folder of this name; empty if there is none.
fs::path up_to(const fs::path &path, const std::string &name) {
  fs::path found, so_far;
  for (const fs::path &part : path) {
    so_far /= part;
    if (part == name) found = so_far;
  }
  return found;
}

fs::path common_folder(const fs::path &left, const fs::path &right) {
  fs::path common;
  auto one = left.begin();
  auto other = right.begin();
  for (; one != left.end() && other != right.end() && *one == *other; ++one, ++other) common /= *one;
  return common;
}

/// One compilation unit.
struct Unit {
  Dwarf_Die *die = nullptr;
  Dwarf_Addr bias = 0;
  std::string folder;  ///< in which the compiler ran
};

std::vector<Unit> units_of(const DebugInfo &debug) {
  std::vector<Unit> units;
  Dwarf_Addr bias = 0;
  for (Dwarf_Die *die = dwfl_module_nextcu(debug.module(), nullptr, &bias); die != nullptr;
       die = dwfl_module_nextcu(debug.module(), die, &bias)) {
    Dwarf_Attribute attribute;
    const char *folder = dwarf_formstring(dwarf_attr(die, DW_AT_comp_dir, &attribute));
    units.push_back({die, bias, text_of(folder)});
  }
  return units;
}

bool is_of_modpost(const fs::path &file) {
  return file.string().ends_with(".mod.c");
}

/// Returns the folder of the module's own files, as the compiler saw it.
fs::path root_of(const std::vector<Unit> &units, const std::string &built_in) {
  fs::path common;
  for (const Unit &unit : units) {
    const fs::path file = absolute_path(dwarf_diename(unit.die), unit.folder);
    if (is_of_modpost(file)) continue;
    if (!built_in.empty()) {
      if (fs::path root = up_to(file, built_in); !root.empty()) return root;
      continue;
    }
    common = common.empty() ? file.parent_path() : common_folder(common, file.parent_path());
  }
  return common;
}

/// The place of a call of a function that was inlined.
struct Inlined {
  std::uint64_t begin = 0, end = 0;
  int depth = 0;
  std::optional<std::uint32_t> file;
  std::uint32_t line = 0;
};

class TableReader {
 public:
  TableReader(const DebugInfo &debug, const std::string &built_in) : units_(units_of(debug)) {
    table_.root = root_of(units_, built_in);
  }

  LineTable read() {
    if (table_.root.empty()) return {};
    for (const Unit &unit : units_) {
      inlined_.clear();
      read_scopes(unit);
      read_rows(unit);
    }
    return std::move(table_);
  }

 private:
  /// Returns the number of an own file; nothing for any other one.
  std::optional<std::uint32_t> own(const char *name, const std::string &folder) {
    if (name == nullptr) return std::nullopt;
    const auto [known, fresh] = numbers_.try_emplace(folder + '\n' + name);
    if (!fresh) return known->second;
    const fs::path relative = absolute_path(name, folder).lexically_relative(table_.root);
    if (relative.empty() || *relative.begin() == ".." || is_of_modpost(relative)) return std::nullopt;
    const auto place = std::find(table_.files.begin(), table_.files.end(), relative);
    known->second = static_cast<std::uint32_t>(place - table_.files.begin());
    if (place == table_.files.end()) table_.files.push_back(relative);
    return known->second;
  }

  void read_scopes(const Unit &unit) {
    Dwarf_Files *files = nullptr;
    if (dwarf_getsrcfiles(unit.die, &files, nullptr) != 0) files = nullptr;
    Dwarf_Die child;
    if (dwarf_child(unit.die, &child) != 0) return;
    do {
      if (dwarf_tag(&child) != DW_TAG_subprogram) continue;
      add_function(unit, child);
      read_inlined(unit, child, files, 0);
    } while (dwarf_siblingof(&child, &child) == 0);
    std::sort(inlined_.begin(), inlined_.end(),
              [](const Inlined &left, const Inlined &right) { return left.depth > right.depth; });
  }

  void add_function(const Unit &unit, Dwarf_Die &die) {
    Dwarf_Addr entry = 0;
    if (dwarf_entrypc(&die, &entry) != 0) {
      // A function whose unlikely part is elsewhere; its first range is the one that it begins with.
      Dwarf_Addr base = 0, end = 0;
      if (dwarf_ranges(&die, 0, &base, &entry, &end) <= 0) return;
    }
    int line = 0;
    const auto file = own(dwarf_decl_file(&die), unit.folder);
    const char *name = dwarf_diename(&die);
    if (!file || name == nullptr || dwarf_decl_line(&die, &line) != 0) return;
    table_.functions.push_back(
        {.name = name, .entry = entry + unit.bias, .file = *file, .line = static_cast<std::uint32_t>(line)});
  }

  void read_inlined(const Unit &unit, Dwarf_Die &scope, Dwarf_Files *files, int depth) {
    Dwarf_Die child;
    if (depth > kDeepestScope || dwarf_child(&scope, &child) != 0) return;
    do {
      const int tag = dwarf_tag(&child);
      if (tag == DW_TAG_inlined_subroutine) add_inlined(unit, child, files, depth);
      if (tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block) read_inlined(unit, child, files, depth + 1);
    } while (dwarf_siblingof(&child, &child) == 0);
  }

  void add_inlined(const Unit &unit, Dwarf_Die &die, Dwarf_Files *files, int depth) {
    Dwarf_Attribute attribute;
    Dwarf_Word file = 0, line = 0;
    if (files == nullptr || dwarf_formudata(dwarf_attr(&die, DW_AT_call_file, &attribute), &file) != 0 ||
        dwarf_formudata(dwarf_attr(&die, DW_AT_call_line, &attribute), &line) != 0) {
      return;
    }
    Inlined found{.depth = depth,
                  .file = own(dwarf_filesrc(files, file, nullptr, nullptr), unit.folder),
                  .line = static_cast<std::uint32_t>(line)};
    if (!found.file) return;
    Dwarf_Addr base = 0, begin = 0, end = 0;
    for (std::ptrdiff_t at = dwarf_ranges(&die, 0, &base, &begin, &end); at > 0;
         at = dwarf_ranges(&die, at, &base, &begin, &end)) {
      found.begin = begin + unit.bias;
      found.end = end + unit.bias;
      inlined_.push_back(found);
    }
  }

  void read_rows(const Unit &unit) {
    std::size_t count = 0;
    if (dwfl_getsrclines(unit.die, &count) != 0) return;
    Dwarf_Addr address = 0;
    int number = 0;
    for (std::size_t i = 0; i + 1 < count; ++i) {
      Dwfl_Line *line = dwfl_onesrcline(unit.die, i);
      const char *name = line == nullptr ? nullptr : dwfl_lineinfo(line, &address, &number, nullptr, nullptr, nullptr);
      Dwfl_Line *next = dwfl_onesrcline(unit.die, i + 1);
      Dwarf_Addr end = 0;
      if (name == nullptr || ends_sequence(line) || next == nullptr ||
          dwfl_lineinfo(next, &end, nullptr, nullptr, nullptr, nullptr) == nullptr || end <= address) {
        continue;
      }
      add_row(address, end, own(name, unit.folder), static_cast<std::uint32_t>(std::max(number, 0)));
    }
  }

  static bool ends_sequence(Dwfl_Line *line) {
    Dwarf_Addr bias = 0;
    bool ends = false;
    Dwarf_Line *raw = dwfl_dwarf_line(line, &bias);
    return raw == nullptr || dwarf_lineendsequence(raw, &ends) != 0 || ends;
  }

  /// Adds the instructions of a row, for the innermost line of an own file.
  void add_row(std::uint64_t begin, std::uint64_t end, std::optional<std::uint32_t> file, std::uint32_t line) {
    if (file) {
      if (line != 0) table_.rows.push_back({begin, end, *file, line, true});
      return;
    }
    const auto around = std::find_if(inlined_.begin(), inlined_.end(),
                                     [begin](const Inlined &one) { return one.begin <= begin && begin < one.end; });
    if (around != inlined_.end() && around->line != 0)
      table_.rows.push_back({begin, end, *around->file, around->line, false});
  }

  std::vector<Unit> units_;
  LineTable table_;
  std::vector<Inlined> inlined_;  ///< of the present unit, the innermost first
  std::unordered_map<std::string, std::optional<std::uint32_t>> numbers_;
};

}  // namespace

LineTable read_line_table(const DebugInfo &debug, const std::string &built_in) {
  if (!debug.has_lines()) return {};
  return TableReader(debug, built_in).read();
}

}  // namespace kmodtest::kernel
