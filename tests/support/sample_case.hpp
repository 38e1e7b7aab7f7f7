// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "judge/observations.hpp"
#include "outcome/event.hpp"
#include "report/listeners.hpp"

/// Cases and results as a run would emit them.
namespace kmodtest::support {

inline std::shared_ptr<const plan::Case> make_case(const std::string &stem, int cpus, const std::string &more = "") {
  auto made = std::make_shared<plan::Case>();
  made->plan_name = stem + " works";
  made->id = stem + " [cpus=" + std::to_string(cpus) + more + "]";
  made->point = {{"cpus", std::to_string(cpus)}, {"kernel", "debian-6.1-cloud"}};
  made->plan_file = "testplans/" + stem + ".yaml";
  made->guest.cpus = cpus;
  return made;
}

inline wire::KernelLogLine line(int milliseconds, const std::string &text) {
  wire::KernelLogLine made;
  made.time = std::chrono::milliseconds(milliseconds);
  made.text = text;
  return made;
}

inline wire::KernelLogLine marker(int milliseconds, const std::string &text) {
  wire::KernelLogLine made = line(milliseconds, wire::kMarkerPrefix + text);
  made.facility = 1;
  return made;
}

inline std::shared_ptr<const judge::Observations> seen(std::vector<wire::KernelLogLine> log) {
  auto made = std::make_shared<judge::Observations>();
  made->messages.push_back(wire::LogLines{std::move(log), 0});
  return made;
}

inline outcome::CaseFinished finished(std::shared_ptr<const plan::Case> test_case, judge::Outcome outcome,
                                      const std::string &summary = "") {
  outcome::CaseFinished made;
  made.test_case = std::move(test_case);
  made.verdict.outcome = outcome;
  made.kernel_release = "6.1.0-49-cloud-amd64";
  made.took = outcome::Seconds(1.25);
  made.seen = seen({});
  if (outcome == judge::Outcome::skipped) {
    made.verdict.skip_reason = summary;
  } else if (outcome != judge::Outcome::passed) {
    judge::Evidence evidence;
    evidence.summary = summary;
    made.verdict.evidence.push_back(evidence);
  }
  return made;
}

/// Returns a failure with everything that a failure can have.
inline outcome::CaseFinished full_failure() {
  outcome::CaseFinished made =
      finished(make_case("ex7_4", 2, " cpu=1"), judge::Outcome::failed, "'Thread exiting' did not appear within 5 s");
  judge::Evidence &evidence = made.verdict.evidence.front();
  evidence.step = 5;
  evidence.where = {"testplans/ex7_4.yaml", 11, 24};
  evidence.source = "  - dmesg: {in_order: [Thread exiting, Exiting!]}";
  evidence.expected = "Thread exiting";
  evidence.seen = "Thread exitting\n            ^";
  evidence.details = {"  PID STAT CPU COMMAND\n   71 S      1 ex7_4"};
  evidence.hint = "the module says something similar: is the text right?";
  made.seen = seen({marker(5000, "step 1: load ex7_4"), line(5140, "Thread started"),
                    marker(6000, "step 5: unload ex7_4"), line(6200, "Thread exitting")});
  return made;
}

/// Returns a case that passed because the failure that its plan expects occurred.
inline outcome::CaseFinished passed_as_expected() {
  outcome::CaseFinished made = finished(make_case("ex7_4", 2), judge::Outcome::passed);
  made.verdict.came = "Crashed: divide error in ex_div+0x8 [ex7_4]";
  judge::Evidence evidence;
  evidence.summary = "divide error in ex_div+0x8 [ex7_4]";
  evidence.expected = "no kernel report";
  evidence.seen = "divide error: 0000 [#1] PREEMPT SMP NOPTI";
  evidence.trace = {"#0 ex_div+0x8 [ex7_4]  ex7_4.c:9  return 1 / zero;", "#1 ex_init+0x2 [ex7_4]  ex7_4.c:15"};
  made.verdict.evidence.push_back(evidence);
  return made;
}

inline outcome::CaseFinished with_note(const std::string &note) {
  outcome::CaseFinished made = finished(make_case("ex7_4", 2), judge::Outcome::passed);
  made.verdict.notes = {note};
  return made;
}

/// Returns both attempts of a case that hung, and then passed.
inline std::vector<outcome::CaseFinished> flaky() {
  outcome::CaseFinished first = finished(make_case("ex7_1", 2), judge::Outcome::hung, "soft lockup");
  first.seen = seen({line(5140, "Thread started")});
  outcome::CaseFinished second = finished(first.test_case, judge::Outcome::passed);
  second.attempt = 2;
  second.earlier = {first};
  return {first, second};
}

/// Returns both attempts of a case that could not be judged, and then hung.
inline std::vector<outcome::CaseFinished> never_passed() {
  outcome::CaseFinished first = finished(make_case("ex7_2", 4), judge::Outcome::errored, "the channel broke");
  outcome::CaseFinished second = finished(first.test_case, judge::Outcome::hung, "stuck");
  second.attempt = 2;
  second.earlier = {first};
  return {first, second};
}

inline outcome::RunFinished run_finished(std::vector<std::size_t> by_outcome, std::size_t not_run = 0,
                                         bool interrupted = false) {
  outcome::RunFinished made;
  made.took = outcome::Seconds(41.2);
  made.by_outcome = std::move(by_outcome);
  made.not_run = not_run;
  made.interrupted = interrupted;
  return made;
}

/// Returns everything that a console with these options writes.
inline std::string console_output(report::ConsoleOptions options, const std::vector<outcome::Event> &events) {
  char *data = nullptr;
  std::size_t size = 0;
  options.out = open_memstream(&data, &size);
  {
    const std::unique_ptr<outcome::Listener> console = report::make_console(options);
    for (const outcome::Event &event : events) console->on(event);
  }
  std::fclose(options.out);
  std::string text(data, size);
  std::free(data);
  return text;
}

}  // namespace kmodtest::support
