// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/topology.hpp"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>
#include <vector>

#include "base/error.hpp"
#include "text/cpu_list.hpp"

namespace kmodtest::vm {
namespace {

/// Returns the CPUs of a list such as "0-1,3". An empty list is a node without CPUs.
std::vector<int> parse_cpus(const std::string &list) {
  const auto bad_list = [&list](const std::string &hint) {
    return base::UsageError(base::Code::bad_numa, fmt::format("NUMA node has an invalid CPU list: '{}'", list), hint);
  };
  const auto ranges = text::cpu_ranges(list);
  if (!ranges) throw bad_list("write CPU numbers and ranges, such as 0-1,3");
  std::vector<int> cpus;
  for (const text::CpuRange &range : *ranges) {
    if (range.first < 0 || range.last < range.first || range.last >= kMaxCpus)
      throw bad_list(fmt::format("ranges go upwards and end at {} at most", kMaxCpus - 1));
    for (std::int64_t cpu = range.first; cpu <= range.last; ++cpu) cpus.push_back(static_cast<int>(cpu));
  }
  return cpus;
}

void check_numa(const GuestSpec &spec) {
  if (spec.numa.empty()) return;
  std::vector<int> node_of(static_cast<std::size_t>(spec.cpus), -1);
  std::uint64_t memory = 0;
  for (std::size_t node = 0; node < spec.numa.size(); ++node) {
    const NumaCell &cell = spec.numa[node];
    if (cell.memory_mib == 0) {
      throw base::UsageError(base::Code::bad_numa, fmt::format("NUMA node {} has no memory", node),
                             "give each node at least 1M");
    }
    memory += cell.memory_mib;
    for (const int cpu : parse_cpus(cell.cpus)) {
      if (cpu >= spec.cpus) {
        throw base::UsageError(
            base::Code::bad_numa,
            fmt::format("NUMA node {} names CPU {}, but the guest has {} CPUs", node, cpu, spec.cpus),
            fmt::format("CPUs count from 0 to {}", spec.cpus - 1));
      }
      int &owner = node_of[static_cast<std::size_t>(cpu)];
      if (owner >= 0) {
        throw base::UsageError(base::Code::bad_numa, fmt::format("CPU {} is in NUMA nodes {} and {}", cpu, owner, node),
                               "name each CPU in one node only");
      }
      owner = static_cast<int>(node);
    }
  }
  for (std::size_t cpu = 0; cpu < node_of.size(); ++cpu) {
    if (node_of[cpu] < 0) {
      throw base::UsageError(base::Code::bad_numa, fmt::format("CPU {} is in no NUMA node", cpu),
                             "name each CPU in one node");
    }
  }
  if (memory != spec.memory_mib) {
    throw base::UsageError(
        base::Code::bad_numa,
        fmt::format("the NUMA nodes have {} MiB together, but the guest has {} MiB", memory, spec.memory_mib),
        "make the nodes' memory add up to the guest's");
  }
}

}  // namespace

Topology topology_of(const GuestSpec &spec) {
  Topology topology;
  topology.threads = spec.threads > 0 ? spec.threads : 1;
  topology.cores = spec.cores;
  topology.sockets = spec.sockets;
  if (topology.sockets <= 0 && topology.cores > 0) {
    topology.sockets = std::max(1, spec.cpus / (topology.cores * topology.threads));
  }
  if (topology.sockets <= 0) topology.sockets = 1;
  if (topology.cores <= 0) topology.cores = std::max(1, spec.cpus / (topology.sockets * topology.threads));
  if (topology.sockets * topology.cores * topology.threads != spec.cpus) {
    const auto counted = [](int n, const char *one) { return fmt::format("{} {}{}", n, one, n == 1 ? "" : "s"); };
    throw base::UsageError(
        base::Code::bad_topology,
        fmt::format("{} cannot be {} × {} × {}", counted(spec.cpus, "CPU"), counted(topology.sockets, "socket"),
                    counted(topology.cores, "core"), counted(topology.threads, "thread")),
        "choose sockets, cores and threads whose product is the number of CPUs");
  }
  return topology;
}

void check(const GuestSpec &spec) {
  if (spec.cpus < 1 || spec.cpus > kMaxCpus) {
    throw base::UsageError(base::Code::bad_topology, fmt::format("a guest cannot have {} CPUs", spec.cpus),
                           fmt::format("give it 1 to {}", kMaxCpus));
  }
  if (spec.memory_mib < kMinMemoryMib || spec.memory_mib > kMaxMemoryMib) {
    throw base::UsageError(base::Code::out_of_range,
                           fmt::format("a guest cannot have {} MiB of memory", spec.memory_mib),
                           fmt::format("give it {} to {} MiB", kMinMemoryMib, kMaxMemoryMib));
  }
  if (spec.sockets < 0 || spec.cores < 0 || spec.threads < 0) {
    throw base::UsageError(base::Code::bad_topology, "sockets, cores and threads cannot be negative",
                           "leave out what does not matter");
  }
  if (spec.clock == Clock::virtual_ && (spec.accelerator != Accelerator::tcg || spec.channel != ChannelKind::memory)) {
    throw base::UsageError(base::Code::clock_needs_channel,
                           "virtual time needs an emulated guest (TCG) and the memory channel",
                           "leave channel and accelerator to kmodtest, or ask for time: real");
  }
  topology_of(spec);
  check_numa(spec);
}

}  // namespace kmodtest::vm
