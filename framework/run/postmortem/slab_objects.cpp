// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/slab_objects.hpp"

#include <algorithm>

namespace kmodtest::run {
namespace {

constexpr std::size_t kMostObjects = 4096;  // of a slab
constexpr std::size_t kMostPages = 64;      // of a slab
constexpr std::size_t kMostNodes = 8;
constexpr std::size_t kMostSheaves = 256;  // that a node keeps full
constexpr std::size_t kLongestName = 64;

std::uint64_t swapped(std::uint64_t word) {
  return __builtin_bswap64(word);
}

}  // namespace

std::optional<SlabObjects::Layout> SlabObjects::layout_of(const kernel::StructLayouts &structs) {
  const auto page = slab_page_layout(structs);
  if (!page) return std::nullopt;
  bool whole = true;
  const auto at = [&](std::initializer_list<std::pair<const char *, const char *>> members) -> std::size_t {
    for (const auto &[structure, member] : members) {
      if (const auto offset = structs.offset_of(structure, member)) return *offset;
    }
    whole = false;
    return 0;
  };
  Layout layout{};
  static_cast<SlabPageLayout &>(layout) = *page;
  // struct page had these until 5.16.
  layout.freelist = at({{"slab", "freelist"}, {"page", "freelist"}});
  layout.counters = at({{"slab", "counters"}, {"page", "counters"}});
  layout.offset = at({{"kmem_cache", "offset"}});
  layout.random = structs.offset_of("kmem_cache", "random");
  layout.object_size = structs.offset_of("kmem_cache", "object_size");
  layout.red_zone = structs.offset_of("kmem_cache", "red_left_pad");
  layout.constructor = structs.offset_of("kmem_cache", "ctor");
  layout.cpu_part = at({{"kmem_cache", "cpu_slab"}, {"kmem_cache", "cpu_sheaves"}});
  layout.has_sheaves = !structs.offset_of("kmem_cache", "cpu_slab");
  if (layout.has_sheaves) {
    layout.cpu_sheaves = {at({{"slub_percpu_sheaves", "main"}}), at({{"slub_percpu_sheaves", "spare"}}),
                          at({{"slub_percpu_sheaves", "rcu_free"}})};
    layout.sheaf_size = at({{"slab_sheaf", "size"}});
    layout.sheaf_objects = at({{"slab_sheaf", "objects"}});
    layout.sheaf_list = at({{"slab_sheaf", "barn_list"}});
    layout.full_sheaves = at({{"node_barn", "sheaves_full"}});
    layout.nodes = at({{"kmem_cache", "per_node"}});
  } else {
    layout.cpu_freelist = at({{"kmem_cache_cpu", "freelist"}});
    layout.cpu_page = at({{"kmem_cache_cpu", "slab"}, {"kmem_cache_cpu", "page"}});
  }
  return whole ? std::optional(layout) : std::nullopt;
}

std::optional<SlabObjects> SlabObjects::of(KernelMemory &memory, const kernel::StructLayouts &structs) {
  const auto layout = layout_of(structs);
  return layout ? std::optional(SlabObjects(memory, *layout)) : std::nullopt;
}

bool SlabObjects::is_of_slab(std::uint64_t page) {
  if (at_.slab_bit) return (memory_.word(page + at_.flags).value_or(0) >> *at_.slab_bit & 1) != 0;
  constexpr unsigned kTypeShift = 24;
  return memory_.half(page + at_.type).value_or(0) >> kTypeShift == at_.slab_type;
}

/// Returns the first page of those that a page belongs to. A page that is not the first has the first one's address and
/// one, or since 7.0 the bits of its own address that are also the first one's, and one.
std::optional<std::uint64_t> SlabObjects::head_of(std::uint64_t page) {
  const auto head = memory_.word(page + at_.head);
  if (!head) return std::nullopt;
  if ((*head & 1) == 0) return page;
  constexpr std::uint64_t kLowestMask = 0xffff'ffff'0000'0000;
  return *head >= kLowestMask ? page & (*head - 1) : *head - 1;
}

std::optional<SlabObjects::Slab> SlabObjects::slab_of(std::uint64_t address) {
  const auto page = head_of(memory_.page_struct(address));
  if (!page || !is_of_slab(*page)) return std::nullopt;
  const auto cache = memory_.word(*page + at_.cache);
  if (!cache) return std::nullopt;
  // "inuse:16, objects:15, frozen:1"
  const auto counters = memory_.half(*page + at_.counters);
  const std::uint64_t objects = counters.value_or(0) >> 16 & 0x7fff;
  return Slab{.page = *page, .cache = *cache, .begin = memory_.address_of_page(*page), .objects = objects};
}

void SlabObjects::add_sheaf(std::uint64_t sheaf, std::set<std::uint64_t> &objects) {
  if (sheaf == 0) return;
  const std::uint32_t size = memory_.half(sheaf + at_.sheaf_size).value_or(0);
  for (std::uint32_t i = 0; i < std::min<std::uint32_t>(size, kMostObjects); ++i) {
    if (const auto object = memory_.word(sheaf + at_.sheaf_objects + i * sizeof(std::uint64_t)))
      objects.insert(*object);
  }
}

std::set<std::uint64_t> SlabObjects::objects_in_sheaves(std::uint64_t cache, std::uint64_t cpu_part) {
  std::set<std::uint64_t> objects;
  for (const std::uint64_t offset : memory_.cpu_offsets()) {
    for (const std::size_t member : at_.cpu_sheaves)
      add_sheaf(memory_.word(cpu_part + offset + member).value_or(0), objects);
  }
  for (std::size_t node = 0; node < kMostNodes; ++node) {
    constexpr std::size_t kNodeBytes = 2 * sizeof(std::uint64_t);  // struct kmem_cache_per_node_ptrs
    const std::uint64_t barn = memory_.word(cache + at_.nodes + node * kNodeBytes).value_or(0);
    if (barn == 0) break;
    const std::uint64_t head = barn + at_.full_sheaves;
    auto next = memory_.word(head);
    for (std::size_t i = 0; i < kMostSheaves && next && *next != head; ++i, next = memory_.word(*next))
      add_sheaf(*next - at_.sheaf_list, objects);
  }
  return objects;
}

const SlabObjects::Cache &SlabObjects::cache_of(std::uint64_t address) {
  const auto [entry, fresh] = caches_.try_emplace(address);
  Cache &cache = entry->second;
  if (!fresh) return cache;
  cache.size = memory_.half(address + at_.size).value_or(0);
  cache.offset = memory_.half(address + at_.offset).value_or(0);
  cache.cpu_part = memory_.word(address + at_.cpu_part).value_or(0);
  if (at_.random) cache.random = memory_.word(address + *at_.random).value_or(0);
  cache.own = at_.object_size ? memory_.half(address + *at_.object_size).value_or(0) : cache.size;
  cache.red_zone = at_.red_zone ? memory_.half(address + *at_.red_zone).value_or(0) : 0;
  cache.has_constructor = at_.constructor && memory_.word(address + *at_.constructor).value_or(0) != 0;
  if (const auto name = memory_.word(address + at_.name)) cache.name = memory_.text(*name, kLongestName);
  if (at_.has_sheaves && cache.cpu_part != 0) cache.in_sheaves = objects_in_sheaves(address, cache.cpu_part);
  return cache;
}

void SlabObjects::prepare(const std::vector<std::uint64_t> &addresses) {
  std::vector<std::uint64_t> wanted;
  wanted.reserve(addresses.size());
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
  for (const Slab &slab : slabs) wanted.push_back(memory_.word(slab.cache + at_.name).value_or(0));
  memory_.fetch(wanted);
  wanted.clear();
  for (const Slab &slab : slabs) {
    const Cache &cache = cache_of(slab.cache);
    const std::uint64_t pages =
        std::min<std::uint64_t>(slab.objects * cache.size / PhysicalMemory::kPage + 1, kMostPages);
    for (std::uint64_t page = 0; page < pages; ++page) wanted.push_back(slab.begin + page * PhysicalMemory::kPage);
    for (const std::uint64_t offset : memory_.cpu_offsets()) wanted.push_back(offset + cache.cpu_part);
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
  if (at_.has_sheaves) return found;
  for (const std::uint64_t offset : memory_.cpu_offsets()) {
    const std::uint64_t its = offset + cache.cpu_part;
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
  SlabObject object{.cache = cache.name,
                    .address = slab->begin + index * cache.size + cache.red_zone,
                    .has_constructor = cache.has_constructor};
  object.is_extra = address < object.address || address - object.address >= cache.own;
  if (index >= slab->objects) return object;
  const auto [entry, fresh] = free_.try_emplace(slab->page);
  if (fresh) entry->second = free_objects(*slab);
  const auto &free = entry->second;
  object.allocated =
      std::find(free.begin(), free.end(), object.address) == free.end() && !cache.in_sheaves.contains(object.address);
  return object;
}

}  // namespace kmodtest::run
