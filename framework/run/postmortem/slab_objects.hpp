// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kernel/symbols/struct_layouts.hpp"
#include "run/postmortem/kernel_memory.hpp"
#include "run/postmortem/kernel_places.hpp"

namespace kmodtest::run {

/// An object of a slab cache.
struct SlabObject {
  std::string cache;
  std::uint64_t address = 0;  ///< of the object's own bytes
  bool allocated = false;
  bool has_constructor = false;  ///< the kernel never clears an object of such a cache when it allocates it
  bool is_extra =
      false;  ///< the address is in what slub_debug or KASAN keep for the object: red zones, who allocated it
};

/// The objects of a paused guest's slab caches (SLUB). Kernels since 7.0 keep free objects for each CPU in arrays
/// (sheaves), older ones in a list. Source: kernel, mm/slub.c, mm/slab.h, include/linux/page-flags.h.
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
  struct Layout : SlabPageLayout {
    std::size_t freelist, counters;
    std::size_t offset, cpu_part;
    std::optional<std::size_t> random;
    std::optional<std::size_t> object_size, red_zone, constructor;
    /// Until 6.19: the list of free objects of each CPU, and the slab that they are in.
    std::size_t cpu_freelist, cpu_page;
    /// Since 7.0: the sheaves of each CPU, and those that each node keeps full.
    bool has_sheaves;
    std::array<std::size_t, 3> cpu_sheaves;
    std::size_t sheaf_size, sheaf_objects, nodes, full_sheaves, sheaf_list;
  };
  struct Cache {
    std::string name;
    std::uint64_t size = 0, offset = 0, random = 0;
    std::uint64_t red_zone = 0, own = 0;  ///< before an object, and its own bytes
    bool has_constructor = false;
    std::uint64_t cpu_part = 0;          ///< the address of what each CPU has of the cache, as that of a variable
    std::set<std::uint64_t> in_sheaves;  ///< objects that are free
  };
  struct Slab {
    std::uint64_t page = 0;  ///< its struct page
    std::uint64_t cache = 0;
    std::uint64_t begin = 0;  ///< address of its first object
    std::uint64_t objects = 0;
  };
  SlabObjects(KernelMemory &memory, const Layout &layout) : memory_(memory), at_(layout) {}
  static std::optional<Layout> layout_of(const kernel::StructLayouts &structs);
  bool is_of_slab(std::uint64_t page);
  std::optional<std::uint64_t> head_of(std::uint64_t page);
  std::set<std::uint64_t> objects_in_sheaves(std::uint64_t cache, std::uint64_t cpu_part);
  void add_sheaf(std::uint64_t sheaf, std::set<std::uint64_t> &objects);
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
