// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kernel/symbols/struct_layouts.hpp"
#include "run/postmortem/kernel_memory.hpp"

namespace kmodtest::run {

/// An object of a slab cache.
struct SlabObject {
  std::string cache;
  std::uint64_t address = 0;  ///< of the object
  bool allocated = false;
};

/// The objects of a paused guest's slab caches (SLUB). Source: kernel, mm/slub.c, mm/slab.h.
class SlabObjects {
 public:
  /// Returns an empty object if the layout of these structs is not known (5.10 has no BTF for it).
  static std::optional<SlabObjects> of(KernelMemory &memory, const kernel::StructLayouts &structs);

  /// Reads all that find() needs for these addresses at once.
  void prepare(const std::vector<std::uint64_t> &addresses);
  /// Returns the object that contains an address in the map of all memory; nothing if it is in no slab.
  std::optional<SlabObject> find(std::uint64_t address);

 private:
  /// The offsets of the kernel's structs that we need.
  struct Layout {
    std::size_t flags, head, cache, freelist, counters;
    std::size_t name, size, offset, cpu_slab;
    std::optional<std::size_t> random;
    std::size_t cpu_freelist, cpu_page;
    unsigned slab_bit;
  };
  struct Cache {
    std::string name;
    std::uint64_t size = 0, offset = 0, random = 0, cpu_slab = 0;
  };
  struct Slab {
    std::uint64_t page = 0;  ///< its struct page
    std::uint64_t cache = 0;
    std::uint64_t begin = 0;  ///< address of its first object
    std::uint64_t objects = 0;
  };
  SlabObjects(KernelMemory &memory, const Layout &layout) : memory_(memory), at_(layout) {}
  std::optional<Slab> slab_of(std::uint64_t address);
  const Cache &cache_of(std::uint64_t cache);
  std::vector<std::uint64_t> free_objects(const Slab &slab);
  void follow(std::uint64_t object, const Slab &slab, const Cache &cache, std::vector<std::uint64_t> &found);

  KernelMemory &memory_;
  Layout at_;
  std::map<std::uint64_t, Cache> caches_;
  std::map<std::uint64_t, std::vector<std::uint64_t>> free_;  ///< by a slab's struct page
};

}  // namespace kmodtest::run
