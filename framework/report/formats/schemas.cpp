// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/formats/schemas.hpp"

#include "base/embedded.hpp"

namespace kmodtest::report {

/// The files of schemas/ (CMakeLists.txt).
base::EmbeddedFiles schema_files();

std::string_view events_schema() {
  return base::embedded_text(schema_files(), "kmodtest-events.schema.json");
}

std::string_view agent_messages_schema() {
  return base::embedded_text(schema_files(), "kmodtest-reports.schema.json");
}

}  // namespace kmodtest::report
