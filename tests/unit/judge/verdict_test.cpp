// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "judge/flood.hpp"
#include "judge/judge.hpp"
#include "judge/observations.hpp"
#include "unit/judge/stream.hpp"

namespace kmodtest::judge {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using Kind = Ending::Kind;

std::vector<std::string> summaries(const Verdict &verdict) {
  std::vector<std::string> lines = {outcome_name(verdict.outcome)};
  for (const auto &evidence : verdict.evidence) lines.push_back(evidence.summary);
  // A case that could not be judged is never the module's fault, so its error can be looked up.
  if (verdict.outcome == Outcome::errored) {
    EXPECT_NE(verdict.evidence.at(0).code, base::Code::none) << lines.at(1);
  }
  return lines;
}

Stream healthy() {
  Stream stream;
  stream.load().log("ex: hello").end();
  stream.unloaded();
  return stream;
}

void null_dereference(Stream &stream) {
  stream.log("BUG: kernel NULL pointer dereference, address: 0000000000000000", 1)
      .log("Oops: 0002 [#1] PREEMPT SMP NOPTI", 4)
      .log("RIP: 0010:ex_init+0x1c/0x40 [ex]", 4)
      .log("Call Trace:", 4)
      .log("---[ end trace 0000000000000000 ]---", 4);
}

void oops_in_kernel(Stream &stream, const std::string &task) {
  stream.log("BUG: kernel NULL pointer dereference, address: 000000000000001a", 1)
      .log("CPU: 0 PID: 77 Comm: " + task + " Tainted: G           OE      6.1.0", 4)
      .log("RIP: 0010:kthread_stop+0x1a/0x180", 4)
      .log("Call Trace:", 4)
      .log(" __do_sys_delete_module+0x1d0/0x310", 4)
      .log("---[ end trace 0000000000000000 ]---", 4);
}

TEST(Verdict, ACrashThatNamesNoModuleHasItsStepOrItsThread) {
  Stream unloading;
  unloading.load().end().unload();
  oops_in_kernel(unloading, "kmodtest-worker");
  EXPECT_THAT(summaries(unloading.verdict(Kind::stopped_early)),
              ElementsAre("crashed", "NULL pointer dereference in kthread_stop+0x1a during 'unload'"));
  Stream of_thread;
  of_thread.load().end().unload();
  oops_in_kernel(of_thread, "ex_worker");
  EXPECT_THAT(summaries(of_thread.verdict(Kind::stopped_early)),
              ElementsAre("crashed", "NULL pointer dereference in kthread_stop+0x1a in 'ex_worker', a thread of ex"));
}

TEST(Verdict, ACrashInAnotherTaskSaysWhereTheModulesOwnTaskWaits) {
  Stream stream;
  stream.load();
  oops_in_kernel(stream, "kthreadd");
  stream.seen.ending = {Kind::stopped_early, "why"};
  EXPECT_TRUE(wants_dissection(stream.test_case, stream.seen));
  stream.seen.dissection.emplace();
  stream.seen.dissection->tasks = {{.pid = 85,
                                    .name = "kmodtest-worker",
                                    .state = 'D',
                                    .frames = {"wait_for_completion_killable+0x84/0x150", "ex_init+0x20/0x40 [ex]"}}};
  const Verdict verdict = stream.verdict(Kind::stopped_early);
  EXPECT_THAT(summaries(verdict),
              ElementsAre("crashed",
                          "NULL pointer dereference in kthread_stop+0x1a during 'load'; meanwhile "
                          "'kmodtest-worker' (pid 85) waits for a completion in ex_init+0x20 [ex]"));
  EXPECT_THAT(verdict.evidence[0].details.back(), ::testing::HasSubstr("ex_init+0x20"));
  Stream named;
  named.load();
  null_dereference(named);
  named.seen.ending = {Kind::stopped_early, "why"};
  EXPECT_FALSE(wants_dissection(named.test_case, named.seen));
}

TEST(Verdict, AHealthyCasePasses) {
  EXPECT_THAT(summaries(healthy().complete()), ElementsAre("passed"));
}

TEST(Verdict, WithoutTheWholeLogNobodyKnowsOfReports) {
  Stream lossy = healthy();
  lossy.add(wire::LogLines{{}, 17});
  const Verdict verdict = lossy.complete();
  EXPECT_THAT(summaries(verdict),
              ElementsAre("errored",
                          "17 lines of the kernel log were overwritten before they were read: they can have "
                          "a kernel report"));
  EXPECT_EQ(verdict.evidence[0].code, base::Code::log_overwritten);
  lossy.test_case.checks.reports = false;
  EXPECT_THAT(summaries(lossy.verdict(Kind::completed)), ElementsAre("passed"));
  Stream leaky = healthy();
  leaky.add(wire::LogLines{{}, 17});
  wire::Inventory inventory;
  inventory.new_entries = {"/proc/ex"};
  EXPECT_THAT(summaries(leaky.complete(inventory)), ElementsAre("leaked", "/proc/ex is left after the unload"));
}

TEST(Verdict, ALogWithMoreLinesThanAreKeptIsAVerdictOfItsOwn) {
  Stream stream = healthy();
  for (int round = 0; round < 3; ++round) stream.at(3s + round * 1s).log("round " + std::to_string(round));
  stream.add(wire::LogLines{{}, 5, 200'000});
  Stream quiet = stream;
  const Verdict verdict = stream.complete();
  EXPECT_THAT(summaries(verdict), ElementsAre("failed", "floods the log: 200013 lines within 2.0 s"));
  EXPECT_EQ(verdict.evidence[0].seen, "3 of 8 lines that were kept are 'round #'");
  quiet.test_case.checks.reports = false;
  EXPECT_THAT(summaries(quiet.complete()), ElementsAre("passed"));
}

TEST(Verdict, ALogThatLosesMostOfItsLinesIsAFlood) {
  Stream stream = healthy();
  stream.log("one").add(wire::LogLines{{}, 50'000});
  EXPECT_THAT(summaries(stream.complete()).at(1), ::testing::StartsWith("floods the log: 50"));
  EXPECT_FALSE(is_drowned(0, 49'999)) << "an error, because lines are lost, but no flood";
  EXPECT_TRUE(is_drowned(0, 50'000));
  EXPECT_FALSE(is_drowned(1, 19'998));
  EXPECT_TRUE(is_drowned(1, 19'999));
}

TEST(Verdict, AFloodOfTheLogDoesNotHideWhatIsWorse) {
  Stream crashed;
  crashed.load();
  crashed.add(wire::LogLines{{}, 0, 300'000});
  null_dereference(crashed);
  EXPECT_THAT(summaries(crashed.verdict(Kind::stopped_early)).at(0), "crashed");
  Stream stopped;
  stopped.load();
  stopped.add(wire::LogLines{{}, 0, 300'000});
  EXPECT_THAT(summaries(stopped.verdict(Kind::stopped_early, "the log was flooded")).at(0), "failed");
  Stream hung;
  hung.load();
  hung.add(wire::LogLines{{}, 0, 300'000});
  EXPECT_THAT(summaries(hung.verdict(Kind::timed_out, "too long")).at(0), "hung");
}

TEST(Verdict, ASkippedCaseHasItsReason) {
  Stream stream;
  stream.test_case.skip = "needs hardware";
  const auto verdict = stream.verdict(Kind::not_started);
  EXPECT_THAT(summaries(verdict), ElementsAre("skipped"));
  EXPECT_EQ(verdict.skip_reason, "needs hardware");
}

TEST(Verdict, APreflightFindingFails) {
  Stream stream;
  stream.seen.preflight = {
      {base::Code::built_for_other_kernel, "module 'ex' was built for 6.12.1", "build it for this kernel"}};
  const auto verdict = stream.verdict(Kind::not_started, "preflight");
  EXPECT_THAT(summaries(verdict), ElementsAre("failed", "preflight: module 'ex' was built for 6.12.1"));
  EXPECT_EQ(verdict.evidence[0].expected, "a module that fits the kernel; nothing was started");
  EXPECT_EQ(verdict.evidence[0].hint, "build it for this kernel");
  EXPECT_EQ(verdict.evidence[0].code, base::Code::built_for_other_kernel);
}

TEST(Verdict, NotStartedWithoutAFindingErrs) {
  Stream stream;
  EXPECT_THAT(summaries(stream.verdict(Kind::not_started, "modules/ex does not build")),
              ElementsAre("errored", "no guest was started: modules/ex does not build"));
}

TEST(Verdict, ACrashOutranksAFailedStep) {
  Stream stream;
  stream.load();
  null_dereference(stream);
  stream.end(wire::StepResult::violated, "the process that loaded ex was killed");
  std::erase_if(stream.seen.messages, [](const auto &report) { return std::holds_alternative<wire::Loaded>(report); });
  EXPECT_THAT(summaries(stream.complete()), ElementsAre("crashed", "NULL pointer dereference in ex_init+0x1c [ex]",
                                                        "the process that loaded ex was killed"));
}

TEST(Verdict, ACrashNamesTheStepAndItsLines) {
  Stream stream;
  stream.load();
  null_dereference(stream);
  stream.end();
  stream.unloaded();
  const auto verdict = stream.complete();
  ASSERT_THAT(summaries(verdict), ElementsAre("crashed", "NULL pointer dereference in ex_init+0x1c [ex]"));
  EXPECT_EQ(verdict.evidence[0].step, 0u);
  EXPECT_EQ(verdict.evidence[0].where.line, 10);
  EXPECT_EQ(verdict.evidence[0].seen, "BUG: kernel NULL pointer dereference, address: 0000000000000000");
  EXPECT_EQ(verdict.evidence[0].details.size(), 5u);
  EXPECT_EQ(verdict.evidence[0].details[2], "[    3.000000] RIP: 0010:ex_init+0x1c/0x40 [ex]");
}

TEST(Verdict, ACrashAfterTheUnloadSaysHowLongAfter) {
  Stream stream;
  stream.load().end();
  stream.at(5s).unload().end().add(wire::AfterUnload{1, {}}).at(8200ms);
  stream.log("BUG: unable to handle page fault for address: ffffffffc0211000", 1);
  EXPECT_EQ(stream.complete().evidence.front().summary, "page fault, 3.2 s after the unload");
}

TEST(Verdict, ACrashWhileAModuleIsLoadedAgainIsNotAfterTheUnload) {
  Stream stream;
  stream.load().end();
  stream.at(5s).unload().end().at(6s).load().end().at(7s);
  stream.log("BUG: unable to handle page fault for address: ffffffffc0211000", 1);
  EXPECT_EQ(stream.complete().evidence.front().summary, "page fault during 'load'");
}

TEST(Verdict, ItsPointsAreThoseOfTheStepsThatHeld) {
  Stream stream = healthy();
  stream.test_case.steps[0].points = 2;
  EXPECT_EQ(judge(stream.test_case, stream.seen).points, 2u);
  EXPECT_EQ(judge(Stream().test_case, Stream().seen).points, 0u);

  // A step that is to blame has none, the one before it keeps its own.
  Stream refused;
  refused.load().end();
  refused.unload(EBUSY).end(wire::StepResult::refused);
  refused.test_case.steps[0].points = 2;
  refused.test_case.steps[1].points = 3;
  const Verdict verdict = judge(refused.test_case, refused.seen);
  EXPECT_NE(verdict.outcome, Outcome::passed);
  EXPECT_EQ(verdict.points, 2u);

  refused.test_case.skip = "not today";
  EXPECT_EQ(judge(refused.test_case, refused.seen).points, 0u);
}

/// Returns the verdict on a load with a report, after which the guest lives on with its taint.
Verdict of_null_dereference(Stream stream) {
  stream.load();
  null_dereference(stream);
  stream.end();
  stream.unloaded();
  wire::Inventory inventory;
  inventory.taint = 1u << 7 | 1u << 12;
  return stream.complete(inventory);
}

TEST(Verdict, AToleratedReportPassesWithItsTaint) {
  Stream stream;
  stream.test_case.checks.reports = false;
  EXPECT_THAT(summaries(of_null_dereference(std::move(stream))), ElementsAre("passed"));
}

TEST(Verdict, AReportThatThePlanAllowsPassesWithItsTaint) {
  const auto of = [](std::vector<std::string> allowed) {
    Stream stream;
    stream.test_case.checks.allow = std::move(allowed);
    return of_null_dereference(std::move(stream)).outcome;
  };
  EXPECT_EQ(of({"report:NULL pointer *"}), Outcome::passed);
  EXPECT_EQ(of({"report:out of memory"}), Outcome::crashed);
}

TEST(Verdict, AReportThatEndsTheGuestCannotBeAllowed) {
  Stream stream;
  stream.test_case.checks.allow = {"report:*"};
  stream.load();
  EXPECT_EQ(stream.verdict(Kind::panicked, "pvpanic").outcome, Outcome::crashed);
}

TEST(Verdict, AReportOfBeforeTheCaseDoesNotCount) {
  Stream stream = healthy();
  const wire::KernelLogLine early{1, 4, 0, 1s, "", "WARNING: CPU: 0 PID: 1 at arch/x86/x.c:1 boot+0x1/0x2"};
  stream.seen.messages.insert(stream.seen.messages.begin(), wire::LogLines{{early}, 0});
  EXPECT_THAT(summaries(stream.complete()), ElementsAre("passed"));
}

TEST(Verdict, AStallHangs) {
  Stream stream;
  stream.load()
      .log("watchdog: BUG: soft lockup - CPU#1 stuck for 23s! [ex:71]", 0)
      .log("RIP: 0010:ex_spin+0x9/0x20 [ex]", 4)
      .log("Call Trace:", 4)
      .log(" </TASK>", 4)
      .end();
  stream.unloaded();
  EXPECT_THAT(summaries(stream.complete()), ElementsAre("hung", "soft lockup in ex_spin+0x9 [ex]"));
}

TEST(Verdict, ALeftoverReportLeaks) {
  Stream stream;
  stream.load().end();
  stream.unload().log("kmem_cache_destroy ex: Slab cache still has objects", 3).end();
  EXPECT_THAT(summaries(stream.complete()), ElementsAre("leaked", "slab cache still has objects"));
  stream.test_case.checks.leftovers = false;
  EXPECT_THAT(summaries(stream.verdict(Kind::completed)), ElementsAre("passed"));
}

TEST(Verdict, AReportThatComesAgainIsOneFinding) {
  Stream stream;
  stream.load();
  for (int i = 0; i < 3; ++i) stream.log("debugfs: Directory 'ex' with parent '/' already present!");
  stream.log("debugfs: Directory 'other' with parent '/' already present!");
  stream.end();
  stream.unload().end();
  wire::Inventory inventory;
  inventory.new_entries = {"/sys/kernel/debug/ex"};
  const Verdict verdict = stream.complete(inventory);
  EXPECT_EQ(verdict.outcome, Outcome::leaked);
  ASSERT_EQ(verdict.evidence.size(), 3);
  EXPECT_EQ(verdict.evidence[0].summary, "/sys/kernel/debug/ex is left after the unload") << "the cause comes first";
  EXPECT_EQ(verdict.evidence[1].seen,
            "debugfs: Directory 'ex' with parent '/' already present!\n3 times, the first of them here");
  EXPECT_EQ(verdict.evidence[2].seen, "debugfs: Directory 'other' with parent '/' already present!");
}

TEST(Verdict, APanicCrashesEvenWithoutItsReport) {
  Stream stream;
  stream.load();
  const auto verdict = stream.verdict(Kind::panicked, "pvpanic");
  EXPECT_THAT(summaries(verdict), ElementsAre("crashed", "the guest panicked: pvpanic"));
  EXPECT_EQ(verdict.evidence[0].step, 0u);
}

TEST(Verdict, APanicsReportMayBeOnTheConsoleOnly) {
  Stream stream;
  stream.load();
  stream.seen.console =
      "[    3.0] x\n[    3.000010] Kernel panic - not syncing: ex asked\r\n"
      "[    3.000020]  ex_init+0x16/0x1000 [ex]\r\n";
  EXPECT_THAT(summaries(stream.verdict(Kind::panicked, "pvpanic")),
              ElementsAre("crashed", "panic in ex_init+0x16 [ex]"));
  EXPECT_THAT(summaries(stream.verdict(Kind::guest_gone)), ElementsAre("crashed", "panic in ex_init+0x16 [ex]"));
  EXPECT_THAT(summaries(stream.verdict(Kind::channel_broken)), ElementsAre("crashed", "panic in ex_init+0x16 [ex]"));
}

TEST(Verdict, TheWordsOfAPanicAloneAreNone) {
  Stream stream;
  stream.load().log("Kernel panic - not syncing: just kidding", 4);
  EXPECT_FALSE(decided_early(stream.test_case, stream.seen, stream.seen.log()));
  EXPECT_EQ(stream.verdict(Kind::panicked, "").outcome, Outcome::crashed);
  stream.end().unloaded();
  EXPECT_THAT(summaries(stream.complete()), ElementsAre("passed"));
}

TEST(Verdict, AGuestThatResetsItselfCrashed) {
  Stream stream = healthy();
  stream.begin(wire::Unload{{"ex"}, false, 0}, 10s);
  stream.seen.console = "[    3.000000] ex: bye\n";
  EXPECT_THAT(summaries(stream.verdict(Kind::guest_reset, "the guest reset itself or powered itself off")),
              ElementsAre("crashed", "the guest reset itself during 'unload'"));
  EXPECT_EQ(stream.verdict(Kind::guest_reset).evidence[0].step, 2u);
  EXPECT_THAT(stream.verdict(Kind::guest_reset).evidence[0].details, ElementsAre("[    3.000000] ex: bye"));
  stream.test_case.checks.reports = false;
  EXPECT_THAT(summaries(stream.verdict(Kind::guest_reset, "the guest reset itself or powered itself off")),
              ElementsAre("crashed", "the guest reset itself or powered itself off"));
  stream.test_case.checks.reports = true;
  stream.seen.console += "[    3.100000] reboot: Power down\n";
  EXPECT_THAT(summaries(stream.verdict(Kind::guest_reset)),
              ElementsAre("crashed", "the guest powered itself off during 'unload'"));
}

TEST(Verdict, SilenceDuringAProgramHangs) {
  Stream stream;
  stream.load();
  EXPECT_THAT(summaries(stream.verdict(Kind::silent, "nothing for 90 s")),
              ElementsAre("hung", "the guest fell silent: nothing for 90 s"));
}

TEST(Verdict, ACaseBeyondItsTimeoutHangs) {
  Stream stream;
  stream.load();
  EXPECT_THAT(summaries(stream.verdict(Kind::timed_out, "the case did not end within its timeout of 2 s")),
              ElementsAre("hung", "the case did not end within its timeout of 2 s"));
}

TEST(Verdict, SilenceBeforeAProgramErrs) {
  Stream stream;
  stream.seen.messages.clear();
  EXPECT_THAT(summaries(stream.verdict(Kind::silent, "no push within 60 s")),
              ElementsAre("errored", "the guest did not get ready: no push within 60 s"));
}

TEST(Verdict, AGuestThatNeverSpokeErrsEvenIfItPanicked) {
  Stream stream;
  stream.seen.messages.clear();
  stream.seen.agent.reset();
  stream.seen.console = "booting\nKernel panic - not syncing: No working init found.\n";
  const auto verdict = stream.verdict(Kind::panicked, "the guest's kernel panicked");
  EXPECT_THAT(summaries(verdict), ElementsAre("errored", "the guest did not come up: the guest's kernel panicked"));
  EXPECT_EQ(verdict.evidence[0].details,
            (std::vector<std::string>{"booting", "Kernel panic - not syncing: No working init found."}));
}

TEST(Verdict, AGuestThatWentWithoutAReportErrs) {
  Stream stream;
  stream.load();
  EXPECT_THAT(summaries(stream.verdict(Kind::guest_gone, "exit status 1")),
              ElementsAre("errored", "the guest's QEMU ended: exit status 1"));
  EXPECT_THAT(summaries(stream.verdict(Kind::channel_broken, "bad magic")),
              ElementsAre("errored", "the channel broke: bad magic"));
  EXPECT_THAT(summaries(stream.verdict(Kind::stopped_early, "interrupted")),
              ElementsAre("errored", "the guest was stopped before the end of its program: interrupted"));
}

TEST(Verdict, AnUnknownIsNoPass) {
  Stream stream;
  stream.load();  // and without its end
  EXPECT_THAT(summaries(stream.complete()),
              ElementsAre("errored", "the program ended, but this step was not reported"));

  Stream no_end = healthy();
  EXPECT_THAT(summaries(no_end.verdict(Kind::completed)),
              ElementsAre("errored", "the end of the program was not reported"));

  Stream gave_up = healthy();
  gave_up.add(wire::ProgramEnded{4s, 0, false, false, "cannot load virtio_net"});
  EXPECT_THAT(summaries(gave_up.verdict(Kind::completed)),
              ElementsAre("errored", "the guest could not continue: cannot load virtio_net"));

  Stream refused;
  refused.add(wire::ProgramEnded{4s, 0, false, false, "cannot load hv_vmbus: Bad address", EFAULT});
  EXPECT_THAT(summaries(refused.verdict(Kind::completed)), Contains(HasSubstr("cannot load hv_vmbus: Bad address")));

  Stream cancelled = healthy();
  cancelled.add(wire::ProgramEnded{4s, 0, true, false, ""});
  EXPECT_THAT(summaries(cancelled.verdict(Kind::completed)), ElementsAre("errored", "the program was cancelled"));
}

TEST(Verdict, AGuestWithoutTheHardwareIsSkipped) {
  for (const int error : {ENODEV, ENXIO, EOPNOTSUPP}) {
    Stream stream;
    stream.test_case.expect.emplace();
    stream.add(wire::ProgramEnded{4s, 0, false, false, "cannot load hv_vmbus", error});
    const Verdict verdict = stream.verdict(Kind::completed);
    EXPECT_EQ(verdict.outcome, Outcome::skipped);
    EXPECT_EQ(verdict.skip_reason, "the guest lacks the hardware: cannot load hv_vmbus");
  }
}

TEST(Verdict, WithoutInventoriesNobodyCanTellOfLeaks) {
  Stream stream;
  stream.load().end();
  stream.unload().end();
  stream.add(wire::ProgramEnded{4s, 2, false, false, ""});
  EXPECT_THAT(summaries(stream.verdict(Kind::completed)),
              ElementsAre("errored", "the guest's state after the last step was not reported"));
  stream.test_case.checks.leftovers = stream.test_case.checks.taint = false;
  EXPECT_THAT(summaries(stream.verdict(Kind::completed)), ElementsAre("passed"));
}

TEST(Leftovers, AThreadLeaks) {
  Stream stream;
  stream.load().end();
  wire::Inventory inventory;
  inventory.threads = {thread("kworker/0:3"), thread("ex_worker")};
  stream.unloaded(inventory);
  const auto verdict = stream.complete(inventory);
  EXPECT_THAT(summaries(verdict), ElementsAre("leaked", "thread 'ex_worker' (pid 45) is left after the unload"));
  EXPECT_EQ(verdict.evidence[0].step, 1u);
  stream.test_case.checks.allow_threads = {"ex_*"};
  EXPECT_THAT(summaries(stream.verdict(Kind::completed)), ElementsAre("passed"));
}

TEST(Leftovers, AModuleLeaks) {
  Stream stream;
  stream.load().end();
  wire::Inventory inventory;
  inventory.modules = {module_record("virtio"), module_record("ex")};
  inventory.threads = {thread("ex_worker")};
  EXPECT_THAT(summaries(stream.complete(inventory)), ElementsAre("leaked", "module 'ex' is still loaded at the end"));
}

TEST(Leftovers, AnEntryLeaks) {
  Stream stream = healthy();
  wire::Inventory inventory;
  inventory.new_entries = {"/proc/ex", "/dev/ex0"};
  const auto verdict = stream.complete(inventory);
  EXPECT_THAT(summaries(verdict), ElementsAre("leaked", "/proc/ex is left after the unload"));
  EXPECT_EQ(verdict.evidence[0].seen, "/proc/ex\n/dev/ex0");
  stream.test_case.checks.allow_entries = {"/proc/ex", "/dev/*"};
  EXPECT_THAT(summaries(stream.verdict(Kind::completed)), ElementsAre("passed"));
  stream.test_case.checks.allow_entries = {};
  stream.test_case.checks.leftovers = false;
  EXPECT_THAT(summaries(stream.verdict(Kind::completed)), ElementsAre("passed"));
}

TEST(Leftovers, AFailedStepOutranksThem) {
  Stream stream;
  stream.load(ENOMEM).end(wire::StepResult::refused);
  wire::Inventory inventory;
  inventory.new_entries = {"/proc/ex"};
  EXPECT_THAT(
      summaries(stream.complete(inventory)),
      ElementsAre("failed", "loading ex gave ENOMEM (cannot allocate memory): its init function returned -ENOMEM"));
}

wire::Inventory tainted(std::uint64_t taint) {
  wire::Inventory inventory;
  inventory.taint = taint;
  return inventory;
}

TEST(Taint, TheModulesOwnPasses) {
  EXPECT_THAT(summaries(healthy().complete(tainted(1u << 10 | 1u << 12 | 1u << 13))), ElementsAre("passed"));
}

TEST(Taint, AnythingElseFails) {
  EXPECT_THAT(summaries(healthy().complete(tainted(1u << 3 | 1u << 12))),
              ElementsAre("failed", "the kernel is tainted: R (a module was unloaded by force)"));
  Stream unchecked = healthy();
  unchecked.test_case.checks.taint = false;
  EXPECT_THAT(summaries(unchecked.complete(tainted(1u << 9))), ElementsAre("passed"));
}

TEST(Taint, OfAReportThatNobodySawIsAnUnknownReport) {
  EXPECT_THAT(summaries(healthy().complete(tainted(1u << 9 | 1u << 12))),
              ElementsAre("crashed", "unknown report: the kernel is tainted: W (the kernel issued a warning)"));
  EXPECT_THAT(summaries(healthy().complete(tainted(1u << 14))),
              ElementsAre("hung", "unknown report: the kernel is tainted: L (a soft lockup occurred)"));
}

TEST(Taint, AProprietaryModuleFails) {
  Stream proprietary = healthy();
  proprietary.seen.modules[0].fields = {{"license", "Proprietary"}};
  const Verdict verdict = proprietary.complete(tainted(1));
  EXPECT_THAT(summaries(verdict), ElementsAre("failed", "the kernel is tainted: P (a proprietary module was loaded)"));
  EXPECT_EQ(verdict.evidence[0].seen, "P (a proprietary module was loaded)\nex has the license 'Proprietary'");
  EXPECT_EQ(verdict.evidence[0].hint,
            "MODULE_LICENSE() has to name a license that is compatible with the GPL; 'checks: {allow: [\"taint:P\"]}' "
            "allows the taint");
  proprietary.test_case.checks.allow = {"taint:P"};
  EXPECT_EQ(proprietary.verdict(Kind::completed).outcome, Outcome::passed);
  proprietary.test_case.checks.allow = {"taint:[A-O]"};
  EXPECT_EQ(proprietary.verdict(Kind::completed).outcome, Outcome::failed);
  Stream dual = healthy();
  dual.seen.modules[0].fields = {{"license", "Dual MIT/GPL"}};
  EXPECT_EQ(dual.complete(tainted(1)).evidence[0].seen, "P (a proprietary module was loaded)");
}

TEST(Taint, OfAKernelTestOrALivePatchIsNoDefect) {
  EXPECT_THAT(summaries(healthy().complete(tainted(1u << 18))), ElementsAre("passed"));
  EXPECT_THAT(summaries(healthy().complete(tainted(1u << 15))),
              ElementsAre("failed", "the kernel is tainted: K (the kernel was live patched)"));
  Stream patch = healthy();
  patch.seen.modules[0].fields.emplace("livepatch", "Y");
  EXPECT_THAT(summaries(patch.complete(tainted(1u << 15))), ElementsAre("passed"));
}

TEST(Taint, WhatWasThereBeforeDoesNotCount) {
  Stream stream = healthy();
  for (auto &report : stream.seen.messages) {
    if (auto *baseline = std::get_if<wire::Baseline>(&report)) baseline->inventory.taint = 1u << 9;
  }
  EXPECT_THAT(summaries(stream.complete(tainted(1u << 9 | 1u << 12))), ElementsAre("passed"));
}

TEST(DecidedEarly, ByACrashOrAStallThatThePlanDoesNotTolerate) {
  Stream stream;
  stream.load();
  EXPECT_FALSE(decided_early(stream.test_case, stream.seen, stream.seen.log()));
  stream.log("debugfs: Directory 'ex' with parent '/' already present!", 3);
  EXPECT_FALSE(decided_early(stream.test_case, stream.seen, stream.seen.log())) << "a leak is no reason to stop";
  null_dereference(stream.at(4s));
  EXPECT_TRUE(decided_early(stream.test_case, stream.seen, stream.seen.log()));
  stream.test_case.checks.allow = {"report:NULL pointer *"};
  EXPECT_FALSE(decided_early(stream.test_case, stream.seen, stream.seen.log()));
  stream.test_case.checks.allow.clear();
  stream.test_case.checks.reports = false;
  EXPECT_FALSE(decided_early(stream.test_case, stream.seen, stream.seen.log()));
}

TEST(DecidedEarly, NotByWhatTheKernelSaidAtBoot) {
  Stream stream;
  auto log = stream.seen.log();
  log.insert(log.begin(), {1, 4, 0, 1s, "", "WARNING: CPU: 0 PID: 1 at arch/x86/x.c:1 boot+0x1/0x2"});
  EXPECT_FALSE(decided_early(stream.test_case, stream.seen, log));
}

}  // namespace
}  // namespace kmodtest::judge
