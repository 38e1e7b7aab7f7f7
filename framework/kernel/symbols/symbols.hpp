// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/symbols/code_place.hpp"

/// From places in a module's code to its source, by the .ko's own symbols and DWARF (elfutils' libdw).
namespace kmodtest::kernel {

/// A line of source.
struct SourceLine {
  std::string function;  ///< the one that the line is in: of an inlined one its own name
  std::string file;      ///< below the module's folder, or from "include/" on; else whole
  int line = 0;
  std::string text;  ///< without the blanks around it; empty where the file may not be read or is younger than the .ko
  bool operator==(const SourceLine &) const = default;
};

/// What a stack trace says of a place: the instruction itself (RIP), or where a call returns to.
enum class Address { exact, returns_to };

/// The symbols of one .ko. Opened once; each question costs microseconds. Not to be used from two threads at once.
class ModuleSymbols {
 public:
  /// `folders`: source files below them may be shown, in these the module's own one first; DWARF can name any file of
  /// the machine. Throws base::Error when the file cannot be read or is no ELF file.
  ModuleSymbols(const std::filesystem::path &ko, std::vector<std::filesystem::path> folders);
  ~ModuleSymbols();
  ModuleSymbols(const ModuleSymbols &) = delete;
  ModuleSymbols &operator=(const ModuleSymbols &) = delete;

  /// False where the .ko has no DWARF: nothing has a line then.
  bool has_lines() const;

  /// The lines of a place: the innermost inlined function's first, the function's own last. Of several functions with
  /// the name the one of that size is meant, else the first. Empty when there is none, or no line is known.
  std::vector<SourceLine> lines_at(const CodePlace &place, Address address);

  /// The place of an address in a module whose code the kernel has, or had, at `base` (/proc/modules has it). Nothing
  /// when it is outside of the code that stays after init, laid out as layout_sections() does (kernel: kernel/module/).
  std::optional<CodePlace> place_of(std::uint64_t address, std::uint64_t base) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The .ko without its debug sections (.debug_*, and what relocates them), for the guest, where they only cost time and
/// memory. Everything else stays as it is, the numbers of the sections too. A file that cannot be understood, or that
/// is signed at its end, is given back unchanged.
std::string without_debug_info(std::string ko);

}  // namespace kmodtest::kernel
