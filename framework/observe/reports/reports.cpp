// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/reports/reports.hpp"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <map>

#include "observe/reports/report_draft.hpp"
#include "observe/reports/reports_catalogue.hpp"
#include "text/replace.hpp"

namespace kmodtest::observe {
namespace {

using namespace std::chrono_literals;

/// A report is printed without a break: after a longer pause, a line no longer belongs to it.
constexpr wire::Microseconds kLongestPause = 2s;
constexpr wire::Microseconds kSameBreath = 10ms;
constexpr std::size_t kMostLines = 250;

/// Sorts the lines of a log into reports: by printk caller if there is one, else by the content of a line and by the
/// usual order of a report's lines.
class Grouping {
 public:
  void add(const wire::KernelLogLine &line) {
    // A marker or a program's message can lie between a report's lines, but does not belong to it.
    if (line.facility != 0) return;
    std::vector<std::size_t> &open = open_[line.caller];
    std::erase_if(open, [&](std::size_t index) { return is_over(drafts_[index], line); });
    const bool opens = is_cut_here(line) || find_signature(line) != nullptr;
    if (opens || open.empty()) shows_state_[line.caller] = shows_state(line, opens);
    const std::size_t reports = drafts_.size();
    const bool is_own = opens && std::none_of(open.begin(), open.end(),
                                              [&](std::size_t index) { return goes_on(drafts_[index], line); });
    if (open.empty() || is_own) {
      start(line, opens);
      if (drafts_.size() == reports) before_[line.caller] = line;
    } else {
      extend(line, choose(open, line));
    }
  }

  std::vector<Draft> take() { return std::move(drafts_); }

 private:
  /// Returns true if the line, whatever it is, is too late for the report or cannot belong to it.
  static bool is_over(const Draft &draft, const wire::KernelLogLine &line) {
    if (draft.report.lines.size() >= kMostLines || line.time - draft.last > kLongestPause) return true;
    if (draft.end() == ReportEnd::at_once) return !continues_report(line.text);
    // Kernels before 5.16 have no "</TASK>": the first line that is not a frame ends the stack.
    return draft.in_stack && draft.frames && draft.end() == ReportEnd::stack && !continues_report(line.text) &&
           !is_panic(line.text) && !(draft.task_marker && opens_report(line));
  }

  /// Returns true for a failed access to memory while the kernel prints the report, of which no more follows: lockdep
  /// reads names in the memory of an unloaded module.
  static bool interrupts(const wire::KernelLogLine &line, const Draft &draft) {
    if (draft.end() != ReportEnd::stack || !draft.pid.empty()) return false;
    const Signature *signature = find_signature(line);
    return signature != nullptr && (signature->kind == "page fault" || signature->kind == "NULL pointer dereference" ||
                                    signature->kind == "general protection fault");
  }

  /// Returns true if a line that could open a report continues this one.
  static bool goes_on(const Draft &draft, const wire::KernelLogLine &line) {
    if (draft.harmless()) return false;
    // After its stack, only a panic or an oops continues a report.
    if (is_panic(line.text) || line.text.starts_with("Oops: ")) return true;
    if (draft.in_stack || (is_cut_here(line) && draft.cut_here)) return false;
    if (interrupts(line, draft)) return false;
    // "list_del corruption", "cut here", "kernel BUG at" and "invalid opcode" are one report, until it names its
    // process.
    return draft.pid.empty() || pid_in(line.text) == draft.pid;
  }

  /// Returns whether the kernel shows its state on request (kernel: sched_show_task(), drivers/tty/sysrq.c).
  bool shows_state(const wire::KernelLogLine &line, bool opens) {
    if (opens) return false;
    const std::string_view text = line.text;
    const bool task = text.starts_with("task:") && text::contains(text, "state:");
    if (task || text.starts_with("sysrq: ") || text.starts_with("NMI backtrace for cpu")) return true;
    return shows_state_[line.caller] && continues_report(text);
  }

  /// Returns the open report to which the line belongs.
  std::size_t choose(const std::vector<std::size_t> &open, const wire::KernelLogLine &line) const {
    if (open.size() == 1) return open.front();
    const std::string pid = pid_in(line.text);
    const int rank = rank_of(line.text);
    const auto newest = [&](const auto &fits) {
      const auto found =
          std::find_if(open.rbegin(), open.rend(), [&](std::size_t index) { return fits(drafts_[index]); });
      return found == open.rend() ? std::nullopt : std::optional(*found);
    };
    std::optional<std::size_t> chosen;
    if (pid.empty()) {
      chosen = newest([&](const Draft &draft) { return follows(draft, rank); });
    } else {
      chosen = newest([&](const Draft &draft) { return draft.pid == pid; });
      if (!chosen) chosen = newest([](const Draft &draft) { return draft.pid.empty(); });
    }
    return chosen.value_or(open.back());
  }

  static bool follows(const Draft &draft, int rank) {
    if (rank == kNoRank) return draft.rank <= kCpuRank;
    if (rank == kFrameRank) return draft.rank >= kTraceRank && draft.rank <= kFrameRank;
    if (rank == kRegistersRank && draft.rank == rank) return true;
    return rank > draft.rank && draft.rank >= kCpuRank;
  }

  void extend(const wire::KernelLogLine &line, std::size_t index) {
    before_.erase(line.caller);
    std::vector<std::size_t> &open = open_[line.caller];
    std::erase(open, index);
    if (drafts_[index].take(line)) {
      last_[line.caller] = index;
    } else {
      open.push_back(index);  // the one with the newest line is last
    }
  }

  void start(const wire::KernelLogLine &line, bool opens) {
    if (is_panic(line.text) && follows_last(line)) {
      extend(line, last_[line.caller]);
      return;
    }
    if (shows_stalled_cpu(line)) {
      Draft &draft = drafts_.back();
      draft.in_stack = draft.frames = false;
      draft.rank = kOpening;
      extend(line, drafts_.size() - 1);
      return;
    }
    // A stack without an announcement is a report as well, unless it was requested.
    const bool unknown = (line.text.starts_with("CPU: ") && !pid_in(line.text).empty()) || line.text == "Call Trace:";
    if (!opens && (!unknown || shows_state_[line.caller])) return;
    // Unfinished reports of other CPUs continue; with printk callers there is one at a time.
    std::vector<std::size_t> &open = open_[line.caller];
    std::erase_if(open, [&](std::size_t other) {
      const Draft &draft = drafts_[other];
      return !line.caller.empty() || interrupts(line, draft) ||
             (draft.end() == ReportEnd::stack && draft.frames && !draft.task_marker);
    });
    Draft draft;
    draft.report.kind = "unknown report";
    if (!opens) add_words_before(line, draft);
    const std::size_t index = drafts_.size();
    last_[line.caller] = index;
    const bool whole = draft.take(line);
    drafts_.push_back(std::move(draft));
    if (!whole) open.push_back(index);
  }

  /// Returns true for the state of a CPU that follows a stall report: another CPU's answer to it, or the state of the
  /// CPU that reported its own stall (kernel: dump_cpu_task(), which calls show_regs() since 6.1).
  bool shows_stalled_cpu(const wire::KernelLogLine &line) const {
    if (drafts_.empty() || drafts_.back().report.report_class != ReportClass::stall) return false;
    if (line.text.starts_with("NMI backtrace for cpu")) return true;
    const bool soon = line.time - drafts_.back().last <= kLongestPause;
    return soon && line.text.starts_with("CPU: ") && !pid_in(line.text).empty();
  }

  /// Adds the line before a stack that has no known announcement: the two probably belong together.
  void add_words_before(const wire::KernelLogLine &line, Draft &draft) const {
    const auto before = before_.find(line.caller);
    if (before == before_.end() || line.time - before->second.time > kSameBreath) return;
    draft.report.lines.push_back(before->second);
    draft.report.title = before->second.text;
  }

  /// Returns true for the end of the report before: "Kernel panic - not syncing: Fatal exception" and the like.
  bool follows_last(const wire::KernelLogLine &line) const {
    const auto last = last_.find(line.caller);
    if (last == last_.end() || drafts_[last->second].harmless()) return false;
    return line.time - drafts_[last->second].last <= kLongestPause;
  }

  std::vector<Draft> drafts_;
  // The keys are printk callers; on kernels that do not print them there is one empty key.
  std::map<std::string, std::vector<std::size_t>> open_;  ///< reports that have not ended
  std::map<std::string, std::size_t> last_;               ///< the report before
  std::map<std::string, wire::KernelLogLine> before_;     ///< the line before
  std::map<std::string, bool> shows_state_;               ///< whether the next stack was requested
};

/// Returns the frame for "0xffffffffc0201034", in the module that was loaded there.
std::optional<Frame> frame_in_gone_code(std::string_view text, const std::vector<ModuleRange> &loaded) {
  const auto address = parse_bare_address(text);
  if (!address) return std::nullopt;
  Frame frame;
  frame.place = fmt::format("{:#x}", *address);
  const auto range = std::find_if(loaded.begin(), loaded.end(), [&](const ModuleRange &one) {
    return *address >= one.address && *address - one.address < one.size;
  });
  if (range != loaded.end()) frame.module = range->name;
  return frame;
}

/// How much a place in a line shows about where the report is from.
enum class Weight { other, words, title, frame, call_trace, fault };

/// Finds the most telling place: RIP in a module under test, a frame in one, a place in the report's words there; else
/// the first RIP or frame that is not a helper.
void locate(KernelReport &report, const std::vector<std::string> &modules, const std::vector<ModuleRange> &loaded) {
  std::optional<Frame> chosen;
  std::optional<Weight> weight;
  bool in_call_trace = false;  // a slab report has the stacks of the allocation and of the freeing before it
  for (const auto &line : report.lines) {
    if (line.text == "Call Trace:") in_call_trace = true;
    auto frame = parse_frame(line.text);
    if (!frame) frame = frame_in_gone_code(line.text, loaded);
    if (!frame) continue;
    const bool under_test = std::find(modules.begin(), modules.end(), frame->module) != modules.end();
    if (frame->guessed && under_test && report.mentions.empty()) {
      report.mentions = fmt::format("{} [{}]", frame->place, frame->module);
    }
    if (frame->guessed) continue;
    const std::size_t blanks = std::min(line.text.find_first_not_of(' '), line.text.size());
    const bool fault = line.text.starts_with("RIP: ") || line.text.starts_with("pc : ");
    const bool in_stack = std::string_view(line.text).substr(blanks).starts_with(frame->place);
    if (!under_test && is_known_helper(frame->place)) continue;
    Weight own = Weight::other;
    if (under_test) {
      own = in_call_trace ? Weight::call_trace : Weight::frame;
      if (!in_stack) own = line.text == report.title ? Weight::title : Weight::words;
      if (fault) own = Weight::fault;
    }
    if (weight && own <= *weight) continue;
    weight = own;
    chosen = frame;
  }
  if (chosen) {
    report.where = chosen->place;
    report.module = chosen->module;
  }
  if (!report.module.empty()) report.mentions.clear();
}

/// Returns true for a stack that a module under test has printed with dump_stack(): the module's function called it. In
/// a kernel report, the function of the kernel that found the defect did.
bool is_own_dump(const Draft &draft, const std::vector<std::string> &modules) {
  if (draft.signature != nullptr || draft.cut_here) return false;
  bool in_trace = false, dumps = false;
  for (const auto &line : draft.report.lines) {
    in_trace = in_trace || line.text == "Call Trace:";
    const auto frame = in_trace ? parse_frame(line.text) : std::nullopt;
    if (!frame || frame->guessed) continue;
    if (frame->place.starts_with("dump_stack")) {
      dumps = true;
      continue;
    }
    if (!dumps) return false;
    if (frame->module.empty()) return calls_back(frame->place);
    return std::find(modules.begin(), modules.end(), frame->module) != modules.end();
  }
  return false;
}

}  // namespace

bool opens_report(const wire::KernelLogLine &line) {
  return is_cut_here(line) || find_signature(line) != nullptr;
}

std::vector<KernelReport> find_reports(const std::vector<wire::KernelLogLine> &log,
                                       const std::vector<std::string> &modules,
                                       const std::vector<ModuleRange> &loaded) {
  Grouping grouping;
  for (const auto &line : log) grouping.add(line);
  std::vector<KernelReport> reports;
  for (auto &draft : grouping.take()) {
    if (draft.harmless() || is_own_dump(draft, modules)) continue;
    locate(draft.report, modules, loaded);
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

bool is_plain_panic(const KernelReport &report) {
  return is_panic(report.title);
}

std::string describe(const KernelReport &report) {
  std::string text = report.kind;
  if (!report.where.empty()) text += " in " + report.where;
  if (!report.module.empty()) text += " [" + report.module + "]";
  if (!report.mentions.empty()) text += " (its stack mentions " + report.mentions + ")";
  return text;
}

}  // namespace kmodtest::observe
