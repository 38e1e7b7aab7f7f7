// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <vector>

/// Results of tests that run inside the guest: KUnit suites in modules, kselftest scripts.
namespace kmodtest::observe {

/// A test in KTAP (kernel: Documentation/dev-tools/ktap.rst).
struct KtapTest {
  enum class Result {
    passed,
    failed,
    skipped,
    missing  ///< the plan has more tests than there are results
  };
  std::string name;  ///< with those of its suites: "suite.test"
  Result result = Result::passed;
  std::string reason = {};                    ///< why it was skipped
  std::vector<std::string> diagnostics = {};  ///< the first lines that belong to a failure
  std::size_t line = 0;                       ///< index of the line with the result; for missing: of the last line
  bool operator==(const KtapTest &) const = default;
};

/// Returns the tests in the lines of a log: those that have no tests below them, and others that fail although what is
/// below them does not. Other lines are ignored, and so is whatever looks like a result outside of KTAP.
std::vector<KtapTest> parse_ktap(const std::vector<std::string> &lines);

/// Returns "passed", "failed", "skipped", "missing".
const char *result_name(KtapTest::Result result);

}  // namespace kmodtest::observe
