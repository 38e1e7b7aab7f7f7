// SPDX-License-Identifier: GPL-2.0-or-later
#include "shared/condition.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "shared/kmsg.hpp"
#include "shared/procfs.hpp"
#include "shared/thread_words.hpp"
#include "text/number.hpp"

namespace kmodtest::shared {
namespace {

/// TASK_COMM_LEN - 1 (kernel: include/linux/sched.h).
constexpr std::size_t kCutName = 15;
constexpr std::size_t kShownContent = 120;

std::string number(std::int64_t value) {
  return std::to_string(value);
}

Evaluation held() {
  return {Truth::held, ""};
}
Evaluation pending(std::string why) {
  return {Truth::pending, std::move(why)};
}

std::string in_marks(std::string_view text) {
  std::size_t size = std::min(text.size(), kShownContent);
  // Never cut inside a UTF-8 character.
  while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  std::string shown = "'";
  for (const char c : text.substr(0, size)) shown += c == '\n' ? std::string("\\n") : std::string(1, c);
  shown += text.size() > size ? "…'" : "'";
  return shown;
}

std::string plural(std::int64_t count, const std::string &noun) {
  return number(count) + " " + noun + (count == 1 ? "" : "s");
}

/// Returns "3", "2..5", "at least 2", "at most 5", to follow "not".
std::string render(const wire::Range &range) {
  const bool open_below = range.min == std::numeric_limits<std::int64_t>::min();
  const bool open_above = range.max == std::numeric_limits<std::int64_t>::max();
  if (range.min == range.max) return number(range.min);
  if (open_above) return "at least " + number(range.min);
  if (open_below || range.min == 0) return "at most " + number(range.max);
  return number(range.min) + ".." + number(range.max);
}

std::string seconds(wire::Microseconds duration) {
  char text[40];
  std::snprintf(text, sizeof text, "%.3f s", static_cast<double>(duration.count()) / 1e6);
  return text;
}

bool is_off(const wire::Interval &interval, wire::Microseconds gap) {
  return gap < interval.min || gap > interval.max;
}

/// Returns "was 1.412 s, not within 0.800 s..1.200 s": in one unit for all three if one of them is a second or more.
std::string render_gap(const wire::Interval &interval, wire::Microseconds gap) {
  const bool long_ones = std::max(gap, interval.max) >= std::chrono::seconds(1);
  const auto show = long_ones ? seconds : format_duration;
  return "was " + show(gap) + ", not within " + show(interval.min) + ".." + show(interval.max);
}

std::string_view without_trailing_newlines(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && std::strchr(" \t\r\n", text.back()) != nullptr) text.remove_suffix(1);
  return text::whole_number<std::int64_t>(text);
}

std::string same_dashes(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::string render_state(char state) {
  return std::string(1, state) + " (" + state_name(state) + ")";
}

std::string render_states(const std::string &states) {
  std::string text;
  for (const char state : states) text += (text.empty() ? "" : " or ") + render_state(state);
  return text;
}

const std::string &whole_name(const wire::ThreadRecord &thread) {
  return thread.full_name.empty() ? thread.name : thread.full_name;
}

std::string describe(const wire::ThreadRecord &thread) {
  return "thread '" + whole_name(thread) + "' (pid " + number(thread.pid) + ")";
}

std::string render_names(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  std::string text;
  for (const auto &name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "no module" : text;
}

/// Returns "the policy other, not fifo", "the priority 1, not 50", "the nice value 0, not -5"; empty if all is right.
std::string wrong_scheduling(const wire::ThreadCondition &condition, const wire::ThreadRecord &thread) {
  const auto &policies = condition.policies;
  if (!policies.empty() && std::find(policies.begin(), policies.end(), thread.policy) == policies.end()) {
    std::string wanted;
    for (const std::uint8_t policy : policies) wanted += (wanted.empty() ? "" : " or ") + policy_name(policy);
    return "the policy " + policy_name(thread.policy) + ", not " + wanted;
  }
  if (condition.priority && !condition.priority->contains(thread.priority))
    return "the priority " + number(thread.priority) + ", not " + render(*condition.priority);
  if (condition.nice && !condition.nice->contains(thread.nice))
    return "the nice value " + number(thread.nice) + ", not " + render(*condition.nice);
  return {};
}

std::string malformed(const wire::Pattern &pattern, const Matcher &matcher) {
  return "the expression " + render_pattern(pattern) + " is malformed: " + matcher.error();
}

}  // namespace

std::string format_duration(wire::Microseconds duration) {
  const auto count = duration.count();
  if (count == 0) return "0 s";
  if (count <= -1'000'000 || count >= 1'000'000) return seconds(duration);
  if (count > -1000 && count < 1000) return number(count) + " µs";
  if (count % 1000 == 0) return number(count / 1000) + " ms";
  char text[40];
  std::snprintf(text, sizeof text, "%.3f ms", static_cast<double>(count) / 1e3);
  return text;
}

// ---- dmesg ----------------------------------------------------------------------------------------------------------

LogEvaluator::LogEvaluator(const wire::LogCondition &condition) : condition_(condition) {
  const auto compile = [this](const wire::Pattern &pattern) {
    Matcher matcher(pattern);
    // An expression that cannot match would make "absent" always hold.
    if (!matcher.error().empty() && violation_.empty()) violation_ = malformed(pattern, matcher);
    return matcher;
  };
  for (const auto &pattern : condition.in_order) in_order_.push_back(compile(pattern));
  for (const auto &pattern : condition.contains) contains_.push_back(compile(pattern));
  for (const auto &pattern : condition.absent) absent_.push_back(compile(pattern));
  for (const auto &count : condition.counts) {
    counts_.push_back({compile(count.of), count.is, 0, render_pattern(count.of)});
  }
  for (const auto &interval : condition.intervals) {
    intervals_.push_back({compile(interval.of), interval, std::nullopt, 0});
  }
  contains_seen_.assign(contains_.size(), false);
}

void LogEvaluator::add(const wire::KernelLogLine &line) {
  if (is_marker(line) || !violation_.empty()) return;
  const auto break_it = [&](std::string why) {
    if (!violation_.empty()) return;
    violation_ = std::move(why);
    culprit_ = line.sequence;
  };
  if (next_in_order_ < in_order_.size() && in_order_[next_in_order_].matches(line.text)) ++next_in_order_;
  for (std::size_t i = 0; i < contains_.size(); ++i) {
    if (!contains_seen_[i] && contains_[i].matches(line.text)) contains_seen_[i] = true;
  }
  for (std::size_t i = 0; i < absent_.size(); ++i) {
    if (absent_[i].matches(line.text)) {
      break_it(render_pattern(condition_.absent[i]) + " appeared: " + in_marks(line.text));
    }
  }
  for (auto &counted : counts_) {
    if (!counted.matcher.matches(line.text)) continue;
    ++counted.seen;
    if (counted.seen > counted.is.max) {
      break_it(counted.text + " appeared " + plural(counted.seen, "time") + ", not " + render(counted.is));
    }
  }
  for (auto &timed : intervals_) {
    if (!timed.matcher.matches(line.text)) continue;
    if (timed.last) {
      const auto gap = line.time - *timed.last;
      if (is_off(timed.interval, gap)) {
        break_it("the gap between two " + render_pattern(timed.interval.of) + " " + render_gap(timed.interval, gap));
      }
      ++timed.gaps;
    }
    timed.last = line.time;
  }
}

Evaluation LogEvaluator::evaluate() const {
  if (!violation_.empty()) return {Truth::violated, violation_};
  if (next_in_order_ < in_order_.size()) {
    std::string why = render_pattern(condition_.in_order[next_in_order_]) + " has not appeared";
    if (next_in_order_ > 0) why += " after " + render_pattern(condition_.in_order[next_in_order_ - 1]);
    return pending(std::move(why));
  }
  for (std::size_t i = 0; i < contains_.size(); ++i) {
    if (!contains_seen_[i]) return pending(render_pattern(condition_.contains[i]) + " has not appeared");
  }
  for (const auto &counted : counts_) {
    if (counted.is.contains(counted.seen)) continue;
    return pending(counted.text + " appeared " + plural(counted.seen, "time") + ", not " + render(counted.is));
  }
  for (const auto &timed : intervals_) {
    if (timed.gaps >= timed.interval.gaps) continue;
    const std::int64_t times = timed.last ? std::int64_t{timed.gaps} + 1 : 0;
    return pending(render_pattern(timed.interval.of) + " appeared " + plural(times, "time") + ", not at least " +
                   number(std::int64_t{timed.interval.gaps} + 1) + " (for its interval)");
  }
  return held();
}

// ---- ps, lsmod ------------------------------------------------------------------------------------------------------

bool is_named(const std::string &glob, const std::string &name) {
  return glob_matches(glob, name, name.size() == kCutName ? kCutName : 0);
}

bool is_meant(const wire::ThreadCondition &condition, const wire::ThreadRecord &thread) {
  return is_named(condition.thread, whole_name(thread));
}

Evaluation evaluate(const wire::ThreadCondition &condition, const std::vector<wire::ThreadRecord> &threads) {
  std::vector<const wire::ThreadRecord *> meant;
  for (const auto &thread : threads) {
    if (is_meant(condition, thread)) meant.push_back(&thread);
  }
  const auto found = static_cast<std::int64_t>(meant.size());
  if (condition.absent) return meant.empty() ? held() : pending(describe(*meant.front()) + " is still there");
  const std::string name = "'" + condition.thread + "'";
  if (condition.count && !condition.count->contains(found)) {
    return pending("there " + std::string(found == 1 ? "is " : "are ") + plural(found, "thread") + " " + name +
                   ", not " + render(*condition.count));
  }
  if (!condition.count && meant.empty()) return pending("there is no thread " + name);
  for (const auto *thread : meant) {
    if (!condition.states.empty() && condition.states.find(thread->state) == std::string::npos) {
      return pending(describe(*thread) + " is in state " + render_state(thread->state) + ", not " +
                     render_states(condition.states));
    }
    if (condition.cpus) {
      const auto cpus = parse_cpu_list(*condition.cpus);
      if (!cpus) return pending("the CPU list '" + *condition.cpus + "' is malformed");
      if (std::find(cpus->begin(), cpus->end(), thread->cpu) == cpus->end()) {
        return pending(describe(*thread) + " last ran on CPU " + number(thread->cpu) + ", not on " + *condition.cpus);
      }
    }
    if (condition.allowed && !same_cpus(thread->allowed_cpus, *condition.allowed)) {
      return pending(describe(*thread) + " may run on CPU " + thread->allowed_cpus + ", not on exactly " +
                     *condition.allowed);
    }
    if (std::string wrong = wrong_scheduling(condition, *thread); !wrong.empty())
      return pending(describe(*thread) + " has " + wrong);
  }
  return held();
}

Evaluation evaluate(const wire::ModuleCondition &condition, const std::vector<wire::ModuleRecord> &modules) {
  const std::string wanted = same_dashes(condition.module);
  const auto module = std::find_if(modules.begin(), modules.end(), [&](const wire::ModuleRecord &record) {
    return same_dashes(record.name) == wanted;
  });
  const std::string name = "module '" + wanted + "'";
  if (condition.absent) return module == modules.end() ? held() : pending(name + " is still loaded");
  if (module == modules.end()) return pending(name + " is not loaded");
  if (condition.size && !condition.size->contains(static_cast<std::int64_t>(module->size))) {
    return pending(name + " takes " + plural(static_cast<std::int64_t>(module->size), "byte") + ", not " +
                   render(*condition.size));
  }
  if (condition.users && !condition.users->contains(module->users)) {
    return pending(name + " has " + plural(module->users, "user") + ", not " + render(*condition.users));
  }
  if (condition.used_by) {
    std::vector<std::string> seen, asked;
    for (const auto &user : module->used_by) seen.push_back(same_dashes(user));
    for (const auto &user : *condition.used_by) asked.push_back(same_dashes(user));
    if (render_names(seen) != render_names(asked)) {
      return pending(name + " is used by " + render_names(seen) + ", not by " + render_names(asked));
    }
  }
  return held();
}

// ---- contents -------------------------------------------------------------------------------------------------------

Evaluation evaluate(const wire::TextCondition &condition, std::string_view content, std::string_view what) {
  const std::string_view text = without_trailing_newlines(content);
  const std::string name(what);
  const auto violated = [](std::string why) { return Evaluation{Truth::violated, std::move(why)}; };
  if (condition.equals && text != without_trailing_newlines(*condition.equals)) {
    return violated(name + " is " + in_marks(text) + ", not " + in_marks(without_trailing_newlines(*condition.equals)));
  }
  for (const auto &pattern : condition.contains) {
    const Matcher matcher(pattern);
    if (!matcher.error().empty()) return violated(malformed(pattern, matcher));
    if (!matcher.matches(text)) return violated(render_pattern(pattern) + " is not in " + name + ": " + in_marks(text));
  }
  for (const auto &pattern : condition.absent) {
    const Matcher matcher(pattern);
    if (!matcher.error().empty()) return violated(malformed(pattern, matcher));
    if (matcher.matches(text)) return violated(render_pattern(pattern) + " is in " + name + ": " + in_marks(text));
  }
  if (condition.number) {
    const auto value = parse_number(text);
    if (!value) return violated(name + " is no number: " + in_marks(text));
    if (!condition.number->contains(*value)) {
      return violated(name + " is " + number(*value) + ", not " + render(*condition.number));
    }
  }
  return held();
}

bool reads_content(const wire::FileCondition &condition) {
  return condition.is_read || !condition.content.empty() || condition.grows.has_value();
}

FileEvaluator::FileEvaluator(const wire::FileCondition &condition) : condition_(condition) {}

void FileEvaluator::add(wire::Microseconds time, int error, std::string_view content) {
  read_ = true;
  error_ = error;
  content_ = std::string(content);
  if (!condition_.grows || !violation_.empty()) return;
  const auto value = error == 0 ? parse_number(content) : std::nullopt;
  if (!value) {
    // Not a number for a while: the next one starts again.
    number_.reset();
    last_change_.reset();
    return;
  }
  if (number_ && *value != *number_) {
    const auto &grows = *condition_.grows;
    const std::int64_t by = *value - *number_;
    if (!grows.by.contains(by)) {
      violation_ = "the number in " + condition_.path + " went from " + number(*number_) + " to " + number(*value) +
                   ", which is a step of " + number(by) + ", not " + render(grows.by);
    }
    if (last_change_) {
      const auto gap = time - *last_change_;
      if (violation_.empty() && is_off(grows.every, gap)) {
        violation_ = "the gap between two changes of " + condition_.path + " " + render_gap(grows.every, gap);
      }
      ++gaps_;
    }
    last_change_ = time;
  }
  number_ = value;
}

Evaluation FileEvaluator::evaluate() const {
  const std::string &path = condition_.path;
  if (!read_) return pending(path + " has not been read");
  const bool missing = error_ == ENOENT || error_ == ENOTDIR;
  if (condition_.absent) return missing ? held() : pending(path + " is still there");
  if (missing) return pending(path + " does not exist");
  if (error_ == EAGAIN) return pending(path + " has no content yet: reading it would wait");
  if (error_ != 0) {
    return pending(path + " cannot be read: " + std::strerror(error_) + " (errno " + number(error_) + ")");
  }
  if (!violation_.empty()) return {Truth::violated, violation_};
  const Evaluation content = shared::evaluate(condition_.content, content_, path);
  if (content.truth != Truth::held) return pending(content.why);
  if (condition_.grows) {
    if (!number_) return pending(path + " is no number: " + in_marks(without_trailing_newlines(content_)));
    const std::int64_t wanted = std::int64_t{condition_.grows->every.gaps} + 1;
    const std::int64_t changes = last_change_ ? std::int64_t{gaps_} + 1 : 0;
    if (changes < wanted) {
      return pending("the number in " + path + " grew " + plural(changes, "time") + ", not at least " + number(wanted));
    }
  }
  return held();
}

}  // namespace kmodtest::shared
