// SPDX-License-Identifier: GPL-2.0-or-later
// The results of tests that ran inside the guest (KTAP).
#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>

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

Finding finding_of_test(const CaseView &view, const Source &source, const KtapTest &test) {
  Finding finding{.outcome = Outcome::failed};
  const auto step = test.line < source.steps.size() ? source.steps[test.line] : std::nullopt;
  if (step) finding.evidence = evidence_of(view, *step);
  finding.evidence.summary = test.result == KtapTest::Result::missing
                                 ? fmt::format("{} have no result (KTAP)", test.name)
                                 : fmt::format("the test {} failed (KTAP)", test.name);
  finding.evidence.expected = "ok";
  finding.evidence.seen = test.line < source.lines.size() ? source.lines[test.line] : std::string();
  finding.evidence.details = test.diagnostics;
  finding.evidence.hint = "'checks: {tests: false}' does not judge the tests in the log";
  return finding;
}

}  // namespace

std::vector<Finding> check_guest_tests(const CaseView &view) {
  std::vector<Finding> findings;
  if (!view.test_case.checks.tests) return findings;
  std::map<std::string, bool> known;
  for (const Source &source : sources_of(view)) {
    for (const KtapTest &test : observe::parse_ktap(source.lines)) {
      if (!is_bad(test) || !known.emplace(test.name, true).second) continue;
      // What did not come because the guest ended is not the test's fault.
      if (test.result == KtapTest::Result::missing && view.seen.ending.kind != Ending::Kind::completed) continue;
      if (findings.size() < kMostNames) findings.push_back(finding_of_test(view, source, test));
    }
  }
  return findings;
}

std::vector<observe::KtapTest> guest_tests(const CaseView &view) {
  std::vector<KtapTest> all;
  for (const Source &source : sources_of(view)) {
    for (KtapTest &test : observe::parse_ktap(source.lines)) {
      const auto found =
          std::find_if(all.begin(), all.end(), [&](const KtapTest &other) { return other.name == test.name; });
      if (found == all.end()) {
        all.push_back(std::move(test));
      } else if (is_bad(test) && !is_bad(*found)) {
        *found = std::move(test);  // a module is loaded several times
      }
    }
  }
  return all;
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
