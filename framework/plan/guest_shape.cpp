// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/guest_shape.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <utility>

namespace kmodtest::plan {
namespace {

constexpr std::uint64_t kMiB = 1u << 20;
constexpr std::uint64_t kLeastMemory = 64 * kMiB;
constexpr std::uint64_t kMostMemory = std::uint64_t{1} << 40;
constexpr int kMostNodes = 16;

std::string plural(int number, const char *one, const char *many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

std::optional<std::uint32_t> whole_mib(MapReader &reader, const std::string &key) {
  const auto bytes = reader.size(key);
  if (!bytes) return std::nullopt;
  if (*bytes % kMiB != 0 || *bytes == 0) {
    reader.error(key, fmt::format("'{}' has to be whole MiB (write it like 256M)", key));
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
  // What is not given is filled in: first cores, then sockets, take what is left.
  const int per_thread = static_cast<int>(t.value_or(1));
  int per_core = static_cast<int>(c.value_or(1));
  int per_socket = static_cast<int>(s.value_or(1));
  if (!cores)
    per_core = std::max(1, shape.cpus / (per_socket * per_thread));
  else if (!sockets)
    per_socket = std::max(1, shape.cpus / (per_core * per_thread));
  if (per_socket * per_core * per_thread != shape.cpus) {
    reader.error(sockets ? "sockets"
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

void read_cells(const Node &list, GuestShape &shape, Scope &scope) {
  std::uint64_t taken = 0;
  std::uint64_t memory = 0;
  bool whole = true;
  if (list.items.empty() || list.items.size() > static_cast<std::size_t>(kMostNodes)) {
    scope.problems.error(list,
                         fmt::format("a guest has from 1 to {} NUMA nodes, not {}", kMostNodes, list.items.size()));
    return;
  }
  for (const Node &item : list.items) {
    if (item.kind != Node::Kind::map) {
      scope.problems.error(item, fmt::format("a NUMA node is a map such as {{cpus: 0-1, memory: 128M}}, not {}",
                                             kind_phrase(item.kind)));
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
      cell.error("cpus", fmt::format("CPU {} is in two NUMA nodes", format_cpu_list(both)));
      whole = false;
    }
    taken |= cpus.value_or(0);
    memory += *mib;
    shape.numa.push_back({format_cpu_list(cpus.value_or(0)), *mib});
  }
  if (!whole || scope.cpus <= 0) return;
  const std::uint64_t all = shape.cpus >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << shape.cpus) - 1;
  if (const std::uint64_t missing = all & ~taken; missing != 0)
    scope.problems.error(list, fmt::format("CPU {} is in no NUMA node", format_cpu_list(missing)));
  if (memory != shape.memory_mib)
    scope.problems.error(
        list, fmt::format("the NUMA nodes have {}M together, but the guest has {}M", memory, shape.memory_mib));
}

}  // namespace

std::vector<NumaCell> equal_cells(int nodes, int cpus, std::uint32_t memory_mib) {
  std::vector<NumaCell> cells;
  int next = 0;
  for (int node = 0; node < nodes; ++node) {
    const int share = cpus / nodes + (node < cpus % nodes ? 1 : 0);
    std::uint64_t mask = 0;
    for (int i = 0; i < share; ++i) mask |= std::uint64_t{1} << next++;
    const std::uint32_t extra =
        static_cast<std::uint32_t>(node) < memory_mib % static_cast<std::uint32_t>(nodes) ? 1 : 0;
    cells.push_back({format_cpu_list(mask), memory_mib / static_cast<std::uint32_t>(nodes) + extra});
  }
  return cells;
}

std::vector<int> read_cpu_axis(const Node *guest, Scope &scope) {
  if (guest == nullptr || guest->kind != Node::Kind::map) return {1};
  const Node *cpus = guest->find("cpus");
  if (cpus == nullptr) return {1};
  std::vector<const Node *> nodes;
  if (cpus->kind == Node::Kind::list) {
    for (const Node &item : cpus->items) nodes.push_back(&item);
    if (nodes.empty()) scope.problems.error(*cpus, "the list of CPU numbers is empty");
  } else {
    nodes.push_back(cpus);
  }
  std::vector<int> out;
  for (const Node *node : nodes) {
    if (node->kind != Node::Kind::scalar) {
      const Key *key = guest_table().find("cpus");
      scope.problems.error(*node, fmt::format("'cpus' takes {}, not {} (e.g. cpus: {})", type_phrase(*key),
                                              kind_phrase(node->kind), key->example));
      continue;
    }
    const Value<std::int64_t> number = parse_integer(node->text);
    if (!number.value)
      scope.problems.error(*node, number.error);
    else if (*number.value < 1 || *number.value > kMostCpus)
      scope.problems.error(*node, fmt::format("a guest has from 1 to {} CPUs, not {}", kMostCpus, *number.value));
    else if (std::find(out.begin(), out.end(), *number.value) == out.end())
      out.push_back(static_cast<int>(*number.value));
  }
  return out;
}

GuestShape read_guest(const Node *guest, int cpus, std::optional<std::uint32_t> memory_mib, Scope &scope) {
  GuestShape shape;
  shape.cpus = cpus;
  if (memory_mib) shape.memory_mib = *memory_mib;
  if (guest == nullptr) return shape;
  MapReader reader(*guest, guest_table(), scope);
  if (reader.has("memory")) {
    const auto bytes = reader.size("memory");
    if (bytes && *bytes < kLeastMemory)
      reader.error("memory", "a guest needs at least 64M of memory");
    else if (bytes && *bytes > kMostMemory)
      reader.error("memory", "a guest has at most 1T of memory");
    else if (const auto mib = whole_mib(reader, "memory"); mib && !memory_mib)
      shape.memory_mib = *mib;
  }
  if (scope.cpus > 0) read_topology(reader, shape);
  if (const Node *numa = reader.find("numa", Type::numa)) {
    if (numa->kind == Node::Kind::list) {
      read_cells(*numa, shape, scope);
    } else if (numa->kind != Node::Kind::scalar) {
      scope.problems.error(*numa, fmt::format("'numa' takes a number or a list of maps, not {} (e.g. numa: 2)",
                                              kind_phrase(numa->kind)));
    } else if (const auto text = scope.fill(*numa)) {
      const Value<std::int64_t> nodes = parse_integer(*text);
      if (!nodes.value)
        scope.problems.error(*numa, nodes.error);
      else if (*nodes.value < 1 || *nodes.value > kMostNodes)
        scope.problems.error(*numa,
                             fmt::format("a guest has from 1 to {} NUMA nodes, not {}", kMostNodes, *nodes.value));
      else if (*nodes.value > 1)
        shape.numa = equal_cells(static_cast<int>(*nodes.value), cpus, shape.memory_mib);
    }
  }
  if (const auto channel = reader.choice("channel")) shape.channel = *channel;
  if (const auto append = reader.text("append")) {
    if (append->size() > 1024 || append->find('\n') != std::string::npos)
      reader.error("append", "'append' has to be one line of at most 1024 bytes");
    else
      shape.append = *append;
  }
  return shape;
}

}  // namespace kmodtest::plan
