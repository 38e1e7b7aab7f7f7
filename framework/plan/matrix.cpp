// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/matrix.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

namespace kmodtest::plan {
namespace {

bool is_variable_name(const std::string &name) {
  if (name.empty() || name.size() > 64 || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

/// Returns the key to give a list to instead of making it a variable; empty if the name is free.
std::string taken_by(const std::string &name, const GuestAxes &axes) {
  const bool topology = std::any_of(axes.cpus.begin(), axes.cpus.end(), [](const auto &l) { return !l.text.empty(); });
  const bool numa = std::any_of(axes.numa.begin(), axes.numa.end(), [](const auto &l) { return !l.text.empty(); });
  if (name == "kernel") return "kernel:";
  if (name == "cpus" || (name == "topology" && topology) || (name == "numa" && numa))
    return fmt::format("guest: {{{}: …}}", name);
  return "";
}

/// The meaning of a word: numbers from `first` to `last` of CPUs, or of NUMA nodes.
struct Numbers {
  bool of_nodes = false;
  bool from_first = false;
  bool to_last = false;
};

std::optional<Numbers> numbers_of(std::string_view word) {
  const bool of_nodes = word.ends_with(" node");
  const std::string_view which = of_nodes ? word.substr(0, word.size() - 5) : word;
  if (which == "first") return Numbers{.of_nodes = of_nodes, .from_first = true};
  if (which == "last") return Numbers{.of_nodes = of_nodes, .to_last = true};
  if (which == "each") return Numbers{.of_nodes = of_nodes, .from_first = true, .to_last = true};
  return std::nullopt;
}

}  // namespace

std::optional<Axis> preempt_axis(const Node *guest) {
  if (guest == nullptr || guest->kind != Node::Kind::map) return std::nullopt;
  for (const auto &[name, models] : guest->entries) {
    if (name.text != kPreemptAxis || models.kind != Node::Kind::list || models.items.size() < 2) continue;
    Axis axis{.name = &name, .values = {}};
    for (const Node &model : models.items)
      if (model.kind == Node::Kind::scalar) axis.values.push_back(&model);
    if (axis.values.size() == models.items.size()) return axis;
  }
  return std::nullopt;
}

std::vector<Axis> read_matrix(const Node &root, const GuestAxes &axes, Scope &scope) {
  std::vector<Axis> out;
  if (auto models = preempt_axis(root.find("guest"))) {
    scope.used.insert(kPreemptAxis);
    out.push_back(std::move(*models));
  }
  const bool preempt = !out.empty();
  const Node *matrix = root.find("matrix");
  if (matrix == nullptr) return out;
  if (matrix->kind != Node::Kind::map) {
    scope.problems.error(Code::bad_matrix, *matrix,
                         fmt::format("'matrix' takes a map of lists, not {} (e.g. matrix: {})",
                                     kind_phrase(matrix->kind), plan_table().find("matrix")->example));
    return out;
  }
  for (const auto &[name, values] : matrix->entries) {
    Axis axis;
    axis.name = &name;
    if (preempt && name.text == kPreemptAxis)
      scope.problems.error(Code::bad_matrix, name, "'preempt' is an axis already (guest: {preempt: …})");
    else if (const std::string key = taken_by(name.text, axes); !key.empty())
      scope.problems.error(
          Code::bad_matrix, name,
          fmt::format("'{}' cannot be a variable of the matrix (give a list to '{}')", name.text, key));
    else if (!is_variable_name(name.text))
      scope.problems.error(Code::bad_name, name,
                           fmt::format("{} cannot be the name of a variable (letters, digits and '_', no digit first)",
                                       quote(name.text)));
    if (values.kind == Node::Kind::list) {
      for (const Node &value : values.items) axis.values.push_back(&value);
    } else {
      axis.values.push_back(&values);
    }
    if (axis.values.empty())
      scope.problems.error(Code::empty_value, values, fmt::format("the variable {} has no values", quote(name.text)));
    std::erase_if(axis.values, [&](const Node *value) {
      if (value->kind == Node::Kind::scalar) return false;
      scope.problems.error(Code::bad_matrix, *value,
                           fmt::format("a value of the matrix is a single value, not {}", kind_phrase(value->kind)));
      return true;
    });
    out.push_back(std::move(axis));
  }
  return out;
}

std::size_t most_values(const Axis &axis, const CpuLayout &cpus, const NumaLayout &numa) {
  std::size_t number = 0;
  for (const Node *value : axis.values) {
    const auto numbers = numbers_of(value->text);
    const bool each = numbers && numbers->from_first && numbers->to_last;
    const int all = numbers && numbers->of_nodes ? numa.nodes : cpus.cpus;
    number += each ? static_cast<std::size_t>(std::max(all, 1)) : 1;
  }
  return std::max<std::size_t>(number, 1);
}

std::vector<std::string> values_of(const Axis &axis, const CpuLayout &cpus, const NumaLayout &numa, Scope &scope) {
  std::vector<std::string> out;
  const auto add = [&out](std::string value) {
    if (std::find(out.begin(), out.end(), value) == out.end()) out.push_back(std::move(value));
  };
  for (const Node *node : axis.values) {
    const auto filled = scope.fill(*node);
    if (!filled) continue;
    const auto numbers = numbers_of(*filled);
    if (!numbers) {
      add(*filled);
      continue;
    }
    const int all = numbers->of_nodes ? numa.nodes : cpus.cpus;
    if (all <= 0) {
      scope.problems.error(Code::bad_numa, *node,
                           fmt::format("{} needs to know the nodes: 'numa' cannot be a variable of the matrix "
                                       "then (give a list to 'guest: {{numa: …}}')",
                                       quote(*filled)));
      continue;
    }
    for (int i = numbers->from_first ? 0 : all - 1; i < (numbers->to_last ? all : 1); ++i) add(std::to_string(i));
  }
  if (out.empty()) out.emplace_back("0");  // an error already; the steps are still read
  return out;
}

std::vector<std::pair<std::string, std::string>> guest_point(const CpuLayout &cpus, const NumaLayout &numa) {
  std::vector<std::pair<std::string, std::string>> point{{"cpus", std::to_string(cpus.cpus)}};
  if (!cpus.text.empty()) point.emplace_back("topology", cpus.text);
  if (!numa.text.empty()) point.emplace_back("numa", numa.text);
  return point;
}

}  // namespace kmodtest::plan
