// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "judge/judge.hpp"
#include "judge/observations.hpp"
#include "unit/judge/stream.hpp"

/// Each kind of step: one that holds, one that does not, and one where guest and judge disagree.
namespace kmodtest::judge {
namespace {

using namespace testing;
using wire::StepResult;

/// Expects the outcome and summary of the first finding.
void expect(const Verdict &verdict, Outcome outcome, const std::string &summary) {
  EXPECT_STREQ(outcome_name(verdict.outcome), outcome_name(outcome));
  EXPECT_EQ(verdict.evidence.empty() ? "" : verdict.evidence[0].summary, summary);
}

// ---- dmesg ----------------------------------------------------------------------------------------------------------

wire::LogCondition in_order(std::vector<wire::Pattern> patterns) {
  wire::LogCondition condition;
  condition.in_order = std::move(patterns);
  return condition;
}

TEST(DmesgStep, LooksFromTheLastAction) {
  Stream stream;
  stream.load().log("ex: started").end();
  stream.at(4s).begin(in_order({lit("started"), lit("loop 1")})).at(5s).log("ex: loop 1").end();
  stream.unloaded();
  expect(stream.complete(), Outcome::passed, "");
}

TEST(DmesgStep, FailsWithTheNearestLine) {
  Stream stream;
  stream.load().log("ex: hello").log("ex: Thread exitting").end();
  auto condition = in_order({lit("hello"), lit("Thread exiting")});
  stream.at(4s).begin(condition);
  stream.test_case.steps.back().part_locations = {{"ex.yaml", 12, 7}, {"ex.yaml", 13, 7}};
  stream.at(9s).end(StepResult::expired, "'Thread exiting' has not appeared after 'hello'");
  const auto verdict = stream.complete();
  expect(verdict, Outcome::failed, "'Thread exiting' has not appeared after 'hello' (waited 5.000 s)");
  const auto &evidence = verdict.evidence[0];
  EXPECT_EQ(evidence.step, 1u);
  EXPECT_EQ(evidence.where.line, 13);
  EXPECT_EQ(evidence.expected, "a line with 'Thread exiting' after one with 'hello'");
  EXPECT_EQ(evidence.seen,
            "[    3.000000] ex: Thread exitting\n"
            "                             ^");
  EXPECT_EQ(evidence.hint, "");
}

TEST(DmesgStep, TellsOfALineThatCameTooLate) {
  Stream stream;
  stream.load().end();
  stream.at(4s).begin(in_order({lit("ready")})).at(9s).end(StepResult::expired, "");
  stream.at(10s + 200ms).log("ex: ready");
  const auto verdict = stream.complete();
  expect(verdict, Outcome::failed, "'ready' has not appeared (waited 5.000 s)");
  EXPECT_EQ(verdict.evidence[0].hint,
            "the module printed 'ready' 1.200 s after the deadline; 'within' sets how long to wait");
}

TEST(DmesgStep, ALateLineThatTheStepSawIsLateAllTheSame) {
  Stream stream;
  stream.load().end();
  stream.at(4s).begin(in_order({lit("ready")})).at(9s + 1ms).log("ex: ready").end(StepResult::expired, "");
  const auto verdict = stream.complete();
  expect(verdict, Outcome::failed, "'ready' appeared too late (waited 5.000 s)");
  EXPECT_EQ(verdict.evidence[0].seen, "[    9.001000] ex: ready");
}

TEST(DmesgStep, TellsOfALineThatCameTooEarly) {
  Stream stream;
  stream.load().log("ex: ready").end();
  stream.begin(wire::WriteFile{"/proc/ex", "1", 0}).add(wire::Written{stream.index, "/proc/ex", 0}).end();
  stream.begin(in_order({lit("ready")})).at(9s).end(StepResult::expired, "");
  const auto verdict = stream.complete();
  expect(verdict, Outcome::failed, "'ready' has not appeared (waited 5.000 s)");
  EXPECT_EQ(verdict.evidence[0].hint,
            "'ready' appeared before the part of the log that this step looks at; 'since: start' looks at all of it");
}

TEST(DmesgStep, SinceStartAndSinceHere) {
  Stream stream;
  stream.load().log("ex: ready").end();
  auto condition = in_order({lit("ready")});
  condition.since = wire::LogScope::start;
  stream.begin(wire::WriteFile{"/proc/ex", "1", 0}).add(wire::Written{stream.index, "/proc/ex", 0}).end();
  stream.begin(condition).end();
  wire::LogCondition absent;
  absent.absent = {lit("ready")};
  absent.since = wire::LogScope::here;
  stream.begin(absent).end();
  stream.unloaded();
  expect(stream.complete(), Outcome::passed, "");
}

TEST(DmesgStep, AnAbsentLineAppeared) {
  Stream stream;
  stream.load().end();
  wire::LogCondition condition;
  condition.absent = {lit("error")};
  stream.begin(condition, 5s, 1s).log("ex: an error").end(StepResult::violated, "");
  const auto verdict = stream.complete();
  expect(verdict, Outcome::failed, "'error' appeared: 'ex: an error'");
  EXPECT_EQ(verdict.evidence[0].expected, "no line with 'error'");
  EXPECT_EQ(verdict.evidence[0].seen, "[    3.000000] ex: an error");
}

TEST(DmesgStep, AnAbsentLineBehindTheTimeToHoldDoesNotCount) {
  Stream stream;
  stream.load().end();
  wire::LogCondition condition;
  condition.absent = {lit("error")};
  stream.begin(condition, 5s, 1s).at(4s + 1ms).log("ex: an error").end();
  stream.unloaded();
  expect(stream.complete(), Outcome::passed, "");
}

TEST(DmesgStep, AnAbsentLineFromBeforeTheStepCounts) {
  Stream stream;
  stream.load().log("ex: hello").log("ex: an error").end();
  wire::LogCondition condition;
  condition.absent = {lit("error")};
  stream.at(4s).begin(condition).end();
  expect(stream.complete(), Outcome::errored,
         "the guest reports that the step held, but according to the data that it sent, it did not: 'error' appeared: "
         "'ex: an error'");
}

TEST(DmesgStep, AnIntervalWasOff) {
  Stream stream;
  stream.load().end();
  wire::LogCondition condition;
  condition.intervals = {{lit("loop"), 800ms, 1200ms, 2}};
  stream.begin(condition).log("ex: loop 1").at(5s).log("ex: loop 2").end(StepResult::violated, "");
  const auto verdict = stream.complete();
  expect(verdict, Outcome::failed, "the gap between two 'loop' was 2.000 s, not within 0.800 s..1.200 s");
  EXPECT_EQ(verdict.evidence[0].seen, "[    3.000000] ex: loop 1\n[    5.000000] ex: loop 2");
  EXPECT_EQ(verdict.evidence[0].expected, "'loop' every 800 ms..1.200 s, 3 times");
}

TEST(DmesgStep, TheGuestsWordAloneIsNothing) {
  Stream stream;
  stream.load().end();
  stream.begin(in_order({lit("ready")})).end(StepResult::held);
  expect(stream.complete(), Outcome::errored,
         "the guest reports that the step held, but according to the data that it sent, it did not: 'ready' has not "
         "appeared");
}

TEST(DmesgStep, NorIsItsWordThatAStepFailed) {
  Stream stream;
  stream.load().end();
  stream.begin(in_order({lit("ready")})).log("ex: ready").end(StepResult::expired, "'ready' has not appeared");
  expect(stream.complete(), Outcome::errored,
         "the guest reports that the step ran out of time ('ready' has not appeared), but according to the data that "
         "it sent, it held");
}

TEST(DmesgStep, LostRecordsExplainADisagreement) {
  Stream stream;
  stream.load().end();
  stream.begin(in_order({lit("ready")})).add(wire::LogLines{{}, 17}).end();
  EXPECT_EQ(stream.complete().evidence[0].hint,
            "17 records of the kernel log were overwritten before they were read; log_buf_len=4M in guest.append makes "
            "the log larger");
}

TEST(DmesgStep, WhereLinesAreMissingOnlyALineThatIsThereProvesSomething) {
  wire::LogCondition absent;
  absent.absent = {lit("bad")};
  wire::LogCondition counted;
  counted.counts = {{lit("tick"), {1, 1}}};
  const auto judged = [](const wire::LogCondition &condition, StepResult result, const char *text) {
    Stream stream;
    stream.test_case.checks.reports = false;
    stream.load().end();
    stream.begin(condition).log("ex: tick");
    stream.sequence += 17;
    stream.log(text).end(result, result == StepResult::held ? "" : "'ready' has not appeared");
    stream.unloaded();
    return stream.complete();
  };
  const std::string lost = "17 lines of the kernel log were overwritten before they were read: nothing is proven";
  expect(judged(absent, StepResult::held, "ex: good"), Outcome::errored, lost);
  expect(judged(counted, StepResult::held, "ex: good"), Outcome::errored, lost);
  expect(judged(in_order({lit("ready")}), StepResult::expired, "ex: good"), Outcome::errored, lost);
  EXPECT_EQ(judged(absent, StepResult::held, "").evidence[0].code, base::Code::log_overwritten);
  // What was seen was there.
  expect(judged(in_order({lit("ready")}), StepResult::held, "ex: ready"), Outcome::passed, "");
  EXPECT_EQ(judged(absent, StepResult::violated, "ex: bad").outcome, Outcome::failed);
}

// ---- ps, lsmod, file ------------------------------------------------------------------------------------------------

wire::ThreadCondition ps(std::string name) {
  wire::ThreadCondition condition;
  condition.thread = std::move(name);
  return condition;
}

TEST(PsStep, HoldsByItsLastSample) {
  Stream stream;
  stream.load().end();
  stream.begin(ps("ex")).add(wire::Threads{stream.index, 3s, {thread("kthreadd")}});
  stream.at(4s).add(wire::Threads{stream.index, 4s, {thread("ex")}}).end();
  stream.unloaded();
  expect(stream.complete(), Outcome::passed, "");
}

TEST(PsStep, ShowsTheThreadsThatThereWere) {
  Stream stream;
  stream.load().end();
  auto condition = ps("ex");
  condition.cpus = "3";
  condition.count = wire::Range{1, 1};
  condition.states = "SD";
  condition.allowed = "3";
  stream.begin(condition).add(wire::Threads{stream.index, 3s, {thread("ex", 1)}}).at(8s).end(StepResult::expired, "");
  const auto verdict = stream.complete();
  expect(verdict, Outcome::failed, "thread 'ex' (pid 45) last ran on CPU 1, not on 3 (waited 5.000 s)");
  const auto &evidence = verdict.evidence[0];
  EXPECT_EQ(evidence.expected, "thread 'ex', 1 of them, in state S or D, last ran on CPU 3, may run on CPU 3 only");
  EXPECT_EQ(evidence.hint, "the thread exists but last ran on CPU 1");
  EXPECT_NE(evidence.seen.find("ex"), std::string::npos);
}

TEST(PsStep, KnowsThatOldKernelsCutNames) {
  Stream stream;
  stream.seen.agent->kernel_release = "5.10.0-35-cloud-amd64";
  stream.load().end();
  stream.begin(ps("kthread_create_on_node")).add(wire::Threads{stream.index, 3s, {thread("kthreadd")}});
  stream.at(8s).end(StepResult::expired, "");
  const auto verdict = stream.complete();
  expect(verdict, Outcome::failed, "there is no thread 'kthread_create_on_node' (waited 5.000 s)");
  EXPECT_EQ(verdict.evidence[0].seen, "no such thread");
  EXPECT_EQ(verdict.evidence[0].hint, "kernels before 5.17 cut thread names at 15 characters ('kthread_create_')");
}

TEST(PsStep, HadToStaySo) {
  Stream stream;
  stream.load().end();
  stream.begin(ps("ex"), 5s, 2s).add(wire::Threads{stream.index, 3s, {thread("ex")}});
  stream.at(4s).add(wire::Threads{stream.index, 4s, {}}).end(StepResult::violated, "");
  expect(stream.complete(), Outcome::failed, "there is no thread 'ex'; it had held, but had to stay so for 2.000 s");
}

TEST(PsStep, WithoutASampleNobodyKnows) {
  Stream stream;
  stream.load().end();
  stream.begin(ps("ex")).end();
  expect(stream.complete(), Outcome::errored,
         "the guest reports that the step held, but according to the data that it sent, it did not: no sample of it "
         "arrived");
}

TEST(PsStep, AWordThatCameMuchTooLateIsNotTaken) {
  Stream stream;
  stream.load().end();
  stream.begin(ps("ex")).at(11s).add(wire::Threads{stream.index, 11s, {thread("ex")}}).end();
  expect(stream.complete(), Outcome::errored,
         "the guest reports that the step held, but according to the data that it sent, it did not: it held only after "
         "8.000 s");
}

TEST(LsmodStep, HoldsAndFails) {
  wire::ModuleCondition condition;
  condition.module = "ex";
  condition.users = wire::Range{0, 0};
  Stream good;
  good.load().end();
  good.begin(condition).add(wire::Modules{good.index, 3s, {module_record("ex")}}).end();
  good.unloaded();
  expect(good.complete(), Outcome::passed, "");

  Stream bad;
  bad.load().end();
  bad.begin(condition).add(wire::Modules{bad.index, 3s, {module_record("ex", 2)}}).end(StepResult::expired, "");
  const auto verdict = bad.complete();
  expect(verdict, Outcome::failed, "module 'ex' has 2 users, not 0 (waited 5.000 s)");
  EXPECT_EQ(verdict.evidence[0].expected, "module 'ex', users 0");
}

TEST(FileStep, HoldsAndFails) {
  wire::FileCondition condition;
  condition.path = "/proc/ex";
  condition.content.number = wire::Range{.min = 2};
  Stream good;
  good.load().end();
  good.begin(condition).add(wire::FileRead{good.index, 3s, "/proc/ex", 0, "1\n"});
  good.add(wire::FileRead{good.index, 4s, "/proc/ex", 0, "2\n"}).end();
  good.unloaded();
  expect(good.complete(), Outcome::passed, "");

  Stream bad;
  bad.load().end();
  bad.begin(condition).add(wire::FileRead{bad.index, 3s, "/proc/ex", ENOENT, ""}).end(StepResult::expired, "");
  const auto verdict = bad.complete();
  expect(verdict, Outcome::failed, "/proc/ex does not exist (waited 5.000 s)");
  EXPECT_EQ(verdict.evidence[0].expected, "/proc/ex, is the number at least 2");
  EXPECT_EQ(verdict.evidence[0].seen, "ENOENT (no such file or directory)");
}

TEST(FileStep, AReadingThatDoesNotComeBackHangs) {
  wire::FileCondition condition;
  condition.path = "/proc/ex";
  Stream stream;
  stream.load().end();
  stream.begin(condition).at(8s).end(StepResult::expired, "reading /proc/ex did not come back");
  expect(stream.complete(), Outcome::hung, "reading /proc/ex did not come back (waited 5.000 s)");
}

// ---- load, unload, write, run, cpu, sleep ---------------------------------------------------------------------------

TEST(LoadStep, NamesTheUnknownSymbol) {
  Stream stream;
  stream.load(ENOENT).log("ex: Unknown symbol ex_missing (err -2)", 4).end(StepResult::refused, "");
  const auto verdict = stream.complete();
  expect(verdict, Outcome::failed, "loading ex gave ENOENT (no such file or directory): unknown symbol 'ex_missing'");
  EXPECT_EQ(verdict.evidence[0].expected, "success");
  EXPECT_EQ(verdict.evidence[0].seen, "ENOENT (no such file or directory)\nex: Unknown symbol ex_missing (err -2)");
  EXPECT_EQ(verdict.evidence[0].hint,
            "no loaded code exports 'ex_missing', or only for GPL modules, and this is not one: first load the module "
            "that has it (kernel_modules, module)");
  EXPECT_THAT(verdict.evidence[0].details,
              ::testing::ElementsAre("[    3.000000] ex: Unknown symbol ex_missing (err -2)"));
}

TEST(LoadStep, TellsAllReasonsWhereThereAreSeveral) {
  Stream stream;
  stream.load(ENOENT)
      .log("ex: Unknown symbol ex_one (err -2)", 4)
      .log("ex: `abc' invalid for parameter `cpu'", 3)
      .end(StepResult::refused, "");
  const auto verdict = stream.complete();
  expect(verdict, Outcome::failed, "loading ex gave ENOENT (no such file or directory): unknown symbol 'ex_one'");
  EXPECT_THAT(
      verdict.evidence[0].details,
      ::testing::ElementsAre(
          "why: unknown symbol 'ex_one': no loaded code exports 'ex_one', or only for GPL modules, and this is not "
          "one: first load the module that has it (kernel_modules, module)",
          "why: 'abc' is not a valid value for the parameter 'cpu': the parameter's type does not accept 'abc'",
          "[    3.000000] ex: Unknown symbol ex_one (err -2)", "[    3.000000] ex: `abc' invalid for parameter `cpu'"));
}

TEST(LoadStep, NamesTheInitFunctionThatFailed) {
  Stream stream;
  stream.seen.modules[0].init_function = "ex_init";
  stream.load(ENODEV).log("ex: there is no such device", 3).end(StepResult::refused, "");
  const auto verdict = stream.complete();
  expect(verdict, Outcome::failed, "loading ex gave ENODEV (no such device): ex_init() returned -ENODEV");
  EXPECT_EQ(verdict.evidence[0].hint, "the loader accepted the module, so the error is what ex_init() returned");
}

TEST(LoadStep, SaysWhatAnErrnoWithoutWordsMeans) {
  const auto verdict_of = [](int error) {
    Stream stream;
    stream.load(error).end(StepResult::refused, "");
    const auto verdict = stream.complete();
    return verdict.evidence.at(0).summary + " | " + verdict.evidence.at(0).hint;
  };
  EXPECT_EQ(verdict_of(ENOEXEC),
            "loading ex gave ENOEXEC (exec format error): the kernel does not accept the file | "
            "build the module against the headers of exactly this kernel");
  EXPECT_EQ(
      verdict_of(EPERM),
      "loading ex gave EPERM (operation not permitted): its init function returned -1 (-EPERM) | an init function "
      "returns a code such as -ENODEV, and -1 is -EPERM; if it did not return that, this kernel allows no module "
      "to be loaded (kernel.modules_disabled, lockdown, nomodule)");
  EXPECT_EQ(verdict_of(EKEYREJECTED),
            "loading ex gave EKEYREJECTED (key was rejected by service): its signature is "
            "rejected | this kernel loads only modules that are signed with a key that it has");
  EXPECT_EQ(verdict_of(ENOMEM),
            "loading ex gave ENOMEM (cannot allocate memory): its init function returned -ENOMEM | "
            "the loader accepted the module, so the error is what its init function "
            "returned, or the kernel has no memory for the module");
  EXPECT_EQ(verdict_of(EEXIST),
            "loading ex gave EEXIST (file exists): its init function returned -EEXIST | the loader accepted the "
            "module, so the error is what its init function returned");
}

TEST(LoadStep, OfWhatIsLoadedAlready) {
  Stream stream;
  stream.load().end();
  stream.load(EEXIST).end(StepResult::refused, "");
  const auto verdict = stream.complete();
  expect(verdict, Outcome::failed, "loading ex gave EEXIST (file exists): it is loaded already");
  EXPECT_EQ(verdict.evidence[0].hint, "the kernel accepts each module name only once: unload it first");
}

TEST(LoadStep, MayHaveToBeRefused) {
  Stream good;
  good.load(EINVAL, EINVAL).end();
  expect(good.complete(), Outcome::passed, "");
  Stream any;
  any.load(ENODEV, -1).end();
  expect(any.complete(), Outcome::passed, "");
  Stream bad;
  bad.load(0, EINVAL).end(StepResult::refused, "");
  const auto verdict = bad.complete();
  expect(verdict, Outcome::failed, "loading ex succeeded, but should have been refused");
  EXPECT_EQ(verdict.evidence[0].expected, "EINVAL (invalid argument)");
}

TEST(LoadStep, ThatDoesNotComeBackHangs) {
  Stream stream;
  stream.begin(wire::Load{{{"ex", "/tmp/modules/ex.ko", {}}}, 0}, 10s);
  stream.at(13s).end(StepResult::expired, "loading ex did not come back");
  expect(stream.complete(), Outcome::hung, "loading ex did not come back (waited 10.000 s)");
}

TEST(LoadStep, WithoutItsErrnoIsNotBelieved) {
  Stream stream;
  stream.begin(wire::Load{{{"ex", "/tmp/modules/ex.ko", {}}}, 0}, 10s).end();
  expect(stream.complete(), Outcome::errored,
         "the guest reports that the step held, but according to the data that it sent, it did not: loading ex did not "
         "come back");
}

TEST(UnloadStep, NamesWhoUsesTheModule) {
  Stream stream;
  stream.load().end();
  stream.unload(EWOULDBLOCK).end(StepResult::refused, "");
  wire::Inventory inventory;
  inventory.modules = {module_record("ex", 1)};
  inventory.modules[0].used_by = {"ex_user"};
  const auto verdict = stream.complete(inventory);
  expect(verdict, Outcome::failed,
         "unloading ex gave EAGAIN (resource temporarily unavailable): it is in use by ex_user");
  EXPECT_EQ(verdict.evidence[0].hint, "unload ex_user first");
}

TEST(UnloadStep, SaysHowManyReferencesNobodyOwns) {
  Stream stream;
  stream.load().end();
  stream.unload(EWOULDBLOCK).end(StepResult::refused, "");
  wire::Inventory inventory;
  inventory.modules = {module_record("ex", 1)};
  const auto verdict = stream.complete(inventory);
  expect(verdict, Outcome::failed,
         "unloading ex gave EAGAIN (resource temporarily unavailable): it is in use (one reference is held)");
  EXPECT_EQ(verdict.evidence[0].hint,
            "no module uses it: a file of it is open, it is mounted, or code called try_module_get() and never "
            "module_put()");
}

TEST(UnloadStep, OfAModuleWithoutAnExitFunction) {
  Stream stream;
  stream.load().end();
  stream.unload(EBUSY).end(StepResult::refused, "");
  const auto verdict = stream.complete();
  expect(verdict, Outcome::failed, "unloading ex gave EBUSY (device or resource busy): it has no exit function");
  EXPECT_EQ(verdict.evidence[0].hint, "a module without module_exit() can only be unloaded by force");
  stream.seen.modules[0].exit_function = "ex_exit";
  expect(stream.verdict(Ending::Kind::completed), Outcome::failed,
         "unloading ex gave EBUSY (device or resource busy): it is being loaded or unloaded");
}

TEST(UnloadStep, OfWhatIsNotLoaded) {
  Stream stream;
  stream.unload(ENOENT).end(StepResult::refused, "");
  expect(stream.complete(), Outcome::failed, "unloading ex gave ENOENT (no such file or directory): it is not loaded");
}

TEST(WriteStep, HoldsAndFails) {
  Stream good;
  good.load().end();
  good.begin(wire::WriteFile{"/proc/ex", "1", EINVAL}).add(wire::Written{good.index, "/proc/ex", EINVAL}).end();
  good.unloaded();
  expect(good.complete(), Outcome::passed, "");
  Stream bad;
  bad.begin(wire::WriteFile{"/proc/ex", "1", 0}).add(wire::Written{bad.index, "/proc/ex", EACCES});
  bad.end(StepResult::refused, "");
  expect(bad.complete(), Outcome::failed, "writing /proc/ex gave EACCES (permission denied)");
}

TEST(RunStep, ByStatusAndStreams) {
  wire::RunCommand run;
  run.command = "cat /proc/ex";
  run.out.contains = {lit("counter")};
  Stream good;
  good.begin(run).add(wire::CommandEnded{good.index, 0, "counter 1\n", "", false}).end();
  expect(good.complete(), Outcome::passed, "");

  Stream status;
  status.begin(run).add(wire::CommandEnded{status.index, 139, "", "oh\n", false}).end(StepResult::violated, "");
  const auto verdict = status.complete();
  expect(verdict, Outcome::failed, "the command ended with status 139 (signal 11)");
  EXPECT_EQ(verdict.evidence[0].expected, "status 0");
  EXPECT_THAT(verdict.evidence[0].details, ::testing::ElementsAre("stderr:\noh\n"));

  Stream out;
  out.begin(run).add(wire::CommandEnded{out.index, 0, "nothing\n", "", false}).end(StepResult::violated, "");
  expect(out.complete(), Outcome::failed, "'counter' is not in stdout: 'nothing'");

  Stream late;
  late.begin(run).at(8s).end(StepResult::expired, "the command did not end");
  late.add(wire::CommandEnded{late.index, 137, "", "", false});
  expect(late.complete(), Outcome::hung, "the command did not end (waited 5.000 s)");

  run.background = true;
  Stream background;
  background.begin(run).end();
  expect(background.complete(), Outcome::passed, "");
}

TEST(CpuStep, HoldsAndFails) {
  Stream good;
  good.begin(wire::SetCpus{"1", ""}).add(wire::CpusSet{good.index, 1, false, 0}).end();
  expect(good.complete(), Outcome::passed, "");
  Stream bad;
  bad.begin(wire::SetCpus{"0", ""}).add(wire::CpusSet{bad.index, 0, false, EPERM}).end(StepResult::refused, "");
  const auto verdict = bad.complete();
  expect(verdict, Outcome::failed, "putting CPU 0 offline gave EPERM (operation not permitted)");
  EXPECT_EQ(verdict.evidence[0].hint, "most kernels cannot put CPU 0 offline");
}

TEST(SleepStep, HasToTakeItsTime) {
  Stream good;
  good.begin(wire::Sleep{2s}).at(5s).end();
  expect(good.complete(), Outcome::passed, "");
  Stream bad;
  bad.begin(wire::Sleep{2s}).at(4s).end();
  expect(bad.complete(), Outcome::errored,
         "the guest reports that the step held, but according to the data that it sent, it did not: it took 1.000 s "
         "instead of 2.000 s");
}

// ---- modinfo --------------------------------------------------------------------------------------------------------

Verdict modinfo(std::map<std::string, wire::Pattern> fields) {
  Stream stream;
  stream.load().end();
  stream.unloaded();
  plan::Step step;
  step.where = {"ex.yaml", 30, 5};
  step.key = "modinfo";
  step.modinfo = plan::ModinfoCondition{"ex", std::move(fields)};
  stream.test_case.steps.insert(stream.test_case.steps.begin(), step);
  stream.seen.modules[0].fields = {{"license", "GPL"},
                                   {"vermagic", "6.1.0-40-cloud-amd64 SMP mod_unload"},
                                   {"depends", ""},
                                   {"parm", "cpu:CPU to bind to (int)"},
                                   {"parm", "verbose:say more (bool)"}};
  return stream.complete();
}

TEST(ModinfoStep, Holds) {
  expect(modinfo({{"license", lit("GPL")},
                  {"vermagic", lit("6.1.0-40")},
                  {"parm", lit("verbose")},
                  {"parm:cpu", lit("CPU to bind")},
                  {"depends", lit("")},
                  {"name", lit("ex")},
                  {"author", regex("^$")}}),
         Outcome::passed, "");
}

TEST(ModinfoStep, APlainStringHasToBeEqual) {
  const auto verdict = modinfo({{"license", lit("GP")}});
  expect(verdict, Outcome::failed, "field 'license' of module 'ex' is 'GPL'");
  EXPECT_EQ(verdict.evidence[0].expected, "'GP'");
  EXPECT_EQ(verdict.evidence[0].where.line, 30);
  EXPECT_EQ(verdict.evidence[0].step, 0u);
}

TEST(ModinfoStep, AFieldIsMissing) {
  expect(modinfo({{"author", lit("me")}}), Outcome::failed, "field 'author' of module 'ex' is missing");
  expect(modinfo({{"parm", lit("speed")}}), Outcome::failed,
         "field 'parm' of module 'ex' is 'cpu:CPU to bind to (int)', 'verbose:say more (bool)'");
}

wire::Ioctl doubles() {
  return {.path = "/dev/ex", .request = 1, .bytes = "\1", .returns = wire::Range{0, 0}, .gives = {"\2", "\1"}};
}

Verdict verdict_of_call(const wire::StepBody &body, std::int32_t error, std::int64_t value, std::string bytes,
                        wire::StepResult result = wire::StepResult::held) {
  Stream stream;
  stream.load().end();
  stream.begin(body);
  stream.add(wire::DeviceCalled{stream.index, "/dev/ex", error, value, std::move(bytes)}).end(result);
  if (result == wire::StepResult::held) stream.unloaded();
  return stream.complete();
}

TEST(DeviceCalls, AnIoctlIsJudgedByItsErrnoItsValueAndItsBytes) {
  constexpr auto kViolated = wire::StepResult::violated;
  EXPECT_EQ(verdict_of_call(doubles(), 0, 0, "\2").outcome, Outcome::passed);
  const Verdict wrong = verdict_of_call(doubles(), 0, 0, "\3", kViolated);
  EXPECT_EQ(wrong.evidence.at(0).summary, "ioctl on /dev/ex: byte 0 is 0x03, not 0x02");
  EXPECT_EQ(wrong.evidence.at(0).expected, "02");
  EXPECT_EQ(wrong.evidence.at(0).seen, "03");
  EXPECT_EQ(verdict_of_call(doubles(), 0, 0, "", kViolated).evidence.at(0).summary,
            "ioctl on /dev/ex: byte 0 is missing");
  EXPECT_EQ(verdict_of_call(doubles(), 0, 5, "\2", kViolated).evidence.at(0).summary, "ioctl on /dev/ex returned 5");
  EXPECT_EQ(verdict_of_call(doubles(), ENOTTY, 0, "", wire::StepResult::refused).evidence.at(0).summary,
            "ioctl on /dev/ex gave ENOTTY (inappropriate ioctl for device)");
}

TEST(DeviceCalls, ADeviceThatIsMissingIsNamed) {
  const Verdict verdict = verdict_of_call(doubles(), ENOENT, 0, "", wire::StepResult::refused);
  EXPECT_EQ(verdict.evidence.at(0).summary, "ioctl on /dev/ex gave ENOENT (no such file or directory)");
  EXPECT_THAT(verdict.evidence.at(0).hint, HasSubstr("no such file"));
}

TEST(DeviceCalls, APollIsReadyInTimeOrNot) {
  const wire::Poll poll{.path = "/dev/ex", .events = 1};
  EXPECT_EQ(verdict_of_call(poll, 0, 1, "").outcome, Outcome::passed);
  const Verdict late = verdict_of_call(poll, 0, 0, "", wire::StepResult::expired);
  EXPECT_EQ(late.outcome, Outcome::failed);
  EXPECT_EQ(late.evidence.at(0).summary, "/dev/ex is not readable (waited 5.000 s)");
  EXPECT_EQ(late.evidence.at(0).seen, "nothing");
  const Verdict broken = verdict_of_call(poll, 0, POLLERR | POLLHUP, "", wire::StepResult::expired);
  EXPECT_EQ(broken.outcome, Outcome::failed);
  EXPECT_EQ(broken.evidence.at(0).seen, "error or hangup");
  const wire::Poll quiet{.path = "/dev/ex", .events = 1, .absent = true};
  EXPECT_EQ(verdict_of_call(quiet, 0, 0, "").outcome, Outcome::passed);
  EXPECT_EQ(verdict_of_call(quiet, 0, 1, "", wire::StepResult::violated).outcome, Outcome::failed);
}

TEST(DeviceCalls, MemoryThatCannotBeTouchedIsNamed) {
  const wire::MapMemory map{.path = "/dev/ex", .bytes = "\1"};
  const Verdict verdict = verdict_of_call(map, EFAULT, 0, "", wire::StepResult::refused);
  EXPECT_EQ(verdict.outcome, Outcome::failed);
  EXPECT_EQ(verdict.evidence.at(0).summary, "mmap on /dev/ex gave EFAULT (bad address)");
  EXPECT_EQ(verdict.evidence.at(0).hint, "the memory was mapped, but a program that touches it gets SIGBUS or SIGSEGV");
  EXPECT_EQ(verdict_of_call(wire::MapMemory{.path = "/dev/ex", .expected_errno = EFAULT}, EFAULT, 0, "").outcome,
            Outcome::passed);
}

TEST(LoadStep, AnOfflineCpuIsNotARefusalOfTheKernel) {
  Stream stream;
  stream.begin(wire::Load{.modules = {{"ex", "/x/ex.ko", {}}}, .expected_errno = EINVAL, .cpu = 1});
  stream.end(wire::StepResult::refused);
  const Verdict verdict = stream.complete();
  EXPECT_EQ(verdict.outcome, Outcome::failed);
  EXPECT_EQ(verdict.evidence.at(0).summary, "CPU 1, which should load it, is offline");
}

TEST(BackgroundCommands, AreJudgedByTheStepThatWaitsForThem) {
  const auto verdict = [](std::int32_t status, wire::StepResult result) {
    Stream stream;
    stream.load().end();
    wire::RunCommand run;
    run.command = "cat /dev/ex";
    run.background = true;
    run.name = "reader";
    stream.begin(run).end();
    const auto started = stream.index;
    stream.begin(wire::WaitCommand{.name = "reader"});
    stream.add(wire::CommandEnded{started, status, "", "", false}).end(result);
    if (result == wire::StepResult::held) stream.unloaded();
    return stream.complete();
  };
  EXPECT_EQ(verdict(0, wire::StepResult::held).outcome, Outcome::passed);
  EXPECT_EQ(verdict(1, wire::StepResult::violated).evidence.at(0).summary, "the command ended with status 1");
}

TEST(Commands, AllThatRunAtOnceHaveToEndWell) {
  const auto verdict = [](std::vector<std::int32_t> statuses, wire::StepResult result) {
    Stream stream;
    stream.load().end();
    wire::RunCommand run;
    run.command = "cat /dev/ex";
    run.copies = 2;
    stream.begin(run);
    for (const std::int32_t status : statuses) stream.add(wire::CommandEnded{stream.index, status, "", "", false});
    stream.end(result);
    if (result == wire::StepResult::held) stream.unloaded();
    return stream.complete();
  };
  EXPECT_EQ(verdict({0, 0}, wire::StepResult::held).outcome, Outcome::passed);
  EXPECT_EQ(verdict({0, 1}, wire::StepResult::violated).outcome, Outcome::failed);
  EXPECT_EQ(verdict({1, 0}, wire::StepResult::violated).outcome, Outcome::failed);
  EXPECT_EQ(verdict({0}, wire::StepResult::expired).outcome, Outcome::hung);
}

}  // namespace
}  // namespace kmodtest::judge
