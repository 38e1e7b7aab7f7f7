// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/failure/failure.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>
#include <vector>

#include "judge/observations.hpp"
#include "plan/fault.hpp"
#include "plan/schedule.hpp"
#include "report/failure/plan_frame.hpp"
#include "report/listeners.hpp"
#include "report/terminal/painted.hpp"
#include "text/escape.hpp"
#include "text/lines.hpp"
#include "text/utf8.hpp"

namespace kmodtest::report {

namespace {

constexpr std::size_t kLabelWidth = 8;

/// Returns true for a line that only has marks below the line before it.
bool is_marks(std::string_view line) {
  return line.find('^') != std::string_view::npos && line.find_first_not_of(" ^~") == std::string_view::npos;
}

/// Returns "  expected: first line
///             second line
/// "; empty for an empty value. Shortens a line with marks below it to the style's width, and each to its longest line.
std::string labelled(std::string_view label, std::string_view value, const FailureStyle &style = {}) {
  constexpr std::size_t kIndent = kLabelWidth + 4;
  const std::size_t width = style.width == 0 ? style.longest_line : style.width;
  const std::size_t room = width == 0 ? 0 : std::max(width, kIndent + 1) - kIndent;
  std::vector<std::string> lines = text::lines_of(value);
  for (std::size_t next = 1; next < lines.size(); ++next) {
    if (!is_marks(lines[next])) continue;
    const std::size_t mark = lines[next].find_first_of("^~");
    const std::size_t length = lines[next].find_last_of("^~") + 1 - mark;
    const Excerpt shown = excerpt(text::printable(lines[next - 1]), mark, length, room);
    lines[next - 1] = shown.line;
    lines[next] = std::string(shown.mark, ' ') + lines[next].substr(mark, shown.length);
  }
  std::string text;
  for (const std::string &line : lines) {
    const std::string start =
        text.empty() ? text::pad_left(label, kLabelWidth) + ": " : std::string(kLabelWidth + 2, ' ');
    text += "  " + start + shown_line(line, style.longest_line) + "\n";
  }
  return text;
}

std::string render_evidence(const outcome::CaseFinished &finished, const judge::Evidence &evidence,
                            const FailureStyle &style) {
  std::string text = plan_frame(evidence, style.palette, style.width);
  text += labelled("expected", evidence.expected, style);
  text += labelled("seen", evidence.seen, style);
  text += labelled("trace", fmt::format("{}", fmt::join(evidence.trace, "\n")));
  text += render_details(finished, evidence.details, style);
  for (const std::string &line : text::lines_of(labelled("hint", plan_hint(evidence)))) {
    text += wrap_painted(line, style.width, kLabelWidth + 4) + "\n";
  }
  if (evidence.code != base::Code::none) text += labelled("more", "kmodtest explain " + base::name_of(evidence.code));
  return text;
}

std::string render_findings(const outcome::CaseFinished &finished, const FailureStyle &style) {
  std::string text;
  const judge::Verdict &verdict = finished.verdict;
  for (std::size_t index = 0; index < verdict.evidence.size(); ++index) {
    const judge::Evidence &evidence = verdict.evidence[index];
    if (index > 0) text += "  and: " + shown_line(evidence.summary, style.longest_line) + "\n";
    text += render_evidence(finished, evidence, style);
  }
  return text;
}

/// Renders everything that is known about a failed attempt, except for its first line and its last ones.
std::string render_body(const outcome::CaseFinished &finished, const FailureStyle &style) {
  return render_findings(finished, style) + render_end_of_log(finished, style);
}

/// Returns a subcommand and the options that select exactly this case.
std::string command_for(const plan::Case &test_case, std::string command) {
  if (!test_case.plan_file.empty()) {
    command += ' ' + text::shell_word(test_case.plan_file.string());
  } else if (!test_case.input.empty()) {
    for (const plan::ModuleSource &other : test_case.companions) command += ' ' + text::shell_word(other.path.string());
    command += ' ' + text::shell_word(test_case.input.string());
  }
  for (const std::string &option : test_case.options) command += ' ' + text::shell_word(option);
  return command + " --case " + text::shell_word(plan::id_to_select(test_case));
}

}  // namespace

std::string command_to_repeat(const plan::Case &test_case) {
  return command_for(test_case, "kmodtest run");
}

/// Returns whether the case has a schedule that no plan names.
static bool is_explored(const outcome::CaseFinished &finished) {
  return finished.test_case->schedule && finished.test_case->schedule->file.empty();
}

std::string command_to_repeat(const outcome::CaseFinished &finished) {
  if (is_explored(finished) && !finished.artifacts.empty())
    return "kmodtest replay " + text::shell_word(finished.artifacts.string());
  return command_to_repeat(*finished.test_case);
}

std::string command_to_enter(const plan::Case &test_case) {
  return command_for(test_case, "kmodtest shell");
}

bool had_guest(const outcome::CaseFinished &finished) {
  return finished.seen && finished.seen->ending.kind != judge::Ending::Kind::not_started;
}

std::string render_findings(const outcome::CaseFinished &finished, const Palette &palette) {
  return render_findings(finished, FailureStyle{palette});
}

std::string reason(const outcome::CaseFinished &finished) {
  const judge::Verdict &verdict = finished.verdict;
  if (verdict.outcome == judge::Outcome::skipped) return verdict.skip_reason;
  if (finished.flaky()) return fmt::format("passed only at attempt {}", finished.attempt);
  if (verdict.outcome == judge::Outcome::passed) return "";
  return verdict.evidence.empty() ? "no evidence was recorded" : verdict.evidence.front().summary;
}

std::string as_expected(const outcome::CaseFinished &finished) {
  const std::string &came = finished.verdict.came;
  return came.empty() ? "" : "as expected: " + came;
}

std::string headline(const outcome::CaseFinished &finished, const Palette &palette) {
  const outcome::Result result = outcome::result_of(finished);
  return fmt::format("{} {}", palette.of(result, outcome::result_word(result)),
                     palette.bold(text::printable(outcome::label(*finished.test_case, finished.repeat))));
}

std::string failure_headline(const outcome::CaseFinished &finished, const Palette &palette) {
  const std::string why = text::printable(reason(finished));
  return headline(finished, palette) + (why.empty() ? "" : ": " + why);
}

std::string render_failure_body(const outcome::CaseFinished &finished, const FailureStyle &style) {
  std::string text;
  // Shown in full: the attempts that made a case flaky, else the last one, which decided.
  if (!finished.flaky()) text += render_body(finished, style);
  for (const outcome::CaseFinished &attempt : finished.earlier) {
    const outcome::Result result = outcome::result_of(attempt);
    text += fmt::format("  attempt {}: {}: {}\n", attempt.attempt,
                        style.palette.of(result, outcome::result_word(result)), text::printable(reason(attempt)));
    if (finished.flaky()) text += render_body(attempt, style);
  }
  if (!finished.artifacts.empty()) text += labelled("files", finished.artifacts.string());
  if (!finished.vmcore.empty()) text += labelled("vmcore", (finished.artifacts / "vmcore").string());
  if (!finished.vmcore_problem.empty()) text += labelled("vmcore", "none: " + finished.vmcore_problem);
  text += labelled("again", command_to_repeat(finished));
  if (had_guest(finished) && !is_explored(finished)) text += labelled("enter", command_to_enter(*finished.test_case));
  return text;
}

std::string render_failure(const outcome::CaseFinished &finished) {
  const FailureStyle whole;
  return failure_headline(finished, whole.palette) + "\n" + render_failure_body(finished, whole);
}

}  // namespace kmodtest::report
