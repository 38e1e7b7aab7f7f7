// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/faults.hpp"

#include <cerrno>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <map>

#include "plan/fault.hpp"
#include "stream.hpp"

namespace kmodtest::judge::testing {
namespace {

using Kind = Ending::Kind;

/// A case in which call 1 fails: a call of this symbol, at ex_init+0x1b.
class FaultStream : public Stream {
 public:
  explicit FaultStream(std::string symbol = "kmalloc_trace", char context = 'i')
      : symbol_(std::move(symbol)), context_(context) {
    plan::Fault fault;
    fault.mode = plan::Fault::Mode::fail;
    fault.from = fault.until = 1;
    set(std::move(fault));
    seen.call_sources["ex:ex_init+0x1b"] = "ex.c:41";
  }

  void set(plan::Fault fault) { test_case.fault = std::make_shared<const plan::Fault>(std::move(fault)); }

  Stream &call(bool failed = true) {
    return add(wire::FaultCalls{index, fmt::format("on calls=1 failed={0:d} left=0\ncall 1 {1} {0:d} 3000000 {2} "
                                                   "ex_init+0x1b/0x60 [ex]\n",
                                                   failed, context_, symbol_)});
  }

  /// Adds a load that ends with this error.
  FaultStream &load_with_call(int error) {
    load(error);
    call();
    end(error == 0 ? wire::StepResult::held : wire::StepResult::refused);
    return *this;
  }

  /// Adds the end of each such case: the modules are unloaded, loaded once more, and unloaded.
  FaultStream &load_again(int error = 0) {
    begin(wire::WriteFile{wire::kFaultFile, "off", 0});
    add(wire::Written{index, wire::kFaultFile, 0}).end();
    load(error).end(error == 0 ? wire::StepResult::held : wire::StepResult::refused);
    if (error == 0) unloaded();
    return *this;
  }

  FaultResult result(const Verdict &verdict) { return FaultView(CaseView(test_case, seen)).result(verdict); }

 private:
  std::string symbol_;
  char context_;
};

void expect_failed(FaultStream &stream, const Verdict &verdict, const std::string &summary, FaultResult result) {
  EXPECT_EQ(verdict.outcome, Outcome::failed);
  ASSERT_FALSE(verdict.evidence.empty());
  EXPECT_EQ(verdict.evidence.front().summary, summary);
  EXPECT_EQ(stream.result(verdict), result);
}

TEST(Faults, ALoadThatIsRefusedWithTheErrorOfTheCallIsRight) {
  FaultStream stream;
  stream.load_with_call(ENOMEM).unload(ENOENT).end(wire::StepResult::refused);
  const Verdict verdict = stream.load_again().complete();
  EXPECT_EQ(verdict.outcome, Outcome::passed);
  EXPECT_EQ(stream.result(verdict), FaultResult::handled);
}

TEST(Faults, AnotherErrorIsWrong) {
  FaultStream stream;
  stream.load_with_call(EINVAL);
  const Verdict verdict = stream.load_again().complete();
  expect_failed(stream, verdict,
                "after call 1 failed, kmalloc at ex_init+0x1b (ex.c:41): the load of ex was refused with -EINVAL "
                "although kmalloc returned NULL",
                FaultResult::other_errno);
}

TEST(Faults, EachFunctionHasItsOwnError) {
  FaultStream stream("_copy_from_user");
  stream.load_with_call(EFAULT);
  EXPECT_EQ(stream.load_again().complete().outcome, Outcome::passed);
}

TEST(Faults, ALoadMustNotGoOn) {
  FaultStream stream;
  stream.load_with_call(0).unloaded();
  const Verdict verdict = stream.load_again().complete();
  expect_failed(stream, verdict,
                "after call 1 failed, kmalloc at ex_init+0x1b (ex.c:41): the load of ex went on although kmalloc "
                "returned NULL",
                FaultResult::went_on_null);
}

TEST(Faults, AnErrorThatIsSwallowedIsNoNull) {
  FaultStream stream("misc_register");
  stream.load_with_call(0).unloaded();
  EXPECT_EQ(stream.result(stream.load_again().complete()), FaultResult::went_on);
}

TEST(Faults, AToleratedCallLetsTheLoadGoOn) {
  for (const char *glob : {"kmalloc", "kmalloc@ex_init", "kmalloc@ex_init+0x1b", "kmalloc@ex.c:41", "k*@ex_*"}) {
    SCOPED_TRACE(glob);
    FaultStream stream;
    plan::Fault fault = *stream.test_case.fault;
    fault.tolerates = {glob};
    stream.set(fault);
    stream.load_with_call(0).unloaded();
    EXPECT_EQ(stream.load_again().complete().outcome, Outcome::passed);
    fault.tolerates = {"kmalloc@ex_exit"};
    stream.set(fault);
    EXPECT_EQ(stream.verdict(Kind::completed).outcome, Outcome::failed);
  }
}

TEST(Faults, FailuresOfDebugfsAreIgnored) {
  FaultStream stream("debugfs_create_dir");
  stream.load_with_call(0).unloaded();
  EXPECT_EQ(stream.load_again().complete().outcome, Outcome::passed);
}

TEST(Faults, OnlyACallOfTheInitFunctionConcernsTheLoad) {
  FaultStream stream("kmalloc_trace", 'o');
  stream.load_with_call(0).unloaded();
  EXPECT_EQ(stream.load_again().complete().outcome, Outcome::passed);
}

TEST(Faults, AProbeThatFailsDoesNotRefuseTheLoad) {
  FaultStream stream;
  stream.load(0).log("my-driver: probe of my-device failed with error -12", 4);
  stream.call();
  stream.end().unloaded();
  EXPECT_EQ(stream.load_again().complete().outcome, Outcome::passed);
}

TEST(Faults, AProbeThatFailsWithAnotherErrorIsWrong) {
  FaultStream stream;
  stream.load(0).log("my-driver: probe of my-device failed with error -22", 4);
  stream.call();
  stream.end().unloaded();
  EXPECT_EQ(stream.load_again().complete().outcome, Outcome::failed);
}

TEST(Faults, StepsAfterTheCallNeedNotHold) {
  FaultStream stream;
  stream.load_with_call(ENOMEM);
  stream.begin(wire::LogCondition{{lit("ready")}, {}, {}, {}, {}}).end(wire::StepResult::expired);
  stream.begin(wire::RunCommand{"cat /proc/ex", false, {0, 0}, {}, {}});
  stream.add(wire::CommandEnded{stream.index, 1, "", "", false}).end(wire::StepResult::violated);
  EXPECT_EQ(stream.load_again().complete().outcome, Outcome::passed);
}

TEST(Faults, StepsBeforeTheCallMustHold) {
  FaultStream stream;
  stream.begin(wire::LogCondition{{lit("ready")}, {}, {}, {}, {}}).end(wire::StepResult::expired);
  EXPECT_EQ(stream.complete().outcome, Outcome::failed);
}

TEST(Faults, AnActionThatHangsAfterTheCallHangs) {
  FaultStream stream;
  stream.load_with_call(0);
  stream.begin(wire::WriteFile{"/proc/ex", "1", 0}).end(wire::StepResult::expired);
  const Verdict verdict = stream.complete();
  EXPECT_EQ(verdict.outcome, Outcome::hung);
  EXPECT_EQ(stream.result(verdict), FaultResult::hung);
}

TEST(Faults, TheSecondLoadMustWork) {
  FaultStream stream;
  stream.load_with_call(ENOMEM);
  const Verdict verdict = stream.load_again(EBUSY).complete();
  EXPECT_EQ(verdict.outcome, Outcome::failed);
  EXPECT_EQ(stream.result(verdict), FaultResult::load_again);
}

TEST(Faults, WhatIsLeftExplainsTheSecondLoad) {
  FaultStream stream;
  wire::Inventory left;
  left.new_entries = {"/proc/irq/5/ex"};
  stream.load_with_call(ENOMEM).unload(ENOENT).end(wire::StepResult::refused);
  stream.add(wire::AfterUnload{stream.index, left});
  const Verdict verdict = stream.load_again(EBUSY).complete(left);
  EXPECT_EQ(verdict.outcome, Outcome::leaked);
  EXPECT_EQ(verdict.evidence.front().summary,
            "after call 1 failed, kmalloc at ex_init+0x1b (ex.c:41): interrupt 5 of 'ex' is left after the unload");
  EXPECT_EQ(stream.result(verdict), FaultResult::leaked);
}

TEST(Faults, WhatIsLeftExplainsALaterCrash) {
  FaultStream stream;
  wire::Inventory left;
  left.threads = {thread("left")};
  stream.load_with_call(ENOMEM).unload(ENOENT).end(wire::StepResult::refused);
  stream.add(wire::AfterUnload{stream.index, left});
  stream.begin(wire::WriteFile{wire::kFaultFile, "off", 0});
  stream.log("BUG: unable to handle page fault for address: ffffffffc0201000", 1);
  stream.log("RIP: 0010:0xffffffffc0201000", 4);
  stream.log("---[ end trace 0000000000000000 ]---", 4);
  const Verdict verdict = stream.verdict(Kind::stopped_early);
  EXPECT_EQ(verdict.outcome, Outcome::leaked);
  ASSERT_EQ(verdict.evidence.size(), 2u);
  EXPECT_NE(verdict.evidence[0].summary.find("thread 'left'"), std::string::npos);
  EXPECT_NE(verdict.evidence[1].summary.find("page fault"), std::string::npos);
}

TEST(Faults, MemoryThatIsLeftIsNamed) {
  FaultStream stream;
  stream.load_with_call(ENOMEM).load_again();
  stream.add(
      wire::FaultCalls{stream.index, "off calls=1 failed=1 left=2\nleft 2 200 kmalloc ex_init+0x1b/0x60 [ex]\n"});
  const Verdict verdict = stream.complete();
  EXPECT_EQ(verdict.outcome, Outcome::leaked);
  EXPECT_EQ(verdict.evidence.front().summary,
            "after call 1 failed, kmalloc at ex_init+0x1b (ex.c:41): 200 bytes from kmalloc at ex_init+0x1b (ex.c:41) "
            "are not freed after the unload (2 objects)");
  stream.test_case.checks.allow = {"memory:ex_*"};
  EXPECT_EQ(stream.verdict(Kind::completed).outcome, Outcome::passed);
}

/// Returns a case in which memory is followed, after the unload; `calls` is what kmodtest_faults reports then.
Stream with_memory_followed(const std::string &calls) {
  Stream stream;
  stream.test_case.checks.memory = true;
  stream.load().end().unloaded();
  stream.add(wire::FaultCalls{stream.index, calls});
  return stream;
}

TEST(Faults, MemoryIsFollowedWithoutACallThatFails) {
  Stream stream = with_memory_followed("on calls=0 failed=0 left=1\nleft 1 200 kmalloc ex_init+0x1b/0x60 [ex]\n");
  const Verdict verdict = stream.complete();
  EXPECT_EQ(verdict.outcome, Outcome::leaked);
  EXPECT_EQ(verdict.evidence.front().summary,
            "200 bytes from kmalloc at ex_init+0x1b are not freed after the unload (1 object)");
  stream.test_case.checks.memory = false;
  EXPECT_EQ(stream.verdict(Kind::completed).outcome, Outcome::passed);
}

TEST(Faults, MemoryThatIsFreedTwiceIsACrashThatAPlanCanExpect) {
  Stream stream = with_memory_followed(
      "on calls=0 failed=0 left=0 wrong=2\n"
      "twice 100 kfree ex_exit+0x1b/0x60 [ex], kfree ex_free+0x5/0x9 [ex], kmalloc "
      "ex_init+0x1b/0x60 [ex]\n"
      "twice 64 kfree ex_exit+0x30/0x60 [ex], ? ?, kmalloc ex_init+0x2b/0x60 [ex]\n");
  const Verdict verdict = stream.complete();
  EXPECT_EQ(verdict.outcome, Outcome::crashed);
  ASSERT_EQ(verdict.evidence.size(), 2u);
  EXPECT_EQ(verdict.evidence[0].summary, "double free in ex_exit+0x1b [ex]");
  EXPECT_EQ(verdict.evidence[0].details,
            (std::vector<std::string>{"freed again: kfree at ex_exit+0x1b", "freed before: kfree at ex_free+0x5",
                                      "allocated: kmalloc at ex_init+0x1b, 100 bytes"}));
  EXPECT_EQ(verdict.evidence[0].expected, "no double free");
  EXPECT_EQ(verdict.evidence[1].details.at(1), "freed before: the kernel");
  stream.test_case.checks.memory = false;
  EXPECT_EQ(stream.verdict(Kind::completed).outcome, Outcome::passed) << "nobody followed it";
}

TEST(Faults, AFreeOfAnAddressWithinAnObjectIsACrash) {
  Stream stream = with_memory_followed(
      "on calls=0 failed=0 left=0 wrong=1\n"
      "inner 8 100 kfree ex_exit+0x1b/0x60 [ex], kmalloc ex_init+0x1b/0x60 [ex]\n");
  const Verdict verdict = stream.complete();
  EXPECT_EQ(verdict.outcome, Outcome::crashed);
  ASSERT_EQ(verdict.evidence.size(), 1u);
  EXPECT_EQ(verdict.evidence[0].summary, "invalid free in ex_exit+0x1b [ex]");
  EXPECT_EQ(verdict.evidence[0].details,
            (std::vector<std::string>{"freed: kfree at ex_exit+0x1b, 8 bytes behind the beginning of an object",
                                      "allocated: kmalloc at ex_init+0x1b, 100 bytes"}));
}

TEST(Faults, AnObjectOfTheKernelsOwnHasNoSize) {
  Stream stream = with_memory_followed("on calls=0 failed=0 left=1\nleft 1 0 alloc_workqueue ex_init+0x1b/0x60 [ex]\n");
  const Verdict verdict = stream.complete();
  EXPECT_EQ(verdict.outcome, Outcome::leaked);
  EXPECT_EQ(verdict.evidence.front().summary,
            "1 object from alloc_workqueue at ex_init+0x1b is not freed after the unload");
}

TEST(Faults, ThePlaceSaysHowItsMemoryIsFreed) {
  const std::map<std::string, std::string> frees = {
      {"kmalloc", "kfree"},         {"get_zeroed_page", "free_page"}, {"alloc_percpu", "free_percpu"},
      {"vzalloc", "vfree"},         {"skb_clone", "kfree_skb"},       {"alloc_workqueue", "destroy_workqueue"},
      {"kfifo_alloc", "kfifo_free"}};
  for (const auto &[function, free] : frees) {
    Stream stream =
        with_memory_followed("on calls=0 failed=0 left=1\nleft 1 200 " + function + " ex_init+0x1b/0x60 [ex]\n");
    const Verdict verdict = stream.complete();
    EXPECT_NE(verdict.evidence.front().hint.find("call " + free + " where"), std::string::npos) << function;
  }
}

TEST(Faults, ACallThatIsNotMadeFailsTheCase) {
  FaultStream stream;
  stream.load();
  stream.call(false);
  stream.end().unloaded();
  const Verdict verdict = stream.load_again().complete();
  expect_failed(stream, verdict, "call 1 was not made, so none failed", FaultResult::not_made);
}

TEST(Faults, NoCallHasToFailByChance) {
  FaultStream stream;
  plan::Fault fault = *stream.test_case.fault;
  fault.chance = plan::Fault::kAlways / 100;
  stream.set(fault);
  stream.load();
  stream.call(false);
  stream.end().unloaded();
  EXPECT_EQ(stream.load_again().complete().outcome, Outcome::passed);
}

TEST(Faults, ACrashNamesTheCall) {
  FaultStream stream;
  stream.load();
  stream.log("kmodtest_faults: call 1 fails: kmalloc_trace at ex_init+0x1b/0x60 [ex]");
  stream.log("BUG: kernel NULL pointer dereference, address: 0000000000000000", 1);
  stream.log("RIP: 0010:ex_init+0x22/0x60 [ex]", 4);
  stream.log("---[ end trace 0000000000000000 ]---", 4);
  const Verdict verdict = stream.verdict(Kind::stopped_early);
  EXPECT_EQ(verdict.outcome, Outcome::crashed);
  EXPECT_EQ(verdict.evidence.front().summary,
            "after call 1 failed, kmalloc at ex_init+0x1b (ex.c:41): NULL pointer dereference in ex_init+0x22 [ex]");
}

TEST(Faults, TheSummaryCountsWhatCameOfTheCalls) {
  using enum FaultResult;
  EXPECT_EQ(fault_summary({handled, crashed, handled, leaked, went_on_null, hung}),
            "6 calls, 2 handled, 1 crashed, 1 hung, 1 leaked, 1 went on with a NULL");
  EXPECT_EQ(fault_summary({handled}), "1 call, 1 handled");
  EXPECT_EQ(fault_summary({other, went_on}), "2 calls, 1 went on after an error, 1 failed otherwise");
}

}  // namespace
}  // namespace kmodtest::judge::testing
