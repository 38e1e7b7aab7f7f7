// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/pointers_left.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <set>

#include "base/error.hpp"
#include "kernel/symbols/symbols.hpp"
#include "run/postmortem/kernel_memory.hpp"
#include "run/postmortem/slab_objects.hpp"
#include "text/module_name.hpp"
#include "wire/kernel_addresses.hpp"

namespace kmodtest::run {
namespace {

using judge::Holder;
using judge::PointerLeft;
using observe::ModuleRange;

/// Returns the lists of sections and notes of the modules that are loaded. They keep the addresses of the sections that
/// a module had only during its init, where another module can have been later (kernel: kernel/module/sysfs.c).
std::set<std::uint64_t> lists_of_sections(KernelMemory &memory, const kernel::KernelImage &kernel) {
  constexpr std::size_t kMostLoaded = 500;
  std::set<std::uint64_t> lists;
  const auto head = kernel.symbols().address_of("modules");
  const auto list = kernel.layouts().offset_of("module", "list");
  if (!head || !list) return lists;
  auto next = memory.word(*head);
  for (std::size_t i = 0; i < kMostLoaded && next && *next != *head; ++i, next = memory.word(*next)) {
    for (const char *member : {"sect_attrs", "notes_attrs"}) {
      const auto offset = kernel.layouts().offset_of("module", member);
      const auto kept = offset ? memory.word(*next - *list + *offset) : std::nullopt;
      if (kept) lists.insert(*kept);
    }
  }
  return lists;
}

/// Returns the nodes of radix trees that each CPU has set aside for its next insertion. They are allocated, but nobody
/// has filled them yet: they keep what was in them when they were last in a tree (kernel: lib/radix-tree.c,
/// radix_tree_preload()).
std::set<std::uint64_t> nodes_set_aside(KernelMemory &memory, const kernel::KernelImage &kernel) {
  constexpr std::size_t kMostAside = 64;
  std::set<std::uint64_t> nodes;
  const auto variable = kernel.symbols().address_of("radix_tree_preloads");
  const auto first = kernel.layouts().offset_of("radix_tree_preload", "nodes");
  const auto next = kernel.layouts().offset_of("xa_node", "parent");
  if (!variable || !first || !next) return nodes;
  for (const std::uint64_t offset : memory.cpu_offsets()) {
    auto node = memory.word(offset + *variable + *first);
    for (std::size_t i = 0; i < kMostAside && node && *node != 0; ++i, node = memory.word(*node + *next))
      nodes.insert(*node);
  }
  return nodes;
}

/// Finds the owners of words.
class Owners {
 public:
  Owners(KernelMemory &memory, const kernel::KernelImage &kernel)
      : memory_(memory),
        kernel_(kernel),
        symbols_(kernel.symbols()),
        slabs_(SlabObjects::of(memory, kernel.layouts())),
        last_work_(kernel.layouts().offset_of("worker", "last_func")),
        area_caller_(kernel.layouts().offset_of("vm_struct", "caller")),
        area_begin_(kernel.layouts().offset_of("vm_struct", "addr")),
        area_size_(kernel.layouts().offset_of("vm_struct", "size")) {
    const auto at = symbols_.addresses_of(
        {"_sdata", "_edata", "__bss_start", "__bss_stop", "__per_cpu_end", "init_on_alloc", "__per_cpu_start"});
    add_variables(at[0], at[1]);
    add_variables(at[2], at[3]);
    cpu_variables_ = {.begin = at[6], .end = at[4]};
    // A static key (CONFIG_INIT_ON_ALLOC_DEFAULT_ON, init_on_alloc=1).
    clears_ = at[5] != 0 && memory.half(at[5]).value_or(0) > 0;
  }

  void prepare(const std::vector<vm::MemoryWord> &words) {
    std::vector<std::uint64_t> addresses;
    for (const vm::MemoryWord &word : words) {
      if (!is_variable(word.at)) addresses.push_back(memory_.direct(word.at));
    }
    if (slabs_) slabs_->prepare(addresses);
  }

  PointerLeft owner_of(const vm::MemoryWord &word) {
    PointerLeft left;
    left.address = memory_.direct(word.at);
    left.value = word.value;
    if (is_variable(word.at)) {
      left.address = KernelMemory::kImage + word.at;
      left.holder = Holder::variable;
      name(left, left.address);
    } else if (const auto variable = cpu_variable(left.address)) {
      left.holder = Holder::per_cpu_variable;
      name(left, *variable);
    } else if (const auto object = slabs_ ? slabs_->find(left.address) : std::nullopt;
               object && !object->is_extra && !is_list(*object)) {
      left.holder = holder_of(*object);
      left.name = object->cache;
      left.offset = left.address - object->address;
      if (is_last_work(left) || is_caller_of_vmalloc(left)) left.holder = Holder::unknown;
    }
    if (left.holder != Holder::unknown && is_in_empty_node(left.address)) left.holder = Holder::unknown;
    return left;
  }

 private:
  struct Span {
    std::uint64_t begin, end;
  };

  Holder holder_of(const SlabObject &object) {
    if (!object.allocated) return Holder::freed_object;
    if (object.cache != "radix_tree_node")
      return clears_ && !object.has_constructor ? Holder::object : Holder::uncleared_object;
    // A node that is taken is filled as a whole.
    if (!aside_) aside_ = nodes_set_aside(memory_, kernel_);
    return aside_->contains(object.address) ? Holder::freed_object : Holder::object;
  }

  /// A thread of a workqueue keeps which function it has called last, and never calls it for that (kernel:
  /// kernel/workqueue_internal.h, struct worker).
  bool is_last_work(const PointerLeft &left) const {
    return last_work_ && left.offset == *last_work_ && (left.name == "kmalloc-192" || left.name == "kmalloc-256");
  }

  /// A node that was taken out of a tree, as that of a timer that has expired, is its own parent, and keeps the
  /// addresses of nodes that were below it or next to it. Nobody follows them (kernel: include/linux/rbtree.h,
  /// RB_CLEAR_NODE; since 7.0 include/linux/rbtree_types.h, struct rb_node_linked). A list that is empty looks alike,
  /// but points to itself twice.
  bool is_in_empty_node(std::uint64_t address) {
    constexpr std::uint64_t kWord = sizeof(std::uint64_t);
    for (const std::uint64_t words : {1u, 2u, 3u, 4u}) {
      const std::uint64_t node = address - words * kWord;
      if (memory_.word(node) == node && (words == 1 || memory_.word(node + kWord) != node)) return true;
    }
    return false;
  }

  /// The kernel keeps who asked for an area of vmalloc, and only shows it (kernel: include/linux/vmalloc.h, struct
  /// vm_struct). That can be the init function of a loaded module, where another module has been since.
  bool is_caller_of_vmalloc(const PointerLeft &left) {
    if (!area_caller_ || !area_begin_ || !area_size_ || left.offset != *area_caller_) return false;
    const std::uint64_t object = left.address - left.offset;
    const std::uint64_t begin = memory_.word(object + *area_begin_).value_or(0);
    const std::uint64_t size = memory_.word(object + *area_size_).value_or(0);
    const auto is_whole_pages = [](std::uint64_t value) { return value != 0 && value % PhysicalMemory::kPage == 0; };
    return begin >= wire::kKernelBegin && is_whole_pages(begin) && is_whole_pages(size);
  }

  void add_variables(std::uint64_t begin, std::uint64_t end) {
    if (begin >= KernelMemory::kImage) variables_.push_back({begin - KernelMemory::kImage, end - KernelMemory::kImage});
  }

  bool is_variable(std::uint64_t at) const {
    return std::any_of(variables_.begin(), variables_.end(),
                       [at](const Span &span) { return at >= span.begin && at < span.end; });
  }

  /// Returns the address of a CPU's variable in the kernel's list of symbols.
  std::optional<std::uint64_t> cpu_variable(std::uint64_t address) const {
    for (const std::uint64_t offset : memory_.cpu_offsets()) {
      const std::uint64_t variable = address - offset;
      if (variable >= cpu_variables_.begin && variable < cpu_variables_.end) return variable;
    }
    return std::nullopt;
  }

  bool is_list(const SlabObject &object) {
    if (!object.allocated) return false;
    if (!lists_) lists_ = lists_of_sections(memory_, kernel_);
    return lists_->contains(object.address);
  }

  void name(PointerLeft &left, std::uint64_t address) const {
    const auto place = symbols_.nearest(address);
    if (!place) return;
    left.name = place->function;
    left.offset = place->offset;
  }

  KernelMemory &memory_;
  const kernel::KernelImage &kernel_;
  const kernel::SymbolTable &symbols_;
  std::optional<SlabObjects> slabs_;
  std::optional<std::uint64_t> last_work_;
  std::optional<std::uint64_t> area_caller_, area_begin_, area_size_;
  std::vector<Span> variables_;  ///< distances from the start of the memory
  Span cpu_variables_{};
  std::optional<std::set<std::uint64_t>> lists_, aside_;  ///< read once they are needed
  bool clears_ = false;                                   ///< the kernel clears what it allocates
};

/// Returns whether any page of the range is mapped: something else is there now.
bool is_in_use(KernelMemory &memory, const ModuleRange &range) {
  for (std::uint64_t at = 0; at < range.size; at += PhysicalMemory::kPage) {
    if (memory.place_of(range.address + at)) return true;
  }
  return false;
}

judge::PointerSearch search(vm::Inspector &guest, const kernel::KernelImage &kernel,
                            const std::vector<ModuleRange> &gone) {
  judge::PointerSearch search;
  auto memory = KernelMemory::of(guest, kernel.symbols());
  if (!memory) {
    search.problem = "the names of the kernel's variables do not fit its memory";
    return search;
  }
  search.made = true;
  std::vector<vm::MemoryRange> ranges;
  std::vector<ModuleRange> searched;
  for (const ModuleRange &range : gone) {
    if (is_in_use(*memory, range)) continue;
    searched.push_back(range);
    ranges.push_back({.begin = range.address, .bytes = range.size});
  }
  if (ranges.empty()) return search;
  const std::vector<vm::MemoryWord> words = guest.changed_pointers(ranges);
  if (words.empty()) return search;
  Owners owners(*memory, kernel);
  owners.prepare(words);
  for (const vm::MemoryWord &word : words) {
    PointerLeft left = owners.owner_of(word);
    for (const ModuleRange &range : searched) {
      if (word.value - range.address >= range.size) continue;
      left.module = range.name;
      left.base = range.address;
      left.section = range.section;
    }
    search.found.push_back(std::move(left));
  }
  return search;
}

}  // namespace

judge::PointerSearch find_pointers(vm::Inspector &guest, const kernel::KernelImage &kernel,
                                   const std::vector<ModuleRange> &gone) {
  try {
    return search(guest, kernel, gone);
  } catch (const base::Error &error) {
    judge::PointerSearch failed;
    failed.problem = error.what();
    return failed;
  }
}

std::vector<ModuleRange> with_sizes(std::vector<ModuleRange> ranges, const std::vector<kernel::ModuleInfo> &modules) {
  for (const kernel::ModuleInfo &module : modules) {
    for (ModuleRange &range : ranges) {
      if (range.size != 0 || range.name != text::lsmod_name(module.name)) continue;
      const auto known = module.section_sizes.find(range.section);
      if (known != module.section_sizes.end()) range.size = known->second;
    }
  }
  std::erase_if(ranges, [](const ModuleRange &range) { return range.size == 0; });
  return ranges;
}

void name_targets(judge::PointerSearch &search, const std::vector<kernel::ModuleInfo> &modules) {
  for (const kernel::ModuleInfo &module : modules) {
    const auto is_its = [name = text::lsmod_name(module.name)](const PointerLeft &left) { return left.module == name; };
    if (std::none_of(search.found.begin(), search.found.end(), is_its)) continue;
    try {
      const kernel::ModuleSymbols symbols(module.file, {});
      for (PointerLeft &left : search.found) {
        if (!is_its(left)) continue;
        const auto place = left.section.empty() ? symbols.nearest(left.value, left.base)
                                                : symbols.nearest_in(left.section, left.value - left.base);
        if (place) left.target = fmt::format("{}+{:#x}", place->function, place->offset);
      }
    } catch (const base::Error &) {
      continue;  // the addresses stay without names
    }
  }
}

}  // namespace kmodtest::run
