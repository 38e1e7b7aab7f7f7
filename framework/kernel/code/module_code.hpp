// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/symbols/symbols.hpp"

namespace kmodtest::kernel {

/// The instructions of a module that belong to its own source files: lines, conditional jumps and functions. What
/// coverage is measured against.
struct ModuleCode {
  /// A place in memory: its distance from the start of a part of the module, as the kernel lays it out.
  struct Place {
    ModuleSymbols::Part part = ModuleSymbols::Part::kept;
    std::uint64_t offset = 0;
    auto operator<=>(const Place &) const = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14 misreads it
  };
  /// Instructions of one line.
  struct Piece {
    Place begin;
    std::uint64_t size = 0;
    std::uint32_t file = 0, line = 0;
    bool direct = true;  ///< false: of a header's function that was inlined into the line
    bool operator==(const Piece &) const = default;
  };
  /// A conditional jump that the source asks for.
  struct Jump {
    Place place;
    std::uint32_t file = 0, line = 0;
    bool operator==(const Jump &) const = default;
  };
  struct Function {
    std::string name;
    Place entry;
    std::uint32_t file = 0, line = 0;
    bool operator==(const Function &) const = default;
  };

  bool has_lines = false;                    ///< it has debug information
  std::filesystem::path root;                ///< the folder that the files are below, as the compiler saw it
  std::vector<std::filesystem::path> files;  ///< relative to `root`
  std::vector<Piece> pieces;                 ///< ascending, without overlaps
  std::vector<Jump> jumps;                   ///< ascending
  std::vector<Function> functions;           ///< ascending; one that is inlined everywhere is not among them
  /// All code of a part, that of other files included. Offsets, ascending.
  struct PartCode {
    std::uint64_t size = 0;
    std::vector<std::uint64_t> entries;       ///< of functions
    std::vector<std::uint64_t> instructions;  ///< of all instructions
  };
  PartCode kept, init;

  const PartCode &part(ModuleSymbols::Part part) const { return part == ModuleSymbols::Part::kept ? kept : init; }
  /// Returns the piece with a place; null if there is none.
  const Piece *piece_at(const Place &place) const;
};

/// Reads a .ko, compressed or not. `built_in`: the name of the folder in which it was built, for its own files are
/// below that; empty: they are below the folder that all its units have in common. Throws base::Error if the file
/// cannot be read or is not ELF.
///
/// Its own files are all below that folder, except for what modpost makes (.mod.c). Instructions of other files, such
/// as the kernel's headers, count for the line of an own file into which they were inlined; their jumps do not count.
/// Nor does a jump to one of the compiler's checks: the stack protector, KASAN, UBSAN, FORTIFY_SOURCE.
ModuleCode read_module_code(const std::filesystem::path &ko, const std::string &built_in = {});

}  // namespace kmodtest::kernel
