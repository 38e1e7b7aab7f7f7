// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/failure/failure_log.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <set>

#include "judge/observations.hpp"
#include "shared/kmsg.hpp"
#include "text/escape.hpp"
#include "text/lines.hpp"
#include "text/utf8.hpp"
#include "text/words.hpp"

namespace kmodtest::report {

namespace {

constexpr std::size_t kLogLines = 30;       ///< of the log that a failure shows
constexpr std::size_t kBriefLogLines = 12;  ///< of the log and of a finding, in the brief form

/// Beginnings of kernel report lines that do not help to find the place or the cause.
constexpr std::array<std::string_view, 27> kNoise = {"Code:",
                                                     "RSP:",
                                                     "RAX:",
                                                     "RBX:",
                                                     "RDX:",
                                                     "RBP:",
                                                     "R08:",
                                                     "R10:",
                                                     "R13:",
                                                     "FS:",
                                                     "CS:",
                                                     "CR2:",
                                                     "DR0:",
                                                     "DR3:",
                                                     "DR6:",
                                                     "PGD ",
                                                     "P4D ",
                                                     "PUD ",
                                                     "PKRU:",
                                                     "Hardware name:",
                                                     "<TASK>",
                                                     "</TASK>",
                                                     "? ",
                                                     "Modules linked in:",
                                                     "---[ end trace",
                                                     "------------[ cut here",
                                                     "RIP: 0033:"};

/// Returns the text of a dmesg line ("[    5.140900] text"); empty if the line has another format.
std::string_view text_of(std::string_view line) {
  if (!line.starts_with('[')) return {};
  line.remove_prefix(std::min(line.find(']'), line.size() - 1) + 1);
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  return line;
}

bool is_noise(std::string_view rendered) {
  const std::string_view line = text_of(rendered);
  return std::any_of(kNoise.begin(), kNoise.end(), [line](std::string_view start) { return line.starts_with(start); });
}

std::string render_line(const wire::KernelLogLine &line, const Palette &palette, std::size_t longest = 0) {
  if (!shared::is_marker(line)) return shown_line(shared::render_dmesg(line), longest);
  wire::KernelLogLine marker = line;
  const std::string_view prefix = wire::kMarkerPrefix;
  marker.text.erase(0, prefix.size());
  marker.text.insert(0, "-- ");
  return palette.dim(text::printable(shared::render_dmesg(marker)));
}

std::string where_the_whole_is(const outcome::CaseFinished &finished, std::string_view file) {
  return finished.artifacts.empty() ? std::string("--out DIR keeps all lines")
                                    : "all lines: " + (finished.artifacts / file).string();
}

std::vector<std::string> flat(const std::vector<std::string> &details) {
  std::vector<std::string> lines;
  for (const std::string &detail : details) {
    for (std::string &line : text::lines_of(detail)) lines.push_back(std::move(line));
  }
  return lines;
}

/// A line of the log that is shown, or that replaces lines that are not.
struct Shown {
  std::string text;
  bool marker = false;
};

std::vector<Shown> whole_log(const std::vector<wire::KernelLogLine> &log, const FailureStyle &style) {
  std::vector<Shown> all;
  all.reserve(log.size());
  for (const wire::KernelLogLine &line : log) {
    all.push_back({render_line(line, style.palette, style.longest_line), shared::is_marker(line)});
  }
  return all;
}

/// Leaves out lines that the findings have shown, and those that the agent made the kernel print at the end.
std::vector<Shown> brief_log(const outcome::CaseFinished &finished, const std::vector<wire::KernelLogLine> &log,
                             const FailureStyle &style) {
  std::set<std::string> told;
  for (const judge::Evidence &evidence : finished.verdict.evidence) {
    for (std::string &line : flat(evidence.details)) told.insert(std::move(line));
  }
  std::vector<Shown> all;
  std::size_t hidden = 0;
  const auto end_hidden = [&] {
    if (hidden > 0) all.push_back({style.palette.dim(fmt::format("… {} (see above)", text::counted(hidden, "line")))});
    hidden = 0;
  };
  for (const wire::KernelLogLine &line : log) {
    if (shared::is_autopsy_marker(line)) break;
    const std::string text = shared::render_dmesg(line);
    // An oops ends with its registers and repeats the place.
    const bool again = told.count(text) > 0 || is_noise(text) || text_of(text).starts_with("RIP:");
    if (!shared::is_marker(line) && !told.empty() && again) {
      ++hidden;
      continue;
    }
    end_hidden();
    all.push_back({render_line(line, style.palette, style.longest_line), shared::is_marker(line)});
  }
  end_hidden();
  return all;
}

/// Returns the last lines; markers are kept and do not count.
std::string end_of_log(const outcome::CaseFinished &finished, const std::vector<wire::KernelLogLine> &log,
                       const FailureStyle &style) {
  const std::vector<Shown> all = style.brief ? brief_log(finished, log, style) : whole_log(log, style);
  const std::size_t most = style.brief ? kBriefLogLines : kLogLines;
  std::size_t first = all.size();
  for (std::size_t shown = 0; first > 0; --first) {
    const bool counts = !all[first - 1].marker;
    if (counts && shown == most) break;
    if (counts) ++shown;
  }
  const auto start = all.begin() + static_cast<std::ptrdiff_t>(first);
  const auto left_out =
      static_cast<std::size_t>(std::count_if(all.begin(), start, [](const Shown &line) { return !line.marker; }));
  std::string text = "  log of this case:\n";
  if (left_out > 0) {
    const std::string note =
        fmt::format("… {} before ({})", text::counted(left_out, "line"), where_the_whole_is(finished, "kmsg.log"));
    text += "    " + style.palette.dim(text::printable(note)) + "\n";
  }
  std::for_each(start, all.end(), [&](const Shown &line) { text += "    " + line.text + "\n"; });
  return text;
}

std::string end_of_console(const outcome::CaseFinished &finished, const FailureStyle &style) {
  const std::vector<std::string> lines = text::lines_of(finished.seen->console);
  const std::size_t most = style.brief ? kBriefLogLines : kLogLines;
  const std::size_t left_out = lines.size() > most ? lines.size() - most : 0;
  std::string text = "  serial console:\n";
  if (left_out > 0) {
    const std::string note =
        fmt::format("… {} before ({})", text::counted(left_out, "line"), where_the_whole_is(finished, "console.log"));
    text += "    " + style.palette.dim(text::printable(note)) + "\n";
  }
  for (std::size_t index = left_out; index < lines.size(); ++index) {
    text += "    " + shown_line(lines[index], style.longest_line) + "\n";
  }
  return text;
}

}  // namespace

std::string shown_line(std::string_view line, std::size_t longest) {
  if (longest == 0 || line.size() <= longest) return text::printable(line);
  return text::cut_to(text::printable(line.substr(0, longest + 1)), longest) + fmt::format(" ({} bytes)", line.size());
}

std::string render_log(const outcome::CaseFinished &finished, const Palette &palette, std::string_view indent,
                       std::size_t longest_line) {
  std::string text;
  if (!finished.seen) return text;
  for (const wire::KernelLogLine &line : finished.seen->log()) {
    text.append(indent).append(render_line(line, palette, longest_line)).append("\n");
  }
  return text;
}

std::string render_details(const outcome::CaseFinished &finished, const std::vector<std::string> &details,
                           const FailureStyle &style) {
  std::vector<std::string> lines = flat(details);
  const std::size_t all = lines.size();
  if (style.brief && all > kBriefLogLines) {
    std::erase_if(lines, [](const std::string &line) { return is_noise(line); });
    if (lines.size() > kBriefLogLines) lines.resize(kBriefLogLines);
  }
  std::string text;
  for (const std::string &line : lines) text += "    " + shown_line(line, style.longest_line) + "\n";
  if (lines.size() == all) return text;
  const std::string note = fmt::format("… {} left out ({})", text::counted(all - lines.size(), "line"),
                                       where_the_whole_is(finished, "verdict.txt"));
  return text + "    " + style.palette.dim(text::printable(note)) + "\n";
}

std::string render_end_of_log(const outcome::CaseFinished &finished, const FailureStyle &style) {
  if (!finished.seen) return {};
  const std::vector<wire::KernelLogLine> log = finished.seen->log();
  if (!log.empty()) return end_of_log(finished, log, style);
  return finished.seen->console.empty() ? std::string() : end_of_console(finished, style);
}

}  // namespace kmodtest::report
