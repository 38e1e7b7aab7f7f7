// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/reports.hpp"

#include <algorithm>
#include <chrono>
#include <map>

#include "observe/reports_catalogue.hpp"

namespace kmodtest::observe {
namespace {

using namespace std::chrono_literals;

/// A report is printed in one go; a line that comes later than this after the one before is none of it.
constexpr wire::Microseconds kLongestPause = 2s;
constexpr std::size_t kMostLines = 250;

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_cut_here(const wire::KernelLogLine &line) {
  return line.facility == 0 && contains(line.text, kCutHere);
}

bool is_panic(std::string_view text) {
  return text.starts_with("Kernel panic - not syncing");
}

bool is_rule(std::string_view text) {
  return text.starts_with("===================");
}

/// The die counter: "Oops: 0002 [#1] PREEMPT SMP", "divide error: 0000 [#1]" (kernel: __die_header()).
bool kills(std::string_view text) {
  const std::size_t at = text.find(" [#");
  return at != std::string_view::npos && at + 3 < text.size() && text[at + 3] >= '0' && text[at + 3] <= '9';
}

/// One report while its lines come in.
struct Draft {
  KernelReport report;
  const Signature *signature = nullptr;  ///< none yet: after "cut here"
  bool cut_here = false;
  bool in_stack = false;
  bool frames = false;

  ReportEnd end() const {
    if (report.fatal) return ReportEnd::panic;
    return cut_here || signature == nullptr ? ReportEnd::trace : signature->end;
  }
  void name(const Signature &row, const wire::KernelLogLine &line) {
    signature = &row;
    report.report_class = row.report_class;
    report.kind = kind_of(row, line.text);
    report.title = line.text;
    report.fatal = report.fatal || row.fatal;
  }
};

bool ends_here(const Draft &draft, std::string_view text) {
  switch (draft.end()) {
    case ReportEnd::trace:
      return contains(text, "---[ end trace");
    case ReportEnd::stack:
      return text == " </TASK>" || text == "</TASK>" || contains(text, "---[ end trace");
    case ReportEnd::rule:
      return is_rule(text) || contains(text, "---[ end trace");
    case ReportEnd::panic:
      return contains(text, "---[ end Kernel panic");
    case ReportEnd::at_once:
      return text == " </TASK>";
  }
  return false;
}

/// Sorts the lines of a log into reports, by printk caller where there is one.
class Grouping {
 public:
  void add(const wire::KernelLogLine &line) {
    // A marker or a program's message may stand between a report's lines, but is none of it.
    if (line.facility != 0) return;
    const auto open = open_.find(line.caller);
    if (open != open_.end() && !belongs(drafts_[open->second], line)) open_.erase(open);
    const auto still_open = open_.find(line.caller);
    if (still_open != open_.end()) {
      extend(still_open->second, line);
    } else {
      start(line);
    }
  }

  std::vector<Draft> take() { return std::move(drafts_); }

 private:
  bool belongs(const Draft &draft, const wire::KernelLogLine &line) const {
    const auto &lines = draft.report.lines;
    if (lines.size() >= kMostLines || line.time - lines.back().time > kLongestPause) return false;
    if (draft.end() == ReportEnd::at_once) return continues_report(line.text);
    if (!draft.in_stack) return true;
    const bool opens = is_cut_here(line) || find_signature(line) != nullptr;
    // Behind its stack a report only goes on with the machine's last words.
    if (opens && !is_panic(line.text) && !line.text.starts_with("Oops: ")) return false;
    // Kernels before 5.16 have no "</TASK>": the first line that is no frame ends the stack.
    if (draft.end() == ReportEnd::stack && draft.frames) return continues_report(line.text) || is_panic(line.text);
    return true;
  }

  void extend(std::size_t index, const wire::KernelLogLine &line) {
    Draft &draft = drafts_[index];
    draft.report.lines.push_back(line);
    draft.cut_here = draft.cut_here || is_cut_here(line);
    if (const auto *row = find_signature(line)) {
      if (draft.signature == nullptr) draft.name(*row, line);
      draft.report.fatal = draft.report.fatal || row->fatal;
    }
    draft.report.killed = draft.report.killed || kills(line.text);
    if (contains(line.text, "Call Trace:")) draft.in_stack = true;
    if (draft.in_stack && parse_frame(line.text)) draft.frames = true;
    if (ends_here(draft, line.text)) {
      open_.erase(line.caller);
      last_[line.caller] = index;
    }
  }

  void start(const wire::KernelLogLine &line) {
    if (is_panic(line.text) && follows_last(line)) {
      const std::size_t index = last_[line.caller];
      open_[line.caller] = index;
      extend(index, line);
      return;
    }
    // The other CPU's answer to a stall report.
    if (line.text.starts_with("NMI backtrace for cpu") && !drafts_.empty() &&
        drafts_.back().report.report_class == ReportClass::stall) {
      Draft &draft = drafts_.back();
      draft.in_stack = draft.frames = false;
      draft.report.lines.push_back(line);
      open_[line.caller] = drafts_.size() - 1;
      return;
    }
    const auto *row = find_signature(line);
    const bool cut_here = is_cut_here(line);
    if (row == nullptr && !cut_here) return;
    Draft draft;
    draft.cut_here = cut_here;
    draft.report.killed = kills(line.text);
    draft.report.lines.push_back(line);
    if (row != nullptr) {
      draft.name(*row, line);
    } else {
      draft.report.kind = "report cut short";
      draft.report.title = line.text;
    }
    drafts_.push_back(std::move(draft));
    open_[line.caller] = last_[line.caller] = drafts_.size() - 1;
  }

  /// "Kernel panic - not syncing: Fatal exception" and the like are the end of the report before.
  bool follows_last(const wire::KernelLogLine &line) const {
    const auto last = last_.find(line.caller);
    if (last == last_.end()) return false;
    return line.time - drafts_[last->second].report.lines.back().time <= kLongestPause;
  }

  std::vector<Draft> drafts_;
  std::map<std::string, std::size_t> open_;  ///< caller → its report that has not ended
  std::map<std::string, std::size_t> last_;  ///< caller → its report before
};

/// The first place that tells: RIP in a module under test, any frame in one, else RIP or frame that is no helper.
void locate(KernelReport &report, const std::vector<std::string> &modules) {
  std::optional<Frame> under_test_rip, under_test, other;
  for (const auto &line : report.lines) {
    const auto frame = parse_frame(line.text);
    if (!frame || frame->guessed) continue;
    const bool meant = std::find(modules.begin(), modules.end(), frame->module) != modules.end();
    if (meant && line.text.starts_with("RIP: ") && !under_test_rip) under_test_rip = frame;
    if (meant && !under_test) under_test = frame;
    if (!meant && !other && !is_known_helper(frame->place)) other = frame;
  }
  const auto &chosen = under_test_rip ? under_test_rip : under_test ? under_test : other;
  if (!chosen) return;
  report.where = chosen->place;
  report.module = chosen->module;
}

}  // namespace

bool opens_report(const wire::KernelLogLine &line) {
  return is_cut_here(line) || find_signature(line) != nullptr;
}

std::vector<KernelReport> find_reports(const std::vector<wire::KernelLogLine> &log,
                                       const std::vector<std::string> &modules) {
  Grouping grouping;
  for (const auto &line : log) grouping.add(line);
  std::vector<KernelReport> reports;
  for (auto &draft : grouping.take()) {
    locate(draft.report, modules);
    reports.push_back(std::move(draft.report));
  }
  return reports;
}

bool is_complete(const KernelReport &report) {
  Draft draft;
  draft.report.fatal = report.fatal;
  for (const auto &line : report.lines) {
    draft.cut_here = draft.cut_here || is_cut_here(line);
    if (draft.signature == nullptr) draft.signature = find_signature(line);
  }
  if (draft.end() == ReportEnd::at_once) return true;
  return std::any_of(report.lines.begin(), report.lines.end(),
                     [&](const wire::KernelLogLine &line) { return ends_here(draft, line.text); });
}

std::string describe(const KernelReport &report) {
  std::string text = report.kind;
  if (!report.where.empty()) text += " in " + report.where;
  if (!report.module.empty()) text += " [" + report.module + "]";
  return text;
}

}  // namespace kmodtest::observe
