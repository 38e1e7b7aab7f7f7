// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/kernel_places.hpp"

namespace kmodtest::run {

std::optional<std::uint64_t> current_task_variable(const kernel::KernelImage &kernel) {
  const auto variable = kernel.symbols().address_of("current_task");
  return variable ? variable : kernel.symbols().address_of("pcpu_hot");  // 6.2 to 6.14: its first member
}

std::optional<std::uint64_t> preempt_count_variable(const kernel::KernelImage &kernel) {
  if (const auto variable = kernel.symbols().address_of("__preempt_count")) return variable;
  const auto hot = kernel.symbols().address_of("pcpu_hot");
  const auto member = kernel.layouts().offset_of("pcpu_hot", "preempt_count");
  if (!hot || !member) return std::nullopt;
  return *hot + *member;
}

std::optional<SlabPageLayout> slab_page_layout(const kernel::StructLayouts &structs) {
  const auto either = [](std::optional<std::size_t> first, std::optional<std::size_t> second) {
    return first ? first : second;
  };
  const auto flags = structs.offset_of("page", "flags");
  const auto head = either(structs.offset_of("page", "compound_head"), structs.offset_of("page", "compound_info"));
  // struct page had it until 5.16.
  const auto cache = either(structs.offset_of("slab", "slab_cache"), structs.offset_of("page", "slab_cache"));
  const auto name = structs.offset_of("kmem_cache", "name"), size = structs.offset_of("kmem_cache", "size");
  if (!flags || !head || !cache || !name || !size) return std::nullopt;
  SlabPageLayout layout{.flags = *flags,
                        .head = *head,
                        .cache = *cache,
                        .name = *name,
                        .size = *size,
                        .slab_bit = structs.value_of("pageflags", "PG_slab"),
                        .type = 0,
                        .slab_type = 0};
  if (layout.slab_bit) return layout;
  const auto at = structs.offset_of("page", "page_type");
  const auto type = structs.value_of("pagetype", "PGTY_slab");
  if (!at || !type) return std::nullopt;
  layout.type = *at;
  layout.slab_type = *type;
  return layout;
}

}  // namespace kmodtest::run
