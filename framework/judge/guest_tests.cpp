// SPDX-License-Identifier: GPL-2.0-or-later
// The results of tests that ran inside the guest (KTAP).
#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

#include "judge/always.hpp"
#include "observe/ktap.hpp"
#include "shared/kmsg.hpp"
#include "text/lines.hpp"
#include "text/words.hpp"

namespace kmodtest::judge {
namespace {

using observe::KtapTest;

constexpr std::size_t kMostNames = 5;

bool is_bad(const KtapTest &test) {
  return test.result == KtapTest::Result::failed || test.result == KtapTest::Result::missing;
}

/// The tests of one text, and the case step to which each belongs.
struct Source {
  std::vector<std::string> lines;
  std::vector<std::optional<std::size_t>> steps;  ///< of each line
};

Source kernel_log(const CaseView &view) {
  Source source;
  for (std::size_t i = view.begin; i < view.until; ++i) {
    const auto &line = view.log[i];
    if (shared::is_marker(line)) continue;
    source.lines.push_back(line.text);
    source.steps.push_back(view.step_at(line.sequence));
  }
  return source;
}

std::vector<Source> sources_of(const CaseView &view) {
  std::vector<Source> sources{kernel_log(view)};
  for (const auto &message : view.seen.messages) {
    const auto *command = std::get_if<wire::CommandEnded>(&message);
    if (command == nullptr) continue;
    const auto &indices = view.guest_index;
    const auto found = std::find(indices.begin(), indices.end(), std::optional<std::uint32_t>(command->step));
    std::optional<std::size_t> step;
    if (found != indices.end()) step = static_cast<std::size_t>(found - indices.begin());
    Source source{.lines = text::lines_of(command->out), .steps = {}};
    source.steps.assign(source.lines.size(), step);
    sources.push_back(std::move(source));
  }
  return sources;
}

Finding finding_of_test(const CaseView &view, const GuestTest &one) {
  Finding finding{.outcome = Outcome::failed};
  if (one.step) finding.evidence = evidence_of(view, *one.step);
  finding.evidence.summary = one.test.result == KtapTest::Result::missing
                                 ? fmt::format("{} have no result (KTAP)", one.test.name)
                                 : fmt::format("the test {} failed (KTAP)", one.test.name);
  finding.evidence.expected = "ok";
  finding.evidence.seen = one.text;
  finding.evidence.details = one.test.diagnostics;
  finding.evidence.hint = "'checks: {tests: false}' does not judge the tests in the log";
  return finding;
}

}  // namespace

std::vector<GuestTest> find_guest_tests(const CaseView &view) {
  std::vector<GuestTest> all;
  for (const Source &source : sources_of(view)) {
    for (KtapTest &test : observe::parse_ktap(source.lines)) {
      const bool known = test.line < source.lines.size();
      const std::size_t line = test.line;
      all.push_back({.test = std::move(test),
                     .step = known ? source.steps[line] : std::nullopt,
                     .text = known ? source.lines[line] : std::string()});
    }
  }
  return all;
}

std::vector<Finding> check_guest_tests(const CaseView &view, const std::vector<GuestTest> &all) {
  std::vector<Finding> findings;
  if (!view.test_case.checks.tests) return findings;
  std::set<std::string> known;
  for (const GuestTest &one : all) {
    if (!is_bad(one.test) || !known.insert(one.test.name).second) continue;
    // What did not come because the guest ended is not the test's fault.
    if (one.test.result == KtapTest::Result::missing && view.seen.ending.kind != Ending::Kind::completed) continue;
    if (findings.size() < kMostNames) findings.push_back(finding_of_test(view, one));
  }
  return findings;
}

std::vector<KtapTest> results_by_name(std::vector<GuestTest> all) {
  std::vector<KtapTest> results;
  for (GuestTest &one : all) {
    const auto found = std::find_if(results.begin(), results.end(),
                                    [&](const KtapTest &other) { return other.name == one.test.name; });
    if (found == results.end()) {
      results.push_back(std::move(one.test));
    } else if (is_bad(one.test) && !is_bad(*found)) {
      *found = std::move(one.test);  // a module is loaded several times
    }
  }
  return results;
}

std::string summary_of_tests(const std::vector<observe::KtapTest> &tests) {
  std::vector<std::string> parts;
  for (const auto result :
       {KtapTest::Result::passed, KtapTest::Result::failed, KtapTest::Result::missing, KtapTest::Result::skipped}) {
    const auto count = std::count_if(tests.begin(), tests.end(), [&](const KtapTest &t) { return t.result == result; });
    if (count > 0) parts.push_back(fmt::format("{} {}", count, observe::result_name(result)));
  }
  return fmt::format("{} in the guest (KTAP): {}", text::counted(tests.size(), "test"), fmt::join(parts, ", "));
}

}  // namespace kmodtest::judge
