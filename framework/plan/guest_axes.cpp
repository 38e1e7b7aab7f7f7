// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/guest_axes.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "text/replace.hpp"

namespace kmodtest::plan {
namespace {

constexpr const char *kTopologyForm = "write it like 2x4x1: sockets, cores of each, threads of each core";

/// Returns the scalars of a key of `guest` that is an axis. Its values are equal in all cases, so they have no
/// variables.
std::vector<const Node *> axis_values(const Node &value, const char *name, const char *empty, Scope &scope) {
  std::vector<const Node *> out;
  const Key *key = guest_table().find(name);
  for (const Node *node : one_or_each(value)) {
    if (node->kind == Node::Kind::scalar)
      out.push_back(node);
    else
      scope.problems.error(Code::wrong_type, *node,
                           fmt::format("'{}' takes {}, not {} (e.g. {}: {})", name, type_phrase(*key),
                                       kind_phrase(node->kind), name, key->example));
  }
  if (value.kind == Node::Kind::list && value.items.empty()) scope.problems.error(Code::empty_value, value, empty);
  return out;
}

void add(std::vector<CpuLayout> &layouts, CpuLayout layout) {
  const bool there = std::any_of(layouts.begin(), layouts.end(), [&](const CpuLayout &other) {
    return other.cpus == layout.cpus && other.text == layout.text;
  });
  if (!there) layouts.push_back(std::move(layout));
}

Value<CpuLayout> parse_count(std::string_view text) {
  const Value<std::int64_t> number = parse_integer(text);
  if (!number.value) return Value<CpuLayout>::bad(number.code, number.error);
  if (*number.value < 1 || *number.value > kMostCpus)
    return Value<CpuLayout>::bad(Code::out_of_range,
                                 fmt::format("a guest has from 1 to {} CPUs, not {}", kMostCpus, *number.value));
  return Value<CpuLayout>::of({.cpus = static_cast<int>(*number.value)});
}

void read_layouts(const std::vector<const Node *> &nodes, Value<CpuLayout> (*parse)(std::string_view),
                  std::vector<CpuLayout> &out, Scope &scope) {
  for (const Node *node : nodes) {
    Value<CpuLayout> layout = parse(node->text);
    if (layout.value)
      add(out, std::move(*layout.value));
    else
      scope.problems.error(layout.code, *node, std::move(layout.error));
  }
}

std::vector<CpuLayout> read_cpus(const Node *guest, Scope &scope) {
  std::vector<CpuLayout> out;
  const Node *topology = guest == nullptr ? nullptr : guest->find("topology");
  const Node *cpus = guest == nullptr ? nullptr : guest->find("cpus");
  if (topology != nullptr) {
    for (const auto &[name, value] : guest->entries)
      if (name.text == "cpus" || name.text == "sockets" || name.text == "cores" || name.text == "threads")
        scope.problems.error(Code::keys_exclude, name,
                             fmt::format("'topology' already sets the CPUs: leave out '{}'", name.text));
    read_layouts(axis_values(*topology, "topology", "the list of topologies is empty", scope), &parse_topology, out,
                 scope);
  } else if (cpus != nullptr) {
    read_layouts(axis_values(*cpus, "cpus", "the list of CPU numbers is empty", scope), &parse_count, out, scope);
  } else {
    out.push_back({});
  }
  return out;
}

/// Returns the number of nodes in a text of `numa`, as far as it is known without a guest; 0 if it depends on
/// variables.
int nodes_of(const Node &value) {
  if (value.kind == Node::Kind::list) return static_cast<int>(value.items.size());
  if (value.kind != Node::Kind::scalar || value.variables) return 0;
  if (const auto number = parse_integer(value.text); number.value)
    return static_cast<int>(std::clamp<std::int64_t>(*number.value, 1, kMostNodes));
  return static_cast<int>(std::count(value.text.begin(), value.text.end(), '/')) + 1;
}

/// Returns the text of a layout in a case's id, if there are several; a plan could contain that text.
std::string layout_text(const Node &value) {
  if (value.kind == Node::Kind::scalar) return std::string(text::trimmed(value.text));
  std::string out;
  for (const Node &cell : value.items) {
    const Node *cpus = cell.find("cpus");
    const Node *memory = cell.find("memory");
    if (&cell != &value.items.front()) out += '/';
    out += fmt::format("{}:{}", cpus == nullptr ? "" : cpus->text, memory == nullptr ? "" : memory->text);
  }
  return out;
}

std::vector<NumaLayout> read_numa(const Node *guest, Scope &scope) {
  const Node *numa = guest == nullptr ? nullptr : guest->find("numa");
  if (numa == nullptr) return {{}};
  const auto is_map = [](const Node &item) { return item.kind == Node::Kind::map; };
  // A list of maps is one layout, any other list has several.
  if (numa->kind != Node::Kind::list || std::all_of(numa->items.begin(), numa->items.end(), is_map))
    return {{.node = numa, .nodes = nodes_of(*numa)}};
  std::vector<NumaLayout> out;
  for (const Node &item : numa->items) {
    if (item.kind != Node::Kind::scalar && item.kind != Node::Kind::list) {
      scope.problems.error(Code::bad_numa, item,
                           fmt::format("a NUMA layout among others is a number of nodes, a text such as 0-1/2-3 "
                                       "or a list of maps, not {}",
                                       kind_phrase(item.kind)));
      continue;
    }
    if (item.variables) {
      scope.problems.error(Code::bad_numa, item,
                           "the layouts of a list are the same in each case: no variables in them");
      continue;
    }
    NumaLayout layout{.text = layout_text(item), .node = &item, .nodes = nodes_of(item)};
    const bool there =
        std::any_of(out.begin(), out.end(), [&](const NumaLayout &other) { return other.text == layout.text; });
    if (!there) out.push_back(std::move(layout));
  }
  if (out.empty()) out.push_back({});
  return out;
}

std::uint64_t lowest(int cpus) {
  return cpus >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << cpus) - 1;
}

}  // namespace

Value<CpuLayout> parse_topology(std::string_view text) {
  using V = Value<CpuLayout>;
  const std::string_view body = text::trimmed(text);
  std::vector<std::int64_t> parts;
  for (std::string_view rest = body;;) {
    const std::size_t sign = rest.find('x');
    const Value<std::int64_t> part = parse_integer(rest.substr(0, sign));
    if (!part.value || *part.value < 1 || *part.value > kMostCpus || parts.size() == 3)
      return V::bad(Code::bad_topology, fmt::format("{} is not a topology ({})", quote(text), kTopologyForm));
    parts.push_back(*part.value);
    if (sign == std::string_view::npos) break;
    rest.remove_prefix(sign + 1);
  }
  if (parts.size() != 3)
    return V::bad(Code::bad_topology, fmt::format("{} is not a topology ({})", quote(text), kTopologyForm));
  const std::int64_t cpus = parts[0] * parts[1] * parts[2];
  if (cpus > kMostCpus)
    return V::bad(Code::bad_topology, fmt::format("a guest has from 1 to {} CPUs, not {} ({})", kMostCpus, cpus, body));
  return V::of({.cpus = static_cast<int>(cpus),
                .sockets = static_cast<int>(parts[0]),
                .cores = static_cast<int>(parts[1]),
                .threads = static_cast<int>(parts[2]),
                .text = fmt::format("{}x{}x{}", parts[0], parts[1], parts[2])});
}

std::uint32_t share_of(std::uint32_t memory_mib, int node, int nodes) {
  const auto parts = static_cast<std::uint32_t>(nodes);
  return memory_mib / parts + (static_cast<std::uint32_t>(node) < memory_mib % parts ? 1 : 0);
}

std::vector<NumaCell> equal_cells(int nodes, int cpus, std::uint32_t memory_mib) {
  std::vector<NumaCell> cells;
  int next = 0;
  for (int node = 0; node < nodes; ++node) {
    const int share = cpus / nodes + (node < cpus % nodes ? 1 : 0);
    const std::uint64_t mask = lowest(next + share) & ~lowest(next);
    next += share;
    cells.push_back({format_cpu_list(mask), share_of(memory_mib, node, nodes)});
  }
  return cells;
}

Value<std::vector<NumaCell>> parse_numa(std::string_view text, std::uint32_t memory_mib) {
  using V = Value<std::vector<NumaCell>>;
  const std::string_view body = text::trimmed(text);
  const auto bad = [&](std::string_view why) {
    return V::bad(Code::bad_numa,
                  fmt::format("{} does not describe NUMA nodes: {} (write them like 2, 0-1/2-3 or 0:128M/1-3:256M)",
                              quote(text), why));
  };
  const auto nodes = static_cast<int>(std::count(body.begin(), body.end(), '/')) + 1;
  if (nodes > kMostNodes)
    return V::bad(Code::bad_numa, fmt::format("a guest has from 1 to {} NUMA nodes, not {}", kMostNodes, nodes));
  std::vector<NumaCell> cells;
  int with_memory = 0;
  for (std::string_view rest = body; static_cast<int>(cells.size()) < nodes;) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    const std::size_t colon = part.find(':');
    NumaCell cell;
    if (const std::string_view cpus = text::trimmed(part.substr(0, colon)); !cpus.empty()) {
      const Value<std::uint64_t> list = parse_cpu_list(cpus);
      if (!list.value) return bad(list.error);
      cell.cpus = format_cpu_list(*list.value);
    }
    cell.memory_mib = share_of(memory_mib, static_cast<int>(cells.size()), nodes);
    if (colon != std::string_view::npos) {
      const Value<std::uint64_t> bytes = parse_size(part.substr(colon + 1));
      if (!bytes.value) return bad(bytes.error);
      if (*bytes.value == 0 || *bytes.value % (1u << 20) != 0 || *bytes.value >> 20 > 0xFFFFFFFFu)
        return bad(fmt::format("{} is not whole MiB", quote(part.substr(colon + 1))));
      cell.memory_mib = static_cast<std::uint32_t>(*bytes.value >> 20);
      ++with_memory;
    }
    cells.push_back(std::move(cell));
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  }
  if (with_memory != 0 && with_memory != nodes) return bad("give each node its memory, or none");
  return V::of(std::move(cells));
}

std::string format_numa(const std::vector<NumaCell> &cells) {
  std::string out;
  for (const NumaCell &cell : cells)
    out += fmt::format("{}{}:{}M", &cell == &cells.front() ? "" : "/", cell.cpus, cell.memory_mib);
  return out;
}

GuestAxes read_guest_axes(const Node *guest, const Overrides &overrides, Scope &scope) {
  const Node *map = guest != nullptr && guest->kind == Node::Kind::map ? guest : nullptr;
  GuestAxes axes;
  const std::size_t before = scope.problems.errors();
  axes.cpus = read_cpus(map, scope);
  // Reported even if the plan's own axes are wrong.
  const bool replaced = !overrides.cpus.empty() || !overrides.topologies.empty();
  if (replaced) axes.cpus.clear();
  for (const int cpus : overrides.cpus) add(axes.cpus, {.cpus = cpus});
  for (const CpuLayout &layout : overrides.topologies) add(axes.cpus, layout);
  axes.known = !axes.cpus.empty() && scope.problems.errors() == before;
  if (axes.cpus.empty()) axes.cpus.push_back({});
  axes.numa = read_numa(map, scope);
  return axes;
}

std::vector<std::pair<std::string, std::string>> shape_variables(const GuestShape &shape) {
  const bool given = shape.sockets > 0;
  return {{"sockets", std::to_string(given ? shape.sockets : 1)},
          {"cores", std::to_string(given ? shape.cores : shape.cpus)},
          {"threads", std::to_string(given ? shape.threads : 1)},
          {"nodes", std::to_string(shape.numa.empty() ? 1 : shape.numa.size())}};
}

}  // namespace kmodtest::plan
