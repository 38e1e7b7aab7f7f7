// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include <nlohmann/json.hpp>  // IWYU pragma: export

#include "text/json_forward.hpp"

/// The one place that includes the whole of nlohmann/json.hpp. Only .cpp files include this; headers include
/// text/json_forward.hpp.
namespace kmodtest::text {

/// Returns JSON text; with an indentation, one value a line. Bytes that are not UTF-8 become U+FFFD.
template <class AnyJson>
std::string json_text(const AnyJson &json, int indentation = -1) {
  return json.dump(indentation, ' ', false, AnyJson::error_handler_t::replace);
}

}  // namespace kmodtest::text
