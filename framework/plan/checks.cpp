// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/checks.hpp"

namespace kmodtest::plan {

Checks read_checks(const Node &map, Scope &scope) {
  Checks checks;
  MapReader reader(map, checks_table(), scope);
  checks.reports = reader.boolean("reports").value_or(true);
  checks.taint = reader.boolean("taint").value_or(true);
  checks.leftovers = reader.boolean("leftovers").value_or(true);
  checks.memory = reader.boolean("memory").value_or(false);
  checks.races = races_of(reader.choice("races").value_or("false"));
  checks.parameters = reader.boolean("parameters").value_or(true);
  checks.allow_entries = reader.texts("allow_entries");
  checks.allow_threads = reader.texts("allow_threads");
  checks.allow = reader.texts("allow");
  return checks;
}

}  // namespace kmodtest::plan
