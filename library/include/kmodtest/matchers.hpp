// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <cstddef>
#include <gmock/gmock.h>
#include <string>
#include <utility>
#include <vector>

#include "kmodtest/guest.hpp"

/// Matchers for a guest's output: EXPECT_THAT(guest.log(), InOrder("started", "stopped")).
namespace kmodtest {

namespace detail {

inline bool has(const LogLine &line, const std::string &text) {
  return line.text.find(text) != std::string::npos;
}

/// Returns the number of texts that were found in order, and where the lines that contain them end.
inline std::pair<std::size_t, std::vector<LogLine>::const_iterator> follow(const std::vector<LogLine> &log,
                                                                           const std::vector<std::string> &texts) {
  auto from = log.begin();
  auto last = log.end();
  std::size_t found = 0;
  for (; found < texts.size(); ++found) {
    const auto at = std::find_if(from, log.end(), [&](const LogLine &line) { return has(line, texts[found]); });
    if (at == log.end()) break;
    last = at;
    from = at + 1;
  }
  return {found, last};
}

MATCHER_P(InOrderMatcher, texts,
          std::string(negation ? "lacks" : "has") + " lines in this order: " + testing::PrintToString(texts)) {
  const std::vector<LogLine> &log = arg;
  const auto [found, last] = follow(log, texts);
  if (found == texts.size()) return true;
  *result_listener << "no line with \"" << texts[found] << "\"";
  if (last != log.end()) *result_listener << " behind " << *last;
  const auto elsewhere =
      std::find_if(log.begin(), log.end(), [&, text = texts[found]](const LogLine &line) { return has(line, text); });
  if (elsewhere != log.end()) *result_listener << "; it stands before that: " << *elsewhere;
  return false;
}

}  // namespace detail

/// Matches a log whose lines contain these texts in this order.
template <class... Texts>
auto InOrder(const Texts &...texts) {
  return detail::InOrderMatcher(std::vector<std::string>{texts...});
}

/// Matches a line of a log that contains `text`: Contains(Line("ready")), Not(Contains(Line("error"))), Each(…).
MATCHER_P(Line, text, std::string(negation ? "has no" : "has") + " \"" + std::string(text) + "\" in it") {
  return detail::has(arg, text);
}

/// Matches a list of threads with one whose name matches the shell glob.
MATCHER_P(HasThread, glob, std::string(negation ? "has no" : "has a") + " thread '" + std::string(glob) + "'") {
  const std::vector<Thread> &threads = arg;
  return std::any_of(threads.begin(), threads.end(),
                     [&](const Thread &thread) { return fits_glob(glob, thread.name); });
}

/// Matches a list of threads with at least one whose name matches the shell glob, all of which match `inner`:
/// HasThread("worker*", BoundTo(1)).
MATCHER_P2(HasThread, glob, inner,
           std::string(negation ? "has no" : "has a") + " thread '" + std::string(glob) + "' that " +
               testing::DescribeMatcher<Thread>(inner, false)) {
  const std::vector<Thread> &threads = arg;
  std::size_t fitting = 0;
  bool all = true;
  for (const Thread &thread : threads) {
    if (!fits_glob(glob, thread.name)) continue;
    ++fitting;
    testing::StringMatchResultListener why;
    if (testing::ExplainMatchResult(inner, thread, &why)) continue;
    *result_listener << (all ? "" : "; ") << thread << (why.str().empty() ? "" : ", " + why.str());
    all = false;
  }
  if (fitting == 0) *result_listener << "there is no such thread";
  return fitting > 0 && all;
}

/// Matches a thread that is only allowed to run on this CPU.
MATCHER_P(BoundTo, cpu, std::string(negation ? "is not" : "is") + " bound to CPU " + testing::PrintToString(cpu)) {
  *result_listener << "may run on " << arg.allowed_cpus;
  return same_cpus(arg.allowed_cpus, std::to_string(cpu));
}

/// Matches a thread that last ran on this CPU.
MATCHER_P(LastRanOn, cpu,
          std::string(negation ? "last did not run" : "last ran") + " on CPU " + testing::PrintToString(cpu)) {
  *result_listener << "last ran on " << arg.cpu;
  return arg.cpu == cpu;
}

/// Matches a list of modules that contains this one.
MATCHER_P(HasModule, name, std::string(negation ? "lacks" : "has") + " the module '" + std::string(name) + "'") {
  const std::vector<Module> &modules = arg;
  return std::any_of(modules.begin(), modules.end(), [&](const Module &module) { return module.name == name; });
}

/// Matches a command that ended with this status.
MATCHER_P(Exited, status,
          std::string(negation ? "did not end" : "ended") + " with status " + testing::PrintToString(status)) {
  *result_listener << "its status is " << arg.status;
  return testing::ExplainMatchResult(testing::Eq(status), arg.status, result_listener);
}

}  // namespace kmodtest
