// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <nlohmann/json_fwd.hpp>

/// Names of the JSON types, for headers; a .cpp file that uses one includes text/json.hpp, which takes seconds to
/// compile.
namespace kmodtest::text {

/// Keeps the members of objects in the order in which they were added.
using Json = nlohmann::ordered_json;

/// Sorts the members of objects.
using SortedJson = nlohmann::json;

}  // namespace kmodtest::text
