// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "wire/race_memory.hpp"

namespace kmodtest::emulator {

/// Reads the guest's memory. Returns false, and zeros, if it has none there.
using ReadGuest = bool (*)(std::uint64_t address, void *to, std::size_t bytes);

/// An object of a slab cache.
struct SlabObject {
  std::uint64_t cache = 0;  ///< its kmem_cache; 0: there is no such object
  std::uint64_t begin = 0;
  std::uint64_t bytes = 0;
};
/// Returns the object that contains an address (kernel: mm/slab.h).
SlabObject find_slab_object(ReadGuest read, const wire::SlabLayout &layout, std::uint64_t address);

/// Writes to which object of which slab cache an access is, if it is in one (kernel: mm/slab.h).
void name_slab_object(ReadGuest read, const wire::SlabLayout &layout, wire::AccessSeen &seen);

}  // namespace kmodtest::emulator
