// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace kmodtest::plan {

/// One node of a plan's YAML, free of yaml-cpp. Scalars keep their text unchanged (0x10 stays "0x10").
struct Node {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  std::string text;         ///< of a scalar
  bool quoted = false;      ///< the scalar was in quotes or was a block scalar
  int line = 0;             ///< from 1
  int column = 0;           ///< from 1, in characters
  bool variables = false;   ///< a ${…} is somewhere inside
  std::size_t weight = 0;   ///< a measure of the memory that it and everything below it take
  int depth = 1;            ///< number of levels, including itself
  std::vector<Node> items;  ///< of a list
  struct Entry;
  std::vector<Entry> entries;  ///< of a map, in the file's order; keys are scalars

  /// Returns the value of a key, or nullptr.
  const Node *find(const std::string &key) const;
};

/// One key of a map and its value. Not a std::pair: clang cannot complete a pair of the type that it is defining.
struct Node::Entry {
  Node first;
  Node second;
};

inline const Node *Node::find(const std::string &key) const {
  for (const auto &[name, value] : entries)
    if (name.text == key) return &value;
  return nullptr;
}

/// Returns "a list", "a map", "nothing", "a text": for messages.
const char *kind_phrase(Node::Kind kind);

}  // namespace kmodtest::plan
