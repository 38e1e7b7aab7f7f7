// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/guest_shape.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <utility>

#include "base/guest_limits.hpp"
#include "plan/guest_devices.hpp"
#include "plan/kernel_switches.hpp"
#include "plan/matrix.hpp"

namespace kmodtest::plan {
namespace {

using base::kMiB;
constexpr std::uint64_t kLeastMemory = base::kLeastGuestMemoryMib * kMiB;
constexpr std::uint64_t kMostMemory = base::kMostGuestMemoryMib * kMiB;

std::string plural(int number, const char *one, const char *many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

std::optional<std::uint32_t> whole_mib(MapReader &reader, const std::string &key) {
  const auto bytes = reader.size(key);
  if (!bytes) return std::nullopt;
  if (*bytes % kMiB != 0 || *bytes == 0) {
    reader.error(Code::bad_size, key, fmt::format("'{}' has to be whole MiB (write it like 256M)", key));
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(*bytes / kMiB, 0xFFFFFFFFu));
}

void read_topology(MapReader &reader, GuestShape &shape) {
  const bool sockets = reader.has("sockets"), cores = reader.has("cores"), threads = reader.has("threads");
  if (!sockets && !cores && !threads) return;
  const auto s = reader.integer("sockets", 1, kMostCpus);
  const auto c = reader.integer("cores", 1, kMostCpus);
  const auto t = reader.integer("threads", 1, kMostCpus);
  if ((sockets && !s) || (cores && !c) || (threads && !t)) return;
  // Fills in the values that are not given: first cores, then sockets, get the rest.
  const int per_thread = static_cast<int>(t.value_or(1));
  int per_core = static_cast<int>(c.value_or(1));
  int per_socket = static_cast<int>(s.value_or(1));
  if (!cores)
    per_core = std::max(1, shape.cpus / (per_socket * per_thread));
  else if (!sockets)
    per_socket = std::max(1, shape.cpus / (per_core * per_thread));
  if (per_socket * per_core * per_thread != shape.cpus) {
    reader.error(Code::bad_topology,
                 sockets ? "sockets"
                 : cores ? "cores"
                         : "threads",
                 fmt::format("{} × {} × {} make {}, but the guest has {}", plural(per_socket, "socket", "sockets"),
                             plural(per_core, "core", "cores"), plural(per_thread, "thread", "threads"),
                             plural(per_socket * per_core * per_thread, "CPU", "CPUs"), shape.cpus));
    return;
  }
  shape.sockets = per_socket;
  shape.cores = per_core;
  shape.threads = per_thread;
}

/// Reports errors of nodes that could be read: each CPU must be in one of them, and so must all of the memory.
void check_cells(const Node &place, const GuestShape &shape, Scope &scope) {
  if (scope.cpus <= 0) return;
  std::uint64_t taken = 0;
  std::uint64_t memory = 0;
  for (const NumaCell &cell : shape.numa) {
    taken |= cell.cpus.empty() ? 0 : parse_cpu_list(cell.cpus).value.value_or(0);
    memory += cell.memory_mib;
  }
  const std::uint64_t all = shape.cpus >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << shape.cpus) - 1;
  if (const std::uint64_t missing = all & ~taken; missing != 0)
    scope.problems.error(Code::bad_numa, place, fmt::format("CPU {} is in no NUMA node", format_cpu_list(missing)));
  if (memory != shape.memory_mib)
    scope.problems.error(
        Code::bad_numa, place,
        fmt::format("the NUMA nodes have {}M together, but the guest has {}M", memory, shape.memory_mib));
}

void read_cells(const Node &list, GuestShape &shape, Scope &scope) {
  std::uint64_t taken = 0;
  bool whole = true;
  if (list.items.empty() || list.items.size() > static_cast<std::size_t>(kMostNodes)) {
    scope.problems.error(Code::bad_numa, list,
                         fmt::format("a guest has from 1 to {} NUMA nodes, not {}", kMostNodes, list.items.size()));
    return;
  }
  for (const Node &item : list.items) {
    if (item.kind != Node::Kind::map) {
      scope.problems.error(
          Code::bad_numa, item,
          fmt::format("a NUMA node is a map such as {{cpus: 0-1, memory: 128M}}, not {}", kind_phrase(item.kind)));
      whole = false;
      continue;
    }
    MapReader cell(item, numa_table(), scope);
    const auto cpus = cell.cpus("cpus");
    const auto mib = whole_mib(cell, "memory");
    if ((cell.has("cpus") && !cpus) || !mib) {
      whole = false;
      continue;
    }
    if (const std::uint64_t both = taken & cpus.value_or(0); both != 0) {
      cell.error(Code::bad_numa, "cpus", fmt::format("CPU {} is in two NUMA nodes", format_cpu_list(both)));
      whole = false;
    }
    taken |= cpus.value_or(0);
    shape.numa.push_back({format_cpu_list(cpus.value_or(0)), *mib});
  }
  if (whole) check_cells(list, shape, scope);
}

/// Reads nodes in one text: a number of equal ones, or the CPUs of each.
void read_nodes(const Node &place, const std::string &text, GuestShape &shape, Scope &scope) {
  if (const Value<std::int64_t> number = parse_integer(text); number.value) {
    if (*number.value < 1 || *number.value > kMostNodes)
      scope.problems.error(Code::bad_numa, place,
                           fmt::format("a guest has from 1 to {} NUMA nodes, not {}", kMostNodes, *number.value));
    else if (*number.value > 1)
      shape.numa = equal_cells(static_cast<int>(*number.value), shape.cpus, shape.memory_mib);
    return;
  }
  Value<std::vector<NumaCell>> cells = parse_numa(text, shape.memory_mib);
  if (!cells.value) {
    scope.problems.error(cells.code, place, std::move(cells.error));
    return;
  }
  std::uint64_t taken = 0;
  for (const NumaCell &cell : *cells.value) {
    const std::uint64_t cpus = cell.cpus.empty() ? 0 : parse_cpu_list(cell.cpus).value.value_or(0);
    if (const std::uint64_t both = taken & cpus; both != 0) {
      scope.problems.error(Code::bad_numa, place, fmt::format("CPU {} is in two NUMA nodes", format_cpu_list(both)));
      return;
    }
    taken |= cpus;
  }
  if (const auto problem = beyond_guest(taken, scope)) {
    scope.problems.error(Code::no_such_cpu, place, *problem);
    return;
  }
  shape.numa = std::move(*cells.value);
  check_cells(place, shape, scope);
}

}  // namespace

GuestShape read_guest(const Node *guest, const CpuLayout &cpus, const NumaLayout &numa, const Overrides &overrides,
                      Scope &scope, std::vector<Need> &needs) {
  const std::optional<std::uint32_t> &memory_mib = overrides.memory_mib;
  GuestShape shape;
  shape.cpus = cpus.cpus;
  shape.sockets = cpus.sockets;
  shape.cores = cpus.cores;
  shape.threads = cpus.threads;
  if (memory_mib) shape.memory_mib = *memory_mib;
  if (guest == nullptr) {
    if (overrides.strict) add_words(strict_words(), shape);
    return shape;
  }
  MapReader reader(*guest, guest_table(), scope);
  if (reader.has("memory")) {
    const auto bytes = reader.size("memory");
    if (bytes && *bytes < kLeastMemory)
      reader.error(Code::out_of_range, "memory",
                   fmt::format("a guest needs at least {}M of memory", base::kLeastGuestMemoryMib));
    else if (bytes && *bytes > kMostMemory)
      reader.error(Code::out_of_range, "memory",
                   fmt::format("a guest has at most {}G of memory", base::kMostGuestMemoryMib / 1024));
    else if (const auto mib = whole_mib(reader, "memory"); mib && !memory_mib)
      shape.memory_mib = *mib;
  }
  if (scope.cpus > 0 && shape.sockets == 0) read_topology(reader, shape);
  if (numa.node != nullptr) {
    if (numa.node->kind == Node::Kind::list)
      read_cells(*numa.node, shape, scope);
    else if (numa.node->kind != Node::Kind::scalar)
      scope.problems.error(Code::wrong_type, *numa.node,
                           fmt::format("'numa' takes {}, not {} (e.g. numa: 2)",
                                       type_phrase(*guest_table().find("numa")), kind_phrase(numa.node->kind)));
    else if (const auto text = scope.fill(*numa.node))
      read_nodes(*numa.node, *text, shape, scope);
  }
  shape.devices = read_devices(reader, *guest, scope);
  if (const auto channel = reader.choice("channel")) shape.channel = channel_of(*channel);
  if (const auto append = reader.text("append")) {
    if (append->size() > 1024 || append->find('\n') != std::string::npos)
      reader.error(Code::bad_text, "append", "'append' has to be one line of at most 1024 bytes");
    else
      shape.append = *append;
  }
  const auto chosen = std::find_if(scope.variables.begin(), scope.variables.end(),
                                   [](const auto &variable) { return variable.first == kPreemptAxis; });
  const bool is_axis = preempt_axis(guest) && chosen != scope.variables.end();
  KernelSwitches switches = read_kernel_switches(reader, is_axis ? chosen->second : "", overrides.strict);
  add_words(switches.words, shape);
  needs = std::move(switches.needs);
  return shape;
}

void add_words(const std::vector<std::string> &words, GuestShape &shape) {
  for (const std::string &word : words) shape.append += (shape.append.empty() ? "" : " ") + word;
}

}  // namespace kmodtest::plan
