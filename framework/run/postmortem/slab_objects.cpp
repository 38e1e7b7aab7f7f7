// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/slab_objects.hpp"

#include <algorithm>

namespace kmodtest::run {
namespace {

constexpr std::size_t kMostObjects = 4096;  // of a slab
constexpr std::size_t kMostPages = 64;      // of a slab
constexpr std::size_t kLongestName = 64;

std::uint64_t swapped(std::uint64_t word) {
  return __builtin_bswap64(word);
}

}  // namespace

std::optional<SlabObjects> SlabObjects::of(KernelMemory &memory, const kernel::StructLayouts &structs) {
  bool whole = true;
  const auto at = [&](std::initializer_list<std::pair<const char *, const char *>> members) -> std::size_t {
    for (const auto &[structure, member] : members) {
      if (const auto offset = structs.offset_of(structure, member)) return *offset;
    }
    whole = false;
    return 0;
  };
  Layout layout{};
  layout.flags = at({{"page", "flags"}});
  layout.head = at({{"page", "compound_head"}});
  // struct page had these until 5.16.
  layout.cache = at({{"slab", "slab_cache"}, {"page", "slab_cache"}});
  layout.freelist = at({{"slab", "freelist"}, {"page", "freelist"}});
  layout.counters = at({{"slab", "counters"}, {"page", "counters"}});
  layout.name = at({{"kmem_cache", "name"}});
  layout.size = at({{"kmem_cache", "size"}});
  layout.offset = at({{"kmem_cache", "offset"}});
  layout.cpu_slab = at({{"kmem_cache", "cpu_slab"}});
  layout.cpu_freelist = at({{"kmem_cache_cpu", "freelist"}});
  layout.cpu_page = at({{"kmem_cache_cpu", "slab"}, {"kmem_cache_cpu", "page"}});
  layout.random = structs.offset_of("kmem_cache", "random");
  const auto bit = structs.value_of("pageflags", "PG_slab");
  if (!whole || !bit) return std::nullopt;
  layout.slab_bit = *bit;
  return SlabObjects(memory, layout);
}

std::optional<SlabObjects::Slab> SlabObjects::slab_of(std::uint64_t address) {
  std::uint64_t page = memory_.page_struct(address);
  const auto head = memory_.word(page + at_.head);
  if (!head) return std::nullopt;
  if ((*head & 1) != 0) page = *head - 1;  // within the slab, but not its first page
  const auto flags = memory_.word(page + at_.flags), cache = memory_.word(page + at_.cache);
  if (!flags || !cache || (*flags >> at_.slab_bit & 1) == 0) return std::nullopt;
  // "inuse:16, objects:15, frozen:1"
  const auto counters = memory_.half(page + at_.counters);
  const std::uint64_t objects = counters.value_or(0) >> 16 & 0x7fff;
  return Slab{.page = page, .cache = *cache, .begin = memory_.address_of_page(page), .objects = objects};
}

const SlabObjects::Cache &SlabObjects::cache_of(std::uint64_t address) {
  const auto [entry, fresh] = caches_.try_emplace(address);
  Cache &cache = entry->second;
  if (!fresh) return cache;
  cache.size = memory_.half(address + at_.size).value_or(0);
  cache.offset = memory_.half(address + at_.offset).value_or(0);
  cache.cpu_slab = memory_.word(address + at_.cpu_slab).value_or(0);
  if (at_.random) cache.random = memory_.word(address + *at_.random).value_or(0);
  if (const auto name = memory_.word(address + at_.name)) cache.name = memory_.text(*name, kLongestName);
  return cache;
}

void SlabObjects::prepare(const std::vector<std::uint64_t> &addresses) {
  std::vector<std::uint64_t> wanted;
  for (const std::uint64_t address : addresses) wanted.push_back(memory_.page_struct(address));
  memory_.fetch(wanted);
  std::vector<Slab> slabs;
  wanted.clear();
  for (const std::uint64_t address : addresses) {
    const auto slab = slab_of(address);
    if (!slab) continue;
    slabs.push_back(*slab);
    wanted.push_back(slab->cache);
  }
  memory_.fetch(wanted);
  wanted.clear();
  for (const Slab &slab : slabs) {
    const Cache &cache = cache_of(slab.cache);
    const std::uint64_t pages =
        std::min<std::uint64_t>(slab.objects * cache.size / PhysicalMemory::kPage + 1, kMostPages);
    for (std::uint64_t page = 0; page < pages; ++page) wanted.push_back(slab.begin + page * PhysicalMemory::kPage);
    for (const std::uint64_t area : memory_.cpu_areas()) wanted.push_back(area + cache.cpu_slab);
  }
  memory_.fetch(wanted);
}

/// Adds the free objects of a list, of which each has the address of the next one.
void SlabObjects::follow(std::uint64_t object, const Slab &slab, const Cache &cache,
                         std::vector<std::uint64_t> &found) {
  const std::uint64_t end = slab.begin + slab.objects * cache.size;
  while (object >= slab.begin && object < end && found.size() < kMostObjects) {
    found.push_back(object);
    const std::uint64_t at = object + cache.offset;
    const auto next = memory_.word(at);
    if (!next) return;
    object = cache.random == 0 ? *next : *next ^ cache.random ^ swapped(at);  // CONFIG_SLAB_FREELIST_HARDENED
  }
}

std::vector<std::uint64_t> SlabObjects::free_objects(const Slab &slab) {
  const Cache &cache = cache_of(slab.cache);
  std::vector<std::uint64_t> found;
  follow(memory_.word(slab.page + at_.freelist).value_or(0), slab, cache, found);
  for (const std::uint64_t area : memory_.cpu_areas()) {
    const std::uint64_t its = area + cache.cpu_slab;
    if (memory_.word(its + at_.cpu_page) != slab.page) continue;
    follow(memory_.word(its + at_.cpu_freelist).value_or(0), slab, cache, found);
  }
  return found;
}

std::optional<SlabObject> SlabObjects::find(std::uint64_t address) {
  const auto slab = slab_of(address);
  if (!slab || address < slab->begin) return std::nullopt;
  const Cache &cache = cache_of(slab->cache);
  if (cache.size == 0) return std::nullopt;
  const std::uint64_t index = (address - slab->begin) / cache.size;
  SlabObject object{.cache = cache.name, .address = slab->begin + index * cache.size};
  if (index >= slab->objects) return object;
  const auto [entry, fresh] = free_.try_emplace(slab->page);
  if (fresh) entry->second = free_objects(*slab);
  const auto &free = entry->second;
  object.allocated = std::find(free.begin(), free.end(), object.address) == free.end();
  return object;
}

}  // namespace kmodtest::run
