// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

/// JSON Schemas (draft 2020-12) of what this version writes, word for word as the files in report/formats/schemas. They
/// allow no key that they do not name.
namespace kmodtest::report {

/// Of a line of `kmodtest run --json`.
std::string_view events_schema();

/// Of a line of events.jsonl in a case's folder.
std::string_view reports_schema();

}  // namespace kmodtest::report
