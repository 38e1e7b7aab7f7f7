// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "kernel/symbols/kernel_image.hpp"

/// Where kernels have what several readers of their memory look for; it moved between versions.
namespace kmodtest::run {

/// Returns the offset, in each CPU's own variables, of the pointer to the current task.
std::optional<std::uint64_t> current_task_variable(const kernel::KernelImage &kernel);
/// Returns the offset, in each CPU's own variables, of its preempt_count.
std::optional<std::uint64_t> preempt_count_variable(const kernel::KernelImage &kernel);

/// How a page tells that it belongs to a slab, and to which cache (offsets in bytes). Source: kernel, mm/slab.h,
/// include/linux/page-flags.h.
struct SlabPageLayout {
  std::size_t flags, head, cache;  ///< of struct page or struct slab
  std::size_t name, size;          ///< of struct kmem_cache
  /// By a flag, or since 6.10 by the type in the top byte of a word.
  std::optional<std::uint32_t> slab_bit;
  std::size_t type;
  std::uint32_t slab_type;
};

/// Returns nothing if a part is not known.
std::optional<SlabPageLayout> slab_page_layout(const kernel::StructLayouts &structs);

}  // namespace kmodtest::run
