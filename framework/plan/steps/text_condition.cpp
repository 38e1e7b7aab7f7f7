// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/steps/text_condition.hpp"

#include <fmt/format.h>

namespace kmodtest::plan {

const Table &text_condition_table() {
  static const Table table{"text",
                           {{"equals", Type::text, "", "the whole text, trailing newlines aside", "\"42\""},
                            {"contains", Type::patterns, "", "text that must be in it", "ready"},
                            {"lacks", Type::patterns, "", "text that must not be in it", "error"},
                            {"number", Type::range, "", "the text is one number in this range", "'>= 2'"}}};
  return table;
}

std::optional<wire::TextCondition> text_condition(MapReader &reader, const std::string &key) {
  const Node *node = reader.find(key, Type::text_condition);
  if (node == nullptr) return wire::TextCondition{};
  if (node->kind == Node::Kind::null) {
    reader.error(Code::wrong_type, key,
                 fmt::format("'{}' takes a pattern or a map, not nothing (e.g. {}: {{equals: ''}})", key, key));
    return std::nullopt;
  }
  const Node map = as_map(*node, "contains");
  MapReader text(map, text_condition_table(), reader.scope());
  wire::TextCondition condition;
  condition.equals = text.text("equals");
  condition.contains = text.patterns("contains");
  condition.absent = text.patterns("lacks");
  condition.number = text.range("number");
  return condition;
}

}  // namespace kmodtest::plan
