// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/symbols/symbols.hpp"

#include <algorithm>
#include <cstdlib>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <fmt/format.h>
#include <gelf.h>
#include <iterator>
#include <libelf.h>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "kernel/symbols/debug_info.hpp"
#include "kernel/symbols/inlined_calls.hpp"
#include "kernel/symbols/section_layout.hpp"
#include "kernel/symbols/variable_members.hpp"
#include "kernel/symbols/volatile_names.hpp"
#include "storage/files.hpp"
#include "text/lines.hpp"
#include "text/replace.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargestSource = 8u << 20;
constexpr std::string_view kInclude = "/include/";  ///< in the path of a header of the kernel

struct Source {
  std::vector<std::string> lines;
  bool beside_module = false;  ///< found by its name next to the .ko
};

struct Free {
  void operator()(void *memory) const { std::free(memory); }
};
using Scopes = std::unique_ptr<Dwarf_Die, Free>;

/// A symbol of a function or a variable. `value` counts from the start of its section, `address` is where libdwfl has
/// put it.
struct Function {
  std::string name;
  std::size_t section = 0;
  std::uint64_t value = 0, size = 0, address = 0;
};

std::string name_of(Dwarf_Die &die) {
  Dwarf_Attribute attribute;
  const char *name = dwarf_formstring(dwarf_attr_integrate(&die, DW_AT_name, &attribute));
  return name == nullptr ? std::string() : name;
}

bool is_below(const fs::path &file, const fs::path &folder) {
  const auto end = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first;
  return end == folder.end() || end->empty();
}

}  // namespace

class ModuleSymbols::Impl {
 public:
  Impl(const fs::path &ko, const std::vector<fs::path> &folders) : ko_(ko), debug_(ko) {
    std::error_code error;
    for (const fs::path &folder : folders) {
      fs::path real = fs::weakly_canonical(folder, error);
      if (!error && !real.empty()) folders_.push_back(std::move(real));
    }
    if (debug_.elf() != nullptr) {
      sections_ = layout(debug_.elf(), Part::kept);
      init_sections_ = layout(debug_.elf(), Part::init);
    }
    read_functions();
  }

  bool has_lines() const { return debug_.has_lines(); }

  std::vector<SourceLine> lines_at(const CodePlace &place, Address address) {
    const Function *function = find(place);
    if (function == nullptr || !has_lines()) return {};
    // A call that does not return can be the last instruction: it then returns to an address in the next function.
    const std::uint64_t back = address == Address::returns_to && place.offset > 0 ? 1 : 0;
    return lines_of(function->address + place.offset - back, function->name);
  }

  std::string statement_at(const CodePlace &place) {
    const Function *function = find(place);
    Dwfl_Line *line = function == nullptr || !has_lines()
                          ? nullptr
                          : dwfl_module_getsrc(debug_.module(), function->address + place.offset);
    int number = 0;
    const char *file = line == nullptr ? nullptr : dwfl_lineinfo(line, nullptr, &number, nullptr, nullptr, nullptr);
    if (file == nullptr || number <= 0) return {};
    return kernel::statement_at(source(fs::path(file).lexically_normal()).lines, static_cast<std::size_t>(number));
  }

  std::vector<InlinedCall> inlined_calls(const CodePlace &place) {
    const Function *function = find(place);
    if (function == nullptr || !has_lines()) return {};
    const std::uint64_t address = function->address + place.offset;
    Dwarf_Addr bias = 0;
    Dwarf_Die *unit = dwfl_module_addrdie(debug_.module(), address, &bias);
    return unit == nullptr ? std::vector<InlinedCall>() : kernel::inlined_calls(*unit, address - bias);
  }

  std::string variable_part(const CodePlace &place) const {
    const std::string part = member_at(debug_.module(), place.function, place.offset);
    if (!part.empty()) return place.function + part;
    return place.offset == 0 ? place.function : fmt::format("{}+{:#x}", place.function, place.offset);
  }

  std::set<std::string, std::less<>> volatile_names() const { return kernel::volatile_names(debug_.module()); }

  std::optional<CodePlace> place_of(std::uint64_t address, std::uint64_t base) const {
    return place_in(functions_, sections_, address, base);
  }

  std::optional<CodePlace> function_at(std::uint64_t address, Part part, std::uint64_t base) const {
    return place_in(functions_, sections_of(part), address, base);
  }

  std::optional<std::uint64_t> address_of(const CodePlace &place, Part part, std::uint64_t base) const {
    const std::vector<CoreSection> &sections = sections_of(part);
    for (const Function &function : functions_) {
      if (function.name != place.function || place.offset >= function.size) continue;
      const auto section = std::find_if(sections.begin(), sections.end(),
                                        [&function](const CoreSection &one) { return one.index == function.section; });
      if (section != sections.end()) return base + section->start + function.value + place.offset;
    }
    return std::nullopt;
  }

  std::vector<std::uint64_t> function_starts(Part part) const {
    std::vector<std::uint64_t> starts;
    for (const Function &function : functions_) {
      for (const CoreSection &section : sections_of(part))
        if (section.index == function.section) starts.push_back(section.start + function.value);
    }
    return starts;
  }

  std::optional<CodePlace> nearest(std::uint64_t address, std::uint64_t base) const {
    const auto function = place_of(address, base);
    return function ? function : place_in(variables_, sections_, address, base);
  }

  std::optional<CodePlace> nearest_in(const std::string &name, std::uint64_t distance) const {
    const CoreSection *section = find_section(name);
    return section == nullptr ? std::nullopt : nearest(section->start + distance, 0);
  }

 private:
  const CoreSection *find_section(const std::string &name) const {
    const auto found =
        std::find_if(sections_.begin(), sections_.end(), [&name](const CoreSection &one) { return one.name == name; });
    return found == sections_.end() ? nullptr : &*found;
  }

  const std::vector<CoreSection> &sections_of(Part part) const {
    return part == Part::init ? init_sections_ : sections_;
  }

  static std::optional<CodePlace> place_in(const std::vector<Function> &named, const std::vector<CoreSection> &sections,
                                           std::uint64_t address, std::uint64_t base) {
    if (address < base) return std::nullopt;
    const std::uint64_t distance = address - base;
    for (const CoreSection &section : sections) {
      if (distance < section.start || distance >= section.start + section.size) continue;
      const std::uint64_t value = distance - section.start;
      const Function *last = nullptr;
      for (const Function &function : named) {
        if (function.section != section.index || function.value > value) continue;
        if (last == nullptr || function.value > last->value) last = &function;
      }
      if (last != nullptr) return CodePlace{.function = last->name, .offset = value - last->value, .size = last->size};
    }
    return std::nullopt;
  }

  void read_functions() {
    const int count = dwfl_module_getsymtab(debug_.module());
    for (int i = 0; i < count; ++i) {
      GElf_Sym symbol;
      GElf_Addr address = 0;
      GElf_Word section = 0;
      const char *name = dwfl_module_getsym_info(debug_.module(), i, &symbol, &address, &section, nullptr, nullptr);
      const auto type = GELF_ST_TYPE(symbol.st_info);
      if (name == nullptr || (type != STT_FUNC && type != STT_OBJECT) || section == SHN_UNDEF) continue;
      (type == STT_FUNC ? functions_ : variables_)
          .push_back(
              {.name = name, .section = section, .value = symbol.st_value, .size = symbol.st_size, .address = address});
    }
    const auto before = [](const Function &left, const Function &right) {
      return std::pair(left.section, left.value) < std::pair(right.section, right.value);
    };
    std::stable_sort(functions_.begin(), functions_.end(), before);
    std::stable_sort(variables_.begin(), variables_.end(), before);
  }

  const Function *find(const CodePlace &place) const {
    const Function *first = nullptr;
    for (const Function &function : functions_) {
      if (function.name != place.function) continue;
      if (first == nullptr) first = &function;
      if (place.size != 0 && function.size == place.size) return &function;
    }
    return first;
  }

  std::vector<SourceLine> lines_of(std::uint64_t address, const std::string &function) {
    std::vector<SourceLine> lines;
    Dwfl_Line *line = dwfl_module_getsrc(debug_.module(), address);
    int number = 0;
    const char *file = line == nullptr ? nullptr : dwfl_lineinfo(line, nullptr, &number, nullptr, nullptr, nullptr);
    if (file == nullptr) return lines;
    lines.push_back(line_of(file, number));
    Dwarf_Addr bias = 0;
    if (Dwarf_Die *unit = dwfl_module_addrdie(debug_.module(), address, &bias); unit != nullptr) {
      add_callers(*unit, address - bias, lines);
    }
    lines.back().function = function;
    return lines;
  }

  /// Adds the names of the functions that were inlined around the address: each one's name to the last line, and the
  /// line of its call.
  void add_callers(Dwarf_Die &unit, Dwarf_Addr address, std::vector<SourceLine> &lines) {
    Dwarf_Die *raw = nullptr;
    const int around = dwarf_getscopes(&unit, address, &raw);
    const Scopes by_address(raw);
    if (around <= 0) return;
    // For an address, an inlined function's scopes continue where it was written; for its entry, where it was inlined.
    raw = nullptr;
    const int count = dwarf_getscopes_die(&by_address.get()[0], &raw);
    const Scopes scopes(raw);
    Dwarf_Files *files = nullptr;
    if (count <= 0 || dwarf_getsrcfiles(&unit, &files, nullptr) != 0) return;
    for (int i = 0; i < count; ++i) {
      Dwarf_Die &scope = scopes.get()[i];
      if (dwarf_tag(&scope) == DW_TAG_subprogram) return;
      if (dwarf_tag(&scope) != DW_TAG_inlined_subroutine) continue;
      Dwarf_Attribute attribute;
      Dwarf_Word file = 0, line = 0;
      if (dwarf_formudata(dwarf_attr(&scope, DW_AT_call_file, &attribute), &file) != 0 ||
          dwarf_formudata(dwarf_attr(&scope, DW_AT_call_line, &attribute), &line) != 0) {
        return;
      }
      const char *name = dwarf_filesrc(files, file, nullptr, nullptr);
      if (name == nullptr) return;
      lines.back().function = name_of(scope);
      lines.push_back(line_of(name, static_cast<int>(line)));
    }
  }

  SourceLine line_of(const fs::path &written, int number) {
    const fs::path file = written.lexically_normal();
    const Source &found = source(file);
    SourceLine line{.file = file.string(), .line = number};
    if (found.beside_module) {
      line.file = file.filename().string();
    } else if (!folders_.empty() && is_below(file, folders_.front())) {
      line.file = file.lexically_relative(folders_.front()).string();
    } else if (const auto at = line.file.rfind(kInclude); at != std::string::npos) {
      line.file.erase(0, at + 1);
    }
    const auto index = static_cast<std::size_t>(number) - 1;
    if (number > 0 && index < found.lines.size()) line.text = text::trimmed(found.lines[index]);
    return line;
  }

  const Source &source(const fs::path &file) {
    const auto [entry, fresh] = sources_.try_emplace(file.string());
    Source &found = entry->second;
    if (!fresh) return found;
    std::string text = readable(file);
    if (text.empty() && !folders_.empty() && !text::contains(file.string(), kInclude)) {
      // A module that was compiled elsewhere can have its source next to the .ko.
      text = readable(folders_.front() / file.filename());
      found.beside_module = !text.empty();
    }
    found.lines = text::lines_of(text);
    return found;
  }

  /// Returns the content of a file that may be shown; empty otherwise.
  std::string readable(const fs::path &file) const {
    std::error_code error;
    const fs::path real = fs::canonical(file, error);
    if (error || !fs::is_regular_file(real, error)) return {};
    const bool allowed =
        std::any_of(folders_.begin(), folders_.end(), [&](const fs::path &folder) { return is_below(real, folder); });
    if (!allowed || fs::file_size(real, error) > kLargestSource) return {};
    // If the file was changed after the build, its lines no longer match.
    const auto changed = fs::last_write_time(real, error);
    const auto built = fs::last_write_time(ko_, error);
    if (error || changed > built) return {};
    try {
      return storage::read_whole_file(real);
    } catch (const base::Error &) {
      return {};
    }
  }

  fs::path ko_;
  DebugInfo debug_;
  std::vector<fs::path> folders_;
  std::vector<CoreSection> sections_, init_sections_;
  std::vector<Function> functions_, variables_;  ///< sorted by section and value
  std::map<std::string, Source> sources_;
};

ModuleSymbols::ModuleSymbols(const fs::path &ko, const std::vector<fs::path> &folders)
    : impl_(std::make_unique<Impl>(ko, folders)) {}
ModuleSymbols::~ModuleSymbols() = default;

bool ModuleSymbols::has_lines() const {
  return impl_->has_lines();
}
std::vector<SourceLine> ModuleSymbols::lines_at(const CodePlace &place, Address address) {
  return impl_->lines_at(place, address);
}
std::string ModuleSymbols::statement_at(const CodePlace &place) {
  return impl_->statement_at(place);
}
std::vector<InlinedCall> ModuleSymbols::inlined_calls(const CodePlace &place) {
  return impl_->inlined_calls(place);
}
std::string ModuleSymbols::variable_part(const CodePlace &place) const {
  return impl_->variable_part(place);
}
std::set<std::string, std::less<>> ModuleSymbols::volatile_names() const {
  return impl_->volatile_names();
}
std::optional<CodePlace> ModuleSymbols::place_of(std::uint64_t address, std::uint64_t base) const {
  return impl_->place_of(address, base);
}
std::optional<CodePlace> ModuleSymbols::function_at(std::uint64_t address, Part part, std::uint64_t base) const {
  return impl_->function_at(address, part, base);
}
std::optional<std::uint64_t> ModuleSymbols::address_of(const CodePlace &place, Part part, std::uint64_t base) const {
  return impl_->address_of(place, part, base);
}
std::vector<std::uint64_t> ModuleSymbols::function_starts(Part part) const {
  return impl_->function_starts(part);
}
std::optional<CodePlace> ModuleSymbols::nearest(std::uint64_t address, std::uint64_t base) const {
  return impl_->nearest(address, base);
}

std::optional<CodePlace> ModuleSymbols::nearest_in(const std::string &section, std::uint64_t distance) const {
  return impl_->nearest_in(section, distance);
}

}  // namespace kmodtest::kernel
