// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/slab_object.hpp"

namespace kmodtest::emulator {
namespace {

constexpr std::uint64_t kDirectMap = 0xffff'8880'0000'0000, kPageStructs = 0xffff'ea00'0000'0000;
constexpr std::uint64_t kLargestMemory = std::uint64_t{1} << 46;
constexpr std::uint64_t kPage = 4096, kPageStructBytes = 64;

template <class Number>
Number number_at(ReadGuest read, std::uint64_t address) {
  Number number = 0;
  read(address, &number, sizeof number);
  return number;
}

/// Returns the first page of those that a page belongs to. One that is not the first has the first one's address and
/// one, or since 7.0 the bits of its own address that are also the first one's, and one.
std::uint64_t first_page(std::uint64_t page, std::uint64_t head) {
  constexpr std::uint64_t kLowestMask = 0xffff'ffff'0000'0000;
  if ((head & 1) == 0) return page;
  return head >= kLowestMask ? page & (head - 1) : head - 1;
}

bool is_of_slab(ReadGuest read, const wire::SlabLayout &layout, std::uint64_t page) {
  constexpr unsigned kTypeShift = 24;
  if (layout.flag != 0) return (number_at<std::uint64_t>(read, page + layout.flags) & layout.flag) != 0;
  return number_at<std::uint32_t>(read, page + layout.type) >> kTypeShift == layout.slab_type;
}

}  // namespace

SlabObject find_slab_object(ReadGuest read, const wire::SlabLayout &layout, std::uint64_t address) {
  if (layout.name == 0) return {};
  const auto variable = [read](std::uint64_t at, std::uint64_t otherwise) {
    const auto value = at == 0 ? 0 : number_at<std::uint64_t>(read, at);
    return value == 0 ? otherwise : value;
  };
  const std::uint64_t map = variable(layout.direct_map, kDirectMap),
                      pages = variable(layout.page_structs, kPageStructs);
  if (address - map >= kLargestMemory) return {};
  const std::uint64_t own = pages + (address - map) / kPage * kPageStructBytes;
  const std::uint64_t page = first_page(own, number_at<std::uint64_t>(read, own + layout.head));
  if (!is_of_slab(read, layout, page)) return {};
  const auto cache = number_at<std::uint64_t>(read, page + layout.cache);
  const auto size = number_at<std::uint32_t>(read, cache + layout.size);
  const std::uint64_t begin = map + (page - pages) / kPageStructBytes * kPage;
  if (cache < kDirectMap || size == 0 || address < begin) return {};
  return {.cache = cache, .begin = address - (address - begin) % size, .bytes = size};
}

void name_slab_object(ReadGuest read, const wire::SlabLayout &layout, wire::AccessSeen &seen) {
  const SlabObject object = find_slab_object(read, layout, seen.address);
  if (object.cache == 0) return;
  read(number_at<std::uint64_t>(read, object.cache + layout.name), seen.cache.data(), seen.cache.size() - 1);
  seen.in_object = static_cast<std::uint32_t>(seen.address - object.begin);
}

}  // namespace kmodtest::emulator
