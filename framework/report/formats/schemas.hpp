// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

/// JSON Schemas (draft 2020-12) of this version's output, identical to the files in report/formats/schemas. They allow
/// only the keys that they name.
namespace kmodtest::report {

/// Returns the schema of a line of `kmodtest run --json`.
std::string_view events_schema();

/// Returns the schema of a line of events.jsonl in a case's folder.
std::string_view agent_messages_schema();

}  // namespace kmodtest::report
