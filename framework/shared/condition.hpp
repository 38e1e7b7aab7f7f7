// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/pattern.hpp"
#include "wire/message.hpp"
#include "wire/program.hpp"

/// The conditions of steps, evaluated over records: no I/O, no clock, no exceptions. The agent uses them to know when
/// to stop waiting, the judge to judge. "Pending" means: not true now, but it can become true.
namespace kmodtest::shared {

enum class Truth : std::uint8_t { pending, held, violated };

struct Evaluation {
  Truth truth = Truth::pending;
  std::string
      /// one clause: what is missing, or the cause of a failure ("'Thread exiting' has not appeared"); empty if held
      why;
};

/// Evaluates log lines, which are added in order. Skips step markers.
class LogEvaluator {
 public:
  explicit LogEvaluator(const wire::LogCondition &condition);
  void add(const wire::KernelLogLine &line);
  /// Evaluates the lines so far. `violated` is final: an absent line appeared, a count was exceeded, an interval was
  /// off.
  Evaluation evaluate() const;

  /// Returns the sequence number of the line that broke the condition, if any.
  std::optional<std::uint64_t> culprit() const { return culprit_; }

 private:
  struct Counted {
    Matcher matcher;
    wire::Range is;
    std::int64_t seen = 0;
    std::string text;
  };
  struct Timed {
    Matcher matcher;
    wire::Interval interval;
    std::optional<wire::Microseconds> last;
    std::uint32_t gaps = 0;
  };
  wire::LogCondition condition_;
  std::vector<Matcher> in_order_, contains_, absent_;
  std::vector<bool> contains_seen_;
  std::vector<Counted> counts_;
  std::vector<Timed> intervals_;
  std::size_t next_in_order_ = 0;
  std::optional<std::uint64_t> culprit_;
  std::string violation_;
};

/// Returns whether a thread's name matches a glob; if the kernel has cut the name at 15 characters, its beginning
/// counts.
bool is_named(const std::string &glob, const std::string &name);

/// Returns whether the condition is about the thread (by the glob; names cut at 15 characters are allowed for).
bool is_meant(const wire::ThreadCondition &condition, const wire::ThreadRecord &thread);

/// Compares bytes; explains the first one that differs.
Evaluation evaluate(const wire::BytePattern &wanted, std::string_view bytes);
/// Evaluates the threads. Never returns `violated`: threads come and go.
Evaluation evaluate(const wire::ThreadCondition &condition, const std::vector<wire::ThreadRecord> &threads);
Evaluation evaluate(const wire::ModuleCondition &condition, const std::vector<wire::ModuleRecord> &modules);
/// Returns `held` or `violated` for one content. The caller decides whether it can still change.
Evaluation evaluate(const wire::TextCondition &condition, std::string_view content, std::string_view what);

/// Returns whether the file has to be opened and read. Otherwise it is enough that there is one.
bool reads_content(const wire::FileCondition &condition);

/// Evaluates the readings of one file, which are added in order: the first, and each that differs from the one before.
class FileEvaluator {
 public:
  explicit FileEvaluator(const wire::FileCondition &condition);
  void add(wire::Microseconds time, int error, std::string_view content);
  /// Returns `violated` only for `grows` (a step of the wrong size or at the wrong time); a content can still change.
  Evaluation evaluate() const;
  /// Returns when the number of `grows` changed last, if it did.
  std::optional<wire::Microseconds> last_change() const { return last_change_; }

 private:
  wire::FileCondition condition_;
  bool read_ = false;
  int error_ = 0;
  std::string content_;
  std::optional<std::int64_t> number_;
  std::optional<wire::Microseconds> last_change_;
  std::uint32_t gaps_ = 0;
  std::string violation_;
};

/// Returns "1.000 s", "20 ms", "350 µs": durations as failures print them.
std::string format_duration(wire::Microseconds duration);

}  // namespace kmodtest::shared
