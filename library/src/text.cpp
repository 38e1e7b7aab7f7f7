// SPDX-License-Identifier: GPL-2.0-or-later
#include "text.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <string_view>
#include <utility>
#include <vector>

#include "judge/observations.hpp"
#include "kernel/modules/module.hpp"
#include "report/failure/failure.hpp"
#include "report/terminal/palette.hpp"
#include "text/escape.hpp"
#include "text/lines.hpp"
#include "text/words.hpp"

namespace kmodtest::library {

namespace {

constexpr std::size_t kLogLines = 40;  ///< lines of the log in a failure, including step markers

Outcome outcome_of(judge::Outcome outcome) {
  switch (outcome) {
    case judge::Outcome::passed:
      return Outcome::passed;
    case judge::Outcome::failed:
      return Outcome::failed;
    case judge::Outcome::crashed:
      return Outcome::crashed;
    case judge::Outcome::hung:
      return Outcome::hung;
    case judge::Outcome::leaked:
      return Outcome::leaked;
    case judge::Outcome::errored:
    case judge::Outcome::skipped:
      break;
  }
  return Outcome::errored;
}

/// Returns the end of the kernel log, or of the console if the agent never started.
std::string end_of_log(const outcome::CaseFinished &finished, const report::Palette &palette) {
  std::vector<std::string> lines = text::lines_of(report::render_log(finished, palette, "    "));
  std::string title = "log of this test";
  if (lines.empty() && finished.seen) {
    title = "serial console";
    for (const std::string &line : text::lines_of(finished.seen->console)) {
      lines.push_back("    " + text::printable(line));
    }
  }
  if (lines.empty()) return {};
  const std::size_t left_out = lines.size() - std::min(lines.size(), kLogLines);
  std::string text = fmt::format("  {}:\n", title);
  if (left_out > 0) text += fmt::format("    … {} before\n", text::counted(left_out, "line"));
  const auto first = lines.begin() + static_cast<std::ptrdiff_t>(left_out);
  return text + fmt::format("{}", fmt::join(first, lines.end(), "\n"));
}

/// Returns how a test in C++ permits what was found.
std::string permission_words(const judge::Permission &permission) {
  using Kind = judge::Permission::Kind;
  switch (permission.kind) {
    case Kind::none:
      break;
    case Kind::report:
      return "if the test provokes this on purpose, set Checks::reports = false";
    case Kind::thread:
      return "Checks::allow_threads lets one stay";
    case Kind::entry:
      return "Checks::allow_entries lets one stay";
    case Kind::object:
      return fmt::format("Checks::allow = {{\"{}\"}} lets it stay", permission.name);
    case Kind::growth:
      return fmt::format("Checks::allow = {{\"{}\"}} lets it grow", permission.name);
  }
  return {};
}

/// Returns the case with hints for tests in C++.
outcome::CaseFinished with_cpp_hints(outcome::CaseFinished finished) {
  for (judge::Evidence &evidence : finished.verdict.evidence) {
    evidence.hint = judge::join_hints(evidence.hint, permission_words(evidence.permission));
    evidence.permission = {};
  }
  return finished;
}

}  // namespace

Verdict verdict_of(const outcome::CaseFinished &of) {
  Verdict verdict;
  verdict.outcome = outcome_of(of.verdict.outcome);
  verdict.digest = of.digest;
  if (verdict.outcome == Outcome::passed) return verdict;
  const outcome::CaseFinished finished = with_cpp_hints(of);
  const report::Palette palette(false);
  verdict.text = fmt::format("{}: {}\n{}{}", judge::outcome_word(finished.verdict.outcome),
                             text::printable(report::reason(finished)), report::render_findings(finished, palette),
                             end_of_log(finished, palette));
  while (verdict.text.ends_with('\n')) verdict.text.pop_back();
  return verdict;
}

plan::Location place_of(const std::source_location &where) {
  return {where.file_name(), static_cast<int>(where.line()), static_cast<int>(where.column())};
}

std::string source_line(const std::source_location &where) {
  std::ifstream file(where.file_name());
  std::string line;
  for (std::uint_least32_t number = 0; number < where.line(); ++number) {
    if (!std::getline(file, line)) return {};
  }
  return line;
}

std::string text_of(const base::Error &error) {
  std::string text = error.what();
  if (const auto *build = dynamic_cast<const kernel::BuildError *>(&error)) {
    for (const std::string &line : build->excerpt()) text += "\n    " + text::printable(line);
  }
  if (!error.hint().empty()) text += "\n  hint: " + error.hint();
  return text + "\n  more: kmodtest explain " + base::name_of(error.code());
}

}  // namespace kmodtest::library
