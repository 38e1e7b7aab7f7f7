// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plan/node.hpp"

/// The ways to write a value: long or short, one or several.
namespace kmodtest::plan {

struct Scope;

/// Returns the node as a map: itself, or the meaning of the short form (`dmesg: Hello`).
Node as_map(const Node &node, const std::string &short_key);

/// Returns the items of a list, or the node itself if it is none.
std::vector<const Node *> one_or_each(const Node &node);

/// Returns false, and reports it, if the node is neither; `what` is e.g. "a file".
bool is_text_or_map(const Node &node, std::string_view what, Scope &scope);

}  // namespace kmodtest::plan
