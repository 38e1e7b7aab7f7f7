// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/symbols/code_place.hpp"
#include "kernel/symbols/inlined_call.hpp"

/// From places in a module's code to its source, by the .ko's own symbols and DWARF (elfutils' libdw).
namespace kmodtest::kernel {

/// A line of source.
struct SourceLine {
  std::string function = {};  ///< the function that contains the line; for an inlined one its own name
  std::string file;           ///< below the module's folder, or from "include/" on; else the whole path
  int line = 0;
  std::string text =
      {};  ///< without the blanks around it; empty if the file may not be read or is younger than the .ko
  bool operator==(const SourceLine &) const = default;
};

/// The meaning of a place in a stack trace: the instruction itself (RIP), or where a call returns to.
enum class Address { exact, returns_to };

/// The symbols of one .ko. Opened once; each query costs microseconds. Only one thread may use it at a time.
class ModuleSymbols {
 public:
  /// Opens a .ko. Source files below `folders` may be shown, the module's own folder first; DWARF can name any file of
  /// the machine. Throws base::Error if the file cannot be read or is not ELF.
  ModuleSymbols(const std::filesystem::path &ko, const std::vector<std::filesystem::path> &folders);
  ~ModuleSymbols();
  ModuleSymbols(const ModuleSymbols &) = delete;
  ModuleSymbols &operator=(const ModuleSymbols &) = delete;

  /// Returns false if the .ko has no DWARF: then no place has a line.
  bool has_lines() const;

  /// Returns the lines of a place: the innermost inlined function's first, the function's own last. Among several
  /// functions with the name it takes the one of that size, else the first. Empty if there is none, or no line is
  /// known.
  std::vector<SourceLine> lines_at(const CodePlace &place, Address address);

  /// Returns the statement of the innermost line of an instruction, on one line; empty if its source may not be read.
  std::string statement_at(const CodePlace &place);
  /// Returns the calls that are inlined into the function of a place; empty if nothing is known.
  std::vector<InlinedCall> inlined_calls(const CodePlace &place);

  /// Returns the names of the variables and members that the module's own sources declare as volatile.
  std::set<std::string, std::less<>> volatile_names() const;

  /// Returns the place of an address in a module whose code the kernel has, or had, at `base` (from /proc/modules).
  /// Returns nothing if the address is outside of the code that stays after init, laid out as layout_sections() does
  /// (kernel: kernel/module/).
  std::optional<CodePlace> place_of(std::uint64_t address, std::uint64_t base) const;
  /// Returns the same for a function or a variable. Since 6.4 the kernel keeps data elsewhere than code; it has no name
  /// here then, but in nearest_in().
  std::optional<CodePlace> nearest(std::uint64_t address, std::uint64_t base) const;

  /// Returns a variable's part at a distance from its start, as C writes it: "state.key". The name alone, with the
  /// distance, if its type is not known, or is one of the kernel's.
  std::string variable_part(const CodePlace &place) const;

  /// Returns the function or variable at a distance from the start of a section.
  std::optional<CodePlace> nearest_in(const std::string &section, std::uint64_t distance) const;

  /// The two parts of a module's code: what stays, and what only its init function needs.
  enum class Part { kept, init };
  /// Returns the function at an address in a part of the code that the kernel has at `base`.
  std::optional<CodePlace> function_at(std::uint64_t address, Part part, std::uint64_t base) const;
  /// Returns the address of a place, as above; nothing if there is no such function, or if it is shorter.
  std::optional<std::uint64_t> address_of(const CodePlace &place, Part part, std::uint64_t base) const;
  /// Returns where the functions of a part begin, counted from the start of the part.
  std::vector<std::uint64_t> function_starts(Part part) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Returns the .ko without its debug sections (.debug_* and their relocations), which only cost time and memory in the
/// guest. Everything else is unchanged, even the numbers of the sections. Returns a file unchanged if it cannot be
/// parsed or has a signature at its end.
std::string without_debug_info(std::string ko);

}  // namespace kmodtest::kernel
