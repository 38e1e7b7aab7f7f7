// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "emulator/qemu.hpp"

namespace kmodtest::emulator {

/// The memory of a saved guest, kept in a file of its own instead of in QEMU's state. All guests of one snapshot map
/// that file, so a page that none of them writes is in the host's memory once. A restore puts back the pages that were
/// written since the one before, and QEMU keeps the code that it has translated from all others.
class SavedMemory {
 public:
  constexpr SavedMemory() = default;

  /// Takes the large blocks of memory out of QEMU's state, and adds an entry to it that calls save() and load(). Leaves
  /// out the memory that guest and controller share: the controller clears it.
  void begin(const Qemu &qemu);

  /// Addresses of the guest: the first one, and the number of bytes.
  struct Range {
    std::uint64_t begin, bytes;
  };
  /// A word that the guest has changed since it was loaded.
  struct Word {
    std::uint64_t at;  ///< its distance from the start of the guest's memory, all nodes one after the other
    std::uint64_t value;
  };

  /// Finds the changed words of eight bytes whose values are in one of the ranges. Returns how many it has written into
  /// `found`. Call it while the guest is paused.
  std::size_t find(std::span<const Range> ranges, std::span<Word> found);

  /// Returns the guest's memory from this distance on if it has so many bytes there, in one piece; else nullptr.
  const unsigned char *bytes_at(std::uint64_t at, std::uint64_t bytes) const;

  /// Writes the memory into the file, which exists. Returns 0, or a negative errno after a message on stderr.
  int save(const char *file) const;

  /// The first time, maps the file in place of the memory; from then on puts back what was written. Returns 0, or a
  /// negative errno after a message on stderr.
  int load(const char *file);

 private:
  struct Block {
    unsigned char *memory;
    std::uint64_t bytes;
    std::uint64_t address;  ///< in QEMU's numbering of all memory
    std::uint64_t in_file;
  };
  /// Bytes of the file that are not a hole.
  struct Extent {
    std::uint64_t begin, end;
  };
  class Originals;

  static constexpr std::size_t kMostBlocks = 64;  // one for each NUMA node
  // A process can have 65530 mappings.
  static constexpr std::size_t kMostExtents = 8192;

  void add(RamBlock *ram);
  bool find_extents(int file);
  bool add_extent(Extent extent, std::uint64_t gap);
  bool map_block(int file, const Block &block) const;
  bool map_file(int file);
  int load_first(const char *name);
  void begin_noting(const Block &block) const;
  void note_dirty(const Block &block);
  void restore(const Block &block, Originals &originals);
  std::span<const Block> blocks() const { return {blocks_.data(), block_count_}; }

  const Qemu *qemu_ = nullptr;
  std::array<Block, kMostBlocks> blocks_{};
  std::size_t block_count_ = 0;
  std::uint64_t file_bytes_ = 0;
  std::array<Extent, kMostExtents> extents_{};
  std::size_t extent_count_ = 0;
  const unsigned char *saved_ = nullptr;  // the file, mapped
  unsigned char *changed_ = nullptr;      // for each page of the file: not 0 if it was written since the last load
};

/// Lets QEMU load a CPU without throwing away all translations, which its own function (cpu_common_post_load) does.
/// Changes nothing if its table cannot be written to.
void keep_translations(const Qemu &qemu);

/// Does both for this process's QEMU if the environment names the file (wire/emulator_library.hpp). Call it on the main
/// loop's thread, when the machine is complete.
void keep_memory_apart();

}  // namespace kmodtest::emulator
