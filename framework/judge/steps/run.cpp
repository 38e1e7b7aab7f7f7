// SPDX-License-Identifier: GPL-2.0-or-later
#include <chrono>
#include <fmt/format.h>

#include "judge/steps/reading.hpp"
#include "shared/condition.hpp"
#include "shared/kmsg.hpp"
#include "shared/procfs.hpp"

/// write, run, cpu, sleep: what was done and what came back.
namespace kmodtest::judge {
namespace {

std::vector<std::string> streams(const wire::CommandEnded &ended) {
  std::vector<std::string> details;
  if (!ended.out.empty()) details.push_back("stdout:\n" + ended.out);
  if (!ended.err.empty()) details.push_back("stderr:\n" + ended.err);
  if (ended.truncated) details.emplace_back("(the streams were cut)");
  return details;
}

std::string exit_words(std::int64_t status) {
  constexpr std::int64_t kSignalled = 128;
  std::string words = fmt::format("status {}", status);
  if (status > kSignalled && status < kSignalled + 65) words += fmt::format(" (signal {})", status - kSignalled);
  return words;
}

}  // namespace

Reading read_write(const StepView &view) {
  const auto &write = std::get<wire::WriteFile>(view.guest().body);
  const auto written = view.of<wire::Written>();
  if (written.empty()) return reading_unknown("writing " + write.path + " did not come back");
  const int error = written.back()->error;
  if (wire::is_expected_errno(error, write.expected_errno)) return reading_held();
  Reading reading = reading_broken(error == 0 ? "writing " + write.path + " succeeded, but had to be refused"
                                              : "writing " + write.path + " gave " + errno_words(error));
  reading.expected = errno_words(write.expected_errno);
  reading.seen = errno_words(error);
  for (const auto &line : view.own_log()) reading.details.push_back(shared::render_dmesg(line));
  return reading;
}

Reading read_run(const StepView &view) {
  const auto &run = std::get<wire::RunCommand>(view.guest().body);
  // A command in the background is ended with the case: how is nobody's business.
  if (run.background) return reading_held();
  const auto ended = view.of<wire::CommandEnded>();
  const bool expired = view.ended != nullptr && view.ended->result == wire::StepResult::expired;
  if (ended.empty() || expired) {
    Reading reading = reading_unknown("the command did not end");
    if (!ended.empty()) reading.details = streams(*ended.back());
    return reading;
  }
  const auto &last = *ended.back();
  Reading reading;
  reading.details = streams(last);
  if (!run.exit_status.contains(last.exit_status)) {
    reading.state = Reading::State::broken;
    reading.why = "the command ended with " + exit_words(last.exit_status);
    reading.expected = run.exit_status.min == run.exit_status.max
                           ? exit_words(run.exit_status.min)
                           : fmt::format("status {}..{}", run.exit_status.min, run.exit_status.max);
    reading.seen = exit_words(last.exit_status);
    if (last.exit_status == 127) reading.hint = "the guest has busybox's commands and no others";
    return reading;
  }
  for (const auto &[condition, content, name] :
       {std::tuple(&run.out, &last.out, "stdout"), std::tuple(&run.err, &last.err, "stderr")}) {
    const auto evaluation = shared::evaluate(*condition, *content, name);
    if (evaluation.truth == shared::Truth::held) continue;
    reading.state = Reading::State::broken;
    reading.why = evaluation.why;
    reading.seen = *content;
    return reading;
  }
  return reading_held();
}

Reading read_cpu(const StepView &view) {
  const auto &wanted = std::get<wire::SetCpus>(view.guest().body);
  const auto set = view.of<wire::CpusSet>();
  const auto offline = shared::parse_cpu_list(wanted.offline), online = shared::parse_cpu_list(wanted.online);
  if (!offline || !online) return reading_unknown("the list of CPUs is malformed");
  std::vector<std::pair<int, bool>> due;
  for (const int cpu : *offline) due.emplace_back(cpu, false);
  for (const int cpu : *online) due.emplace_back(cpu, true);
  for (std::size_t i = 0; i < due.size(); ++i) {
    const std::string what = fmt::format("putting CPU {} {}", due[i].first, due[i].second ? "online" : "offline");
    if (i >= set.size() || set[i]->cpu != due[i].first || set[i]->online != due[i].second) {
      return reading_unknown(what + " did not come back");
    }
    if (set[i]->error == 0) continue;
    Reading reading = reading_broken(what + " gave " + errno_words(set[i]->error));
    reading.expected = errno_words(0);
    reading.seen = errno_words(set[i]->error);
    if (due[i].first == 0) reading.hint = "most kernels cannot put CPU 0 offline";
    return reading;
  }
  return reading_held();
}

Reading read_sleep(const StepView &view) {
  const auto &sleep = std::get<wire::Sleep>(view.guest().body);
  if (view.started == nullptr || view.ended == nullptr) return reading_unknown("its start was not reported");
  // The agent's clock is read before the start is reported, so this is never short but by a defect.
  const auto took = view.ended->time - view.started->time;
  if (took >= sleep.duration) return reading_held();
  return reading_broken(
      fmt::format("it took {} instead of {}", shared::format_duration(took), shared::format_duration(sleep.duration)));
}

}  // namespace kmodtest::judge
