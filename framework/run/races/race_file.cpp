// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/races/race_file.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "kernel/config.hpp"
#include "kernel/symbols/symbols.hpp"
#include "kernel/synchronisation/sync_functions.hpp"
#include "run/postmortem/kernel_places.hpp"

namespace kmodtest::run {

RaceFile::RaceFile(const std::filesystem::path &file) : mapped_(file) {
  if (mapped_.size() >= wire::kRaceBytes && area().engine == wire::RaceArea::kMagic) return;
  throw base::Error(base::Code::no_races, "this QEMU cannot look for data races",
                    "kmodtest doctor shows what QEMU lacks; the guest's log has more");
}

void RaceFile::write(const wire::RaceRequest &request) {
  area().request = request;
  // The races are as many as `races` says, so they need not be cleared.
  constexpr std::size_t kAnswer = offsetof(wire::RaceArea, begun);
  std::memset(&area().begun, 0, offsetof(wire::RaceArea, race) - kAnswer);
}

RacesFound RaceFile::read() const {
  const wire::RaceArea &answer = area();
  if (answer.begun == 0) return {};
  const auto first = [](const auto &array, std::uint64_t count) {
    const auto most = std::min<std::uint64_t>(count, array.size());
    return std::vector(array.begin(), array.begin() + static_cast<std::ptrdiff_t>(most));
  };
  return {.way = answer.request.way,
          .races = first(answer.race, answer.races),
          .entries = first(answer.entry, answer.entries),
          .left_out = answer.left_out,
          .threads = first(answer.thread, answer.threads),
          .events = first(answer.event, answer.events),
          .unnoted = answer.unnoted};
}

namespace {

/// Returns where a kernel has the names of its threads; all 0 if that is not known. KASAN makes stacks larger.
wire::TaskLayout task_layout(const kernel::KernelImage &kernel, bool kasan) {
  const auto current = current_task_variable(kernel);
  const auto at = [&](const char *member) { return kernel.layouts().offset_of("task_struct", member); };
  const auto name = at("comm"), pid = at("pid"), stack = at("stack");
  if (!current || !name || !pid || !stack) return {};
  constexpr std::uint64_t kStack = 16u << 10;
  return {.current = *current,
          .preempt_count = preempt_count_variable(kernel).value_or(0),
          .name = *name,
          .pid = *pid,
          .stack = *stack,
          .stack_bytes = kasan ? 2 * kStack : kStack};
}

/// Returns where a kernel has what identifies an object of a slab cache; all 0 if that is not known.
wire::SlabLayout slab_layout(const kernel::KernelImage &kernel) {
  const auto page = slab_page_layout(kernel.layouts());
  if (!page) return {};
  return {.direct_map = kernel.symbols().address_of("page_offset_base").value_or(0),
          .page_structs = kernel.symbols().address_of("vmemmap_base").value_or(0),
          .head = page->head,
          .flags = page->flags,
          .type = page->type,
          .flag = page->slab_bit ? std::uint64_t{1} << *page->slab_bit : 0,
          .slab_type = page->slab_type,
          .cache = page->cache,
          .name = page->name,
          .size = page->size};
}

/// Sets the functions whose calls tell which locks are held, and where memory comes from.
void set_noted_functions(const kernel::KernelImage &kernel, wire::RaceRequest &request) {
  for (const auto &[address, function] : kernel::sync_functions_of(kernel.symbols())) {
    const bool noted = function->role == kernel::SyncRole::locks || function->role == kernel::SyncRole::unlocks ||
                       function->role == kernel::SyncRole::allocates;
    if (noted && request.noted_count < request.noted.size()) request.noted[request.noted_count++] = address;
  }
}

}  // namespace

wire::RaceRequest race_request(const kernel::Kernel &kernel, const kernel::KernelImage *names,
                               const std::vector<kernel::ModuleInfo> &modules) {
  wire::RaceRequest request;
  const auto config = kernel::read_kernel_config(kernel);
  if (names != nullptr) request.slabs = slab_layout(*names);
  if (names != nullptr) set_noted_functions(*names, request);
  if (names != nullptr) request.layout = task_layout(*names, config && config->value("CONFIG_KASAN"));
  for (const kernel::ModuleInfo &module : modules) {
    try {
      const kernel::ModuleSymbols symbols(module.file, {});
      const auto offset = symbols.address_of({.function = module.init_function}, kernel::ModuleSymbols::Part::init, 0);
      if (offset) request.add_entry(*offset);
      for (const auto part : {kernel::ModuleSymbols::Part::kept, kernel::ModuleSymbols::Part::init})
        for (const std::uint64_t start : symbols.function_starts(part)) request.add_function(start);
    } catch (const base::Error &) {
      // Its instructions stay without names.
    }
  }
  return request;
}

}  // namespace kmodtest::run
