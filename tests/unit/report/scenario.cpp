// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit/report/scenario.hpp"

#include "judge/observations.hpp"
#include "shared/kmsg.hpp"

namespace kmodtest::report::scenario {

namespace {

using judge::Outcome;

outcome::CaseFinished ended(std::shared_ptr<const plan::Case> test_case, Outcome outcome, double took,
                            const std::string &summary = "") {
  outcome::CaseFinished made = support::finished(std::move(test_case), outcome, summary);
  made.took = outcome::Seconds(took);
  return made;
}

/// Returns a case that failed for a missing line, in a plan with long lines.
outcome::CaseFinished failed() {
  outcome::CaseFinished made = support::full_failure();
  judge::Evidence &evidence = made.verdict.evidence.front();
  evidence.where = {"testplans/ex7_4.yaml", 11, 64};
  evidence.source =
      "  - dmesg: {in_order: [\"the first of some lines, which came\", Thread exiting, Exiting!], within: 5s}";
  evidence.seen =
      "the line that came nearest to it says: Thread exitting\n                                                   ^";
  made.took = outcome::Seconds(8.5);
  made.artifacts = "/home/user/.cache/kmodtest/failed/2026-11-21/ex7_4_cpus=2_cpu=1";
  return made;
}

/// Returns a case whose guest was not started.
outcome::CaseFinished not_built() {
  outcome::CaseFinished made = ended(support::make_case("ex7_5", 1), Outcome::failed, 0.75, "ex7_5 does not build");
  judge::Evidence &evidence = made.verdict.evidence.front();
  evidence.details = {"ex7_5.c:12:3: error: 'x' undeclared\n\t   12 |   x = 1;", "::error::not a command"};
  auto seen = std::make_shared<judge::Observations>();
  seen->ending.kind = judge::Ending::Kind::not_started;
  made.seen = std::move(seen);
  return made;
}

/// Returns a case with the output of a hostile module.
outcome::CaseFinished hostile() {
  outcome::CaseFinished made =
      ended(support::make_case("模块_测试", 2), Outcome::leaked, 2.5, "::warning::线程 stayed\x1b[2J");
  auto seen = std::make_shared<judge::Observations>();
  seen->console = "::error file=a,line=1::from the guest\n  ::stop-commands::x\n##[error]no\n\x1b[31mred\x1b[0m 100%\n";
  made.seen = std::move(seen);
  return made;
}

}  // namespace

outcome::CaseFinished crashed() {
  outcome::CaseFinished made =
      support::finished(support::make_case("ex_oops", 2), Outcome::crashed, "NULL pointer dereference in ex_write+0x8");
  std::vector<wire::KernelLogLine> log = {
      support::marker(14005, "step 1: load ex_oops"),
      support::line(14006, "ex_oops: loading out-of-tree module taints kernel."),
      support::line(14007, "BUG: kernel NULL pointer dereference, address: 0000000000000000"),
      support::line(14008, "#PF: supervisor write access in kernel mode"),
      support::line(14009, "PGD 546e067 P4D 546e067 PUD 546f067 PMD 0"),
      support::line(14010, "Oops: 0002 [#1] PREEMPT SMP NOPTI"),
      support::line(14011, "CPU: 1 PID: 83 Comm: insmod Tainted: G           OE      6.1.0-50-cloud-amd64"),
      support::line(14012, "Hardware name: QEMU Standard PC (Q35 + ICH9, 2009)"),
      support::line(14013, "RIP: 0010:ex_write+0x8/0x1000 [ex_oops]"),
      support::line(14014, "Code: Unable to access opcode bytes at 0xffffffffc0215fe2."),
      support::line(14015, "RSP: 0018:ffffc900003fbd38 EFLAGS: 00010246"),
      support::line(14016, "RAX: 0000000000000000 RBX: ffffffffc0216000 RCX: 0000000000000000"),
      support::line(14017, "Call Trace:"),
      support::line(14018, " <TASK>"),
      support::line(14019, " do_one_initcall+0x56/0x220"),
      support::line(14020, " ? handle_mm_fault+0xdb/0x2d0"),
      support::line(14021, " entry_SYSCALL_64_after_hwframe+0x6e/0xd8"),
      support::line(14022, "---[ end trace 0000000000000000 ]---"),
  };
  judge::Evidence &evidence = made.verdict.evidence.front();
  evidence.where = {"testplans/ex_oops.yaml", 4, 5};
  evidence.source = "  - load";
  evidence.expected = "no kernel report";
  evidence.seen = "BUG: kernel NULL pointer dereference, address: 0000000000000000";
  evidence.trace = {"#0 ex_write+0x8 [ex_oops]  ex_oops.c:23  *where = 1;"};
  for (std::size_t index = 2; index < log.size(); ++index) {
    evidence.details.push_back(shared::render_dmesg(log[index]));
  }
  log.push_back(support::line(14023, "RIP: 0010:ex_write+0x8/0x1000 [ex_oops]"));
  log.push_back(support::line(14024, "RSP: 0018:ffffc900003fbd38 EFLAGS: 00010246"));
  log.push_back(support::line(14025, "note: insmod[83] exited with irqs disabled"));
  made.seen = support::seen(std::move(log));
  return made;
}

void every_outcome(ScriptedRun &run, const Look &look) {
  const auto passes = support::make_case("ex7_1", 1);
  const outcome::CaseFinished failure = failed();
  const auto slow = support::make_case("kthread_park", 4);
  std::vector<outcome::CaseFinished> flaky = support::flaky();
  run.at(0)
      .tell(outcome::RunStarted{9, 2, "qemu:///embed (libvirt 11.3.0), QEMU 10.0.2"})
      .tell(outcome::Notice{"KVM is not used, QEMU emulates (TCG): there is no /dev/kvm"})
      .tell(outcome::CaseStarted{passes})
      .tell(outcome::CaseStarted{failure.test_case})
      .at(0.5)
      .tell(outcome::CaseProgress{failure.test_case, "booting"});
  look("two cases have begun");
  run.at(1.25)
      .tell(support::finished(passes, Outcome::passed))
      .tell(outcome::CaseStarted{slow})
      .tell(outcome::CaseProgress{slow, "step 2/9: ps"})
      .tell(outcome::CaseProgress{failure.test_case, "step 5/7: dmesg in order: Thread exiting, Exiting!"})
      .at(5)
      .tell(outcome::Tick{});
  look("one has passed, two go on");
  run.at(9).tell(failure).tell(outcome::CaseStarted{flaky[0].test_case}).at(31.5).tell(outcome::Tick{});
  look("one is slow");
  run.at(32).tell(outcome::CaseRetried{flaky[0], 3}).at(33).tell(outcome::Tick{});
  look("one is run again");
  run.at(34.5).tell(ended(slow, Outcome::passed, 33.25)).at(35).tell(flaky[1]);
  const outcome::CaseFinished crash = crashed();
  const outcome::CaseFinished leak = hostile();
  run.tell(outcome::CaseStarted{crash.test_case})
      .tell(outcome::CaseStarted{leak.test_case})
      .tell(outcome::CaseProgress{leak.test_case,
                                  "step 1/2: 线程 \x1b[31m\t\xff还在运行，线程还在运行，线程还在运行，线程还在运行"})
      .at(36)
      .tell(outcome::Tick{});
  look("a guest writes what it likes");
  outcome::CaseFinished skipped = ended(support::make_case("ex7_3", 1), Outcome::skipped, 0, "needs two nodes");
  run.tell(crash).tell(leak).tell(not_built()).tell(skipped).tell(support::passed_as_expected()).at(41.2);
  outcome::RunFinished end = support::run_finished({3, 2, 1, 0, 1, 0, 1});
  end.flaky = 1;
  run.tell(end);
  run.end();
}

void many_at_once(ScriptedRun &run, const Look &look) {
  run.at(0).tell(outcome::RunStarted{40, 12, "QEMU"});
  std::vector<std::shared_ptr<const plan::Case>> cases;
  for (int number = 1; number <= 12; ++number) {
    const bool wide = number % 3 == 0;
    cases.push_back(support::make_case(wide ? "一个名字很长的测试计划" : "a_plan_with_a_name_that_is_rather_long",
                                       number, number % 2 == 0 ? " topology=2x2x1 numa=0-1/2-3 cpu=0" : ""));
    run.at(number).tell(outcome::CaseStarted{cases.back()});
    if (number != 4) run.tell(outcome::CaseProgress{cases.back(), "step 3/7: the log has 'Thread started' within 5 s"});
  }
  run.at(3700).tell(outcome::Tick{});
  look("after an hour");
  run.tell(support::finished(cases[0], Outcome::passed));
  look("one of them has passed");
  for (std::size_t number = 1; number < cases.size(); ++number) {
    run.tell(support::finished(cases[number], Outcome::passed));
  }
  run.tell(support::run_finished({12}, 28, true));
  run.end();
}

}  // namespace kmodtest::report::scenario
