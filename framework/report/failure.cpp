// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/failure.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>
#include <vector>

#include "observe/kmsg.hpp"
#include "report/listeners.hpp"
#include "report/text.hpp"

namespace kmodtest::report {

namespace {

constexpr std::size_t kLogLines = 30;  ///< of the log that a failure shows
constexpr std::size_t kLabelWidth = 8;

/// "  expected: first line\n            second line\n"; nothing for an empty value.
std::string labelled(std::string_view label, std::string_view value) {
  std::string text;
  for (const std::string &line : lines_of(value)) {
    const std::string start = text.empty() ? pad_left(label, kLabelWidth) + ": " : std::string(kLabelWidth + 2, ' ');
    text += "  " + start + printable(line) + "\n";
  }
  return text;
}

/// The part of a line that stands before a column (counted in characters from 1), as blanks of the same width.
std::string blanks_before(std::string_view line, int column) {
  std::string before;
  for (int at = 1; at < column && !line.empty(); ++at) {
    const Character character = first_character(line);
    before += line.substr(0, character.bytes);
    line.remove_prefix(character.bytes);
  }
  return std::string(columns(printable(before)), ' ');
}

/// How many letters of a word stand at a column.
std::size_t word_at(std::string_view line, int column) {
  for (int at = 1; at < column && !line.empty(); ++at) line.remove_prefix(first_character(line).bytes);
  const auto end = std::find_if(line.begin(), line.end(), [](char letter) {
    const bool in_word = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                         (letter >= '0' && letter <= '9') || letter == '_';
    return !in_word;
  });
  return std::max<std::size_t>(1, static_cast<std::size_t>(end - line.begin()));
}

std::string place_in_plan(const judge::Evidence &evidence, const Palette &palette) {
  if (evidence.where.line == 0) return {};
  const std::string number = std::to_string(evidence.where.line);
  const std::string margin(number.size(), ' ');
  const std::string place = fmt::format("{}:{}:{}", evidence.where.file, evidence.where.line, evidence.where.column);
  std::string text = fmt::format("  {}{} {}\n", margin, palette.blue("-->"), printable(place));
  if (evidence.source.empty()) return text;
  const std::string line = lines_of(evidence.source).front();
  text += fmt::format("  {} {} {}\n", palette.blue(number), palette.blue("|"), printable(line));
  if (evidence.where.column < 1) return text;
  const std::string caret = '^' + std::string(word_at(line, evidence.where.column) - 1, '~');
  text += fmt::format("  {} {} {}{}\n", margin, palette.blue("|"), blanks_before(line, evidence.where.column),
                      palette.red(caret));
  return text;
}

std::string render_evidence(const judge::Evidence &evidence, const Palette &palette) {
  std::string text = place_in_plan(evidence, palette);
  text += labelled("expected", evidence.expected);
  text += labelled("seen", evidence.seen);
  text += labelled("trace", fmt::format("{}", fmt::join(evidence.trace, "\n")));
  for (const std::string &detail : evidence.details) {
    for (const std::string &line : lines_of(detail)) text += "    " + printable(line) + "\n";
  }
  text += labelled("hint", evidence.hint);
  return text;
}

std::string render_line(const wire::KernelLogLine &line, const Palette &palette) {
  if (!observe::is_marker(line)) return printable(observe::render_dmesg(line));
  wire::KernelLogLine marker = line;
  const std::string_view prefix = wire::kMarkerPrefix;
  marker.text.erase(0, prefix.size());
  marker.text.insert(0, "-- ");
  return palette.dim(printable(observe::render_dmesg(marker)));
}

std::string where_the_whole_is(const CaseFinished &finished, std::string_view file) {
  return finished.artifacts.empty() ? std::string("--out DIR keeps all of it")
                                    : "all of it: " + (finished.artifacts / file).string();
}

/// The last lines of the log; markers come along and do not count.
std::string end_of_log(const CaseFinished &finished, const std::vector<wire::KernelLogLine> &log,
                       const Palette &palette) {
  std::size_t first = log.size();
  for (std::size_t shown = 0; first > 0; --first) {
    const bool counts = !observe::is_marker(log[first - 1]);
    if (counts && shown == kLogLines) break;
    if (counts) ++shown;
  }
  const auto start = log.begin() + static_cast<std::ptrdiff_t>(first);
  const auto left_out = static_cast<std::size_t>(
      std::count_if(log.begin(), start, [](const auto &line) { return !observe::is_marker(line); }));
  std::string text = "  log of this case:\n";
  if (left_out > 0) {
    const std::string note =
        fmt::format("… {} before ({})", counted(left_out, "line"), where_the_whole_is(finished, "kmsg.log"));
    text += "    " + palette.dim(printable(note)) + "\n";
  }
  std::for_each(start, log.end(), [&](const auto &line) { text += "    " + render_line(line, palette) + "\n"; });
  return text;
}

std::string end_of_console(const CaseFinished &finished, const Palette &palette) {
  const std::vector<std::string> lines = lines_of(finished.seen->console);
  const std::size_t left_out = lines.size() > kLogLines ? lines.size() - kLogLines : 0;
  std::string text = "  serial console:\n";
  if (left_out > 0) {
    const std::string note =
        fmt::format("… {} before ({})", counted(left_out, "line"), where_the_whole_is(finished, "console.log"));
    text += "    " + palette.dim(printable(note)) + "\n";
  }
  for (std::size_t index = left_out; index < lines.size(); ++index) text += "    " + printable(lines[index]) + "\n";
  return text;
}

/// All that is known of an attempt that did not pass, but its first line and its last ones.
std::string render_body(const CaseFinished &finished, const Palette &palette) {
  std::string text = render_findings(finished, palette);
  if (!finished.seen) return text;
  const std::vector<wire::KernelLogLine> log = finished.seen->log();
  if (!log.empty()) return text + end_of_log(finished, log, palette);
  if (!finished.seen->console.empty()) return text + end_of_console(finished, palette);
  return text;
}

}  // namespace

std::string command_to_repeat(const plan::Case &test_case) {
  std::string command = "kmodtest run";
  if (!test_case.plan_file.empty()) {
    command += ' ' + shell_word(test_case.plan_file.string());
  } else {
    for (const plan::ModuleSource &module : test_case.modules) command += ' ' + shell_word(module.path.string());
  }
  for (const std::string &option : test_case.options) command += ' ' + shell_word(option);
  return command + " --case " + shell_word(test_case.id);
}

std::string render_findings(const CaseFinished &finished, const Palette &palette) {
  std::string text;
  const judge::Verdict &verdict = finished.verdict;
  for (std::size_t index = 0; index < verdict.evidence.size(); ++index) {
    const judge::Evidence &evidence = verdict.evidence[index];
    if (index > 0) text += "  and: " + printable(evidence.summary) + "\n";
    text += render_evidence(evidence, palette);
  }
  return text;
}

std::string render_log(const CaseFinished &finished, const Palette &palette, std::string_view indent) {
  std::string text;
  if (!finished.seen) return text;
  for (const wire::KernelLogLine &line : finished.seen->log()) {
    text.append(indent).append(render_line(line, palette)).append("\n");
  }
  return text;
}

std::string reason(const CaseFinished &finished) {
  const judge::Verdict &verdict = finished.verdict;
  if (verdict.outcome == judge::Outcome::skipped) return verdict.skip_reason;
  if (finished.flaky()) return fmt::format("passed at attempt {} only", finished.attempt);
  if (verdict.outcome == judge::Outcome::passed) return "";
  return verdict.evidence.empty() ? "no evidence was recorded" : verdict.evidence.front().summary;
}

std::string as_expected(const CaseFinished &finished) {
  const std::string &came = finished.verdict.came;
  return came.empty() ? "" : "as expected: " + came;
}

std::string headline(const CaseFinished &finished, const Palette &palette) {
  const Result result = result_of(finished);
  return fmt::format("{} {}", palette.of(result, result_word(result)),
                     palette.bold(printable(label(*finished.test_case, finished.repeat))));
}

std::string render_failure(const CaseFinished &finished, const Palette &palette) {
  const std::string why = printable(reason(finished));
  std::string text = headline(finished, palette) + (why.empty() ? "" : ": " + why) + "\n";
  // Told whole: the attempts that made a case flaky, else the last one, which decided.
  if (!finished.flaky()) text += render_body(finished, palette);
  for (const CaseFinished &attempt : finished.earlier) {
    const Result result = result_of(attempt);
    text += fmt::format("  attempt {}: {}: {}\n", attempt.attempt, palette.of(result, result_word(result)),
                        printable(reason(attempt)));
    if (finished.flaky()) text += render_body(attempt, palette);
  }
  if (!finished.artifacts.empty()) text += labelled("files", finished.artifacts.string());
  if (!finished.vmcore.empty()) text += labelled("vmcore", (finished.artifacts / "vmcore").string());
  if (!finished.vmcore_problem.empty()) text += labelled("vmcore", "none: " + finished.vmcore_problem);
  text += labelled("again", command_to_repeat(*finished.test_case));
  return text;
}

std::string render_failure(const CaseFinished &finished) {
  return render_failure(finished, Palette(false));
}

}  // namespace kmodtest::report
