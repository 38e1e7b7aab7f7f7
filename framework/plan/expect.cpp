// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/expect.hpp"

namespace kmodtest::plan {

Expect read_expect(const Node &map, Scope &scope) {
  Expect expect;
  MapReader reader(map, expect_table(), scope);
  expect.reports = reader.patterns("report");
  expect.verdict = expected_verdict_of(reader.choice("verdict").value_or(""));
  expect.says = reader.patterns("says");
  expect.where = scope.source.at(map);
  expect.source = scope.source.line(map.line);
  if (!reader.has("report") && !reader.has("verdict"))
    scope.problems.error(Code::checks_nothing, map,
                         "'expect' contains no expectation (e.g. expect: {report: soft lockup})");
  if (reader.has("report") && map.find("report")->kind == Node::Kind::list && map.find("report")->items.empty())
    reader.error(Code::empty_value, "report", "the list of reports is empty");
  if (reader.has("says") && !reader.has("verdict"))
    reader.error(Code::key_needs_another, "says",
                 "'says' is about the verdict that is expected (add e.g. verdict: leaked)");
  return expect;
}

}  // namespace kmodtest::plan
