// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/kernel_memory.hpp"

#include <algorithm>

#include "shared/resources.hpp"

namespace kmodtest::run {
namespace {

constexpr std::uint64_t kImageBytes = shared::kModuleArea - KernelMemory::kImage;  // of addresses, up to the modules
constexpr std::uint64_t kDefaultDirectMap = 0xffff'8880'0000'0000, kDefaultPageStructs = 0xffff'ea00'0000'0000;
constexpr std::uint64_t kDirectMapBytes = std::uint64_t{1} << 46;
constexpr std::uint64_t kPageStruct = 64;
constexpr std::size_t kMostCpus = 64;
/// Below this the physical address is the distance from the start of the memory (QEMU: q35 leaves a gap above it).
constexpr std::uint64_t kLowMemory = std::uint64_t{2} << 30;

}  // namespace

std::optional<KernelMemory> KernelMemory::of(vm::Inspector &guest, const kernel::SymbolTable &symbols) {
  KernelMemory memory(guest);
  const auto at =
      symbols.addresses_of({"linux_banner", "init_top_pgt", "__per_cpu_offset", "page_offset_base", "vmemmap_base",
                            "__per_cpu_start", "level3_kernel_pgt", "level2_fixmap_pgt", "init_on_alloc"});
  // Each question takes a while, so what will be read in any case is one.
  std::vector<std::uint64_t> in_image = at;
  std::erase_if(in_image, [](std::uint64_t address) { return address - kImage >= kImageBytes; });
  memory.fetch(in_image);
  const std::uint64_t banner = at[0], table = at[1], offsets = at[2], first_variable = at[5];
  if (banner == 0 || table == 0 || offsets == 0) return std::nullopt;
  const auto variable = [&](std::uint64_t address, std::uint64_t otherwise) {
    return address == 0 ? otherwise : memory.word(address).value_or(otherwise);
  };
  constexpr std::string_view kBanner = "Linux version ";
  if (memory.text(banner, kBanner.size()) != kBanner) return std::nullopt;  // the kernel was loaded elsewhere
  memory.page_table_ = table - kImage;
  memory.direct_map_ = variable(at[3], kDefaultDirectMap);
  memory.page_structs_ = variable(at[4], kDefaultPageStructs);
  for (std::size_t cpu = 0; cpu < kMostCpus; ++cpu) {
    const auto offset = memory.word(offsets + cpu * sizeof(std::uint64_t));
    // Until 6.14 the variables begin at 0. CPUs that do not exist have the address of the variables in the image.
    if (offset && *offset + first_variable - memory.direct_map_ < kDirectMapBytes)
      memory.cpu_offsets_.push_back(*offset);
  }
  return memory;
}

std::optional<std::uint64_t> KernelMemory::place_of(std::uint64_t address) {
  if (address - kImage < kImageBytes) return address - kImage;
  if (direct_map_ != 0 && address - direct_map_ < kLowMemory) return address - direct_map_;
  std::uint64_t table = page_table_;
  constexpr int kTopShift = 39, kBits = 9, kLastShift = 12;
  for (int shift = kTopShift; shift >= kLastShift; shift -= kBits) {
    constexpr std::uint64_t kPresent = 1, kLarge = 0x80, kFrame = 0x000f'ffff'ffff'f000;
    const auto entry = memory_.word(table + (address >> shift & 0x1ff) * sizeof(std::uint64_t));
    if (!entry || (*entry & kPresent) == 0) return std::nullopt;
    const std::uint64_t inside = address & ((std::uint64_t{1} << shift) - 1);
    const std::uint64_t frame = *entry & kFrame;
    if (shift == kLastShift) return frame | inside;
    if ((*entry & kLarge) != 0) return (frame & ~((std::uint64_t{1} << shift) - 1)) | inside;
    table = frame;
  }
  return std::nullopt;
}

void KernelMemory::fetch(const std::vector<std::uint64_t> &addresses) {
  std::vector<vm::MemoryRange> places;
  for (const std::uint64_t address : addresses) {
    if (const auto place = place_of(address)) places.push_back({.begin = *place, .bytes = 1});
  }
  memory_.fetch(places);
}

std::optional<std::uint64_t> KernelMemory::word(std::uint64_t address) {
  const auto place = place_of(address);
  return place ? memory_.word(*place) : std::nullopt;
}

std::optional<std::uint32_t> KernelMemory::half(std::uint64_t address) {
  const auto place = place_of(address);
  return place ? memory_.half(*place) : std::nullopt;
}

std::string KernelMemory::text(std::uint64_t address, std::size_t most) {
  const auto place = place_of(address);
  return place ? memory_.text(*place, most) : std::string();
}

std::uint64_t KernelMemory::page_struct(std::uint64_t direct_address) const {
  return page_structs_ + (direct_address - direct_map_) / PhysicalMemory::kPage * kPageStruct;
}

std::uint64_t KernelMemory::address_of_page(std::uint64_t page_struct) const {
  return direct_map_ + (page_struct - page_structs_) / kPageStruct * PhysicalMemory::kPage;
}

}  // namespace kmodtest::run
