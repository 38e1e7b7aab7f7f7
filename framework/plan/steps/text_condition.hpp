// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include "plan/reader.hpp"
#include "wire/program.hpp"

/// The conditions of `run` and `wait` on what a command prints.
namespace kmodtest::plan {

const Table &text_condition_table();
/// Returns the condition of a key; one that always holds if the key is missing.
std::optional<wire::TextCondition> text_condition(MapReader &reader, const std::string &key);

}  // namespace kmodtest::plan
