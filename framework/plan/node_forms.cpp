// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/node_forms.hpp"

#include <fmt/format.h>
#include <utility>

#include "plan/reader.hpp"

namespace kmodtest::plan {

Node as_map(const Node &node, const std::string &short_key) {
  if (node.kind == Node::Kind::map) return node;
  Node map;
  map.kind = Node::Kind::map;
  map.line = node.line;
  map.column = node.column;
  map.variables = node.variables;
  if (node.kind == Node::Kind::null) return map;
  Node key;
  key.kind = Node::Kind::scalar;
  key.text = short_key;
  key.line = node.line;
  key.column = node.column;
  map.entries.push_back({std::move(key), node});
  return map;
}

std::vector<const Node *> one_or_each(const Node &node) {
  if (node.kind != Node::Kind::list) return {&node};
  std::vector<const Node *> out;
  out.reserve(node.items.size());
  for (const Node &item : node.items) out.push_back(&item);
  return out;
}

bool is_text_or_map(const Node &node, std::string_view what, Scope &scope) {
  if (node.kind == Node::Kind::map || node.kind == Node::Kind::scalar) return true;
  scope.problems.error(Code::wrong_type, node,
                       fmt::format("{} is a text or a map, not {}", what, kind_phrase(node.kind)));
  return false;
}

}  // namespace kmodtest::plan
