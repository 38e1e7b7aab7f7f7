// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>

#include "judge/observations.hpp"
#include "stream.hpp"

namespace kmodtest::judge::testing {
namespace {

using ::testing::ElementsAre;
using Kind = Ending::Kind;

constexpr std::uint64_t kText = 0xffffffffc0201000;

/// Returns a case whose module was loaded at kText and unloaded, and left this.
Stream left(wire::Inventory inventory) {
  Stream stream;
  stream.begin(wire::Load{{{"ex", "/tmp/modules/ex.ko", {}}}, 0}, 10s);
  auto record = module_record("ex");
  record.address = kText;
  stream.add(wire::Loaded{stream.index, "ex", 0, 100us, record}).end();
  stream.unloaded(inventory);
  return stream;
}

Evidence only_leak(const Verdict &verdict) {
  EXPECT_EQ(verdict.outcome, Outcome::leaked);
  EXPECT_EQ(verdict.evidence.size(), 1u);
  return verdict.evidence.empty() ? Evidence{} : verdict.evidence.front();
}

/// Expects the summary, and that the plan can allow the leftover.
void expect_leak(const wire::Inventory &inventory, const std::string &summary, const std::string &expected,
                 const std::string &seen, const std::string &hint, const std::string &allow) {
  SCOPED_TRACE(summary);
  Stream stream = left(inventory);
  const Evidence evidence = only_leak(stream.complete(inventory));
  EXPECT_EQ(evidence.summary, summary);
  EXPECT_EQ(evidence.expected, expected);
  EXPECT_EQ(evidence.seen, seen);
  EXPECT_EQ(plan_hint(evidence), hint);
  EXPECT_EQ(evidence.step, 1u);
  stream.test_case.checks.allow = {allow};
  EXPECT_EQ(stream.verdict(Kind::completed).outcome, Outcome::passed);
  stream.test_case.checks.allow = {"no:" + allow};
  EXPECT_EQ(stream.verdict(Kind::completed).outcome, Outcome::leaked);
}

TEST(Leftovers, AnInterruptIsNamed) {
  wire::Inventory inventory;
  inventory.new_entries = {"/proc/irq/5/ex_line"};
  expect_leak(inventory, "interrupt 5 of 'ex_line' is left after the unload",
              "no interrupt handler that was not there before the load", "interrupt 5 of 'ex_line'",
              "the exit function has to free it (free_irq); 'checks: {allow: [\"interrupt:ex_line\"]}' lets it stay",
              "interrupt:ex_*");
}

TEST(Leftovers, ASlabCacheIsNamed) {
  wire::Inventory inventory;
  inventory.new_entries = {"/sys/kernel/slab/ex_cache"};
  expect_leak(inventory, "slab cache 'ex_cache' is left after the unload",
              "no slab cache that was not there before the load", "slab cache 'ex_cache'",
              "the exit function has to destroy it (kmem_cache_destroy); "
              "'checks: {allow: [\"cache:ex_cache\"]}' lets it stay",
              "cache:ex_cache");
}

TEST(Leftovers, OldGlobsOfEntriesStillAllowThem) {
  wire::Inventory inventory;
  inventory.new_entries = {"/sys/kernel/slab/ex_cache", "/proc/irq/5/ex_line", "/sys/kernel/debug/ex"};
  Stream stream = left(inventory);
  stream.test_case.checks.allow_entries = {"/sys/kernel/slab/*", "/proc/irq/*", "/sys/kernel/debug/ex"};
  EXPECT_EQ(stream.complete(inventory).outcome, Outcome::passed);
}

TEST(Leftovers, AnEntryIsHintedAtByWhatMadeIt) {
  wire::Inventory inventory;
  inventory.new_entries = {"/sys/kernel/debug/ex"};
  expect_leak(inventory, "/sys/kernel/debug/ex is left after the unload", "no entry that was not there before the load",
              "/sys/kernel/debug/ex",
              "the exit function has to remove it (debugfs_remove); 'checks: {allow_entries: [...]}' lets one stay",
              "entry:/sys/kernel/debug/*");
}

TEST(Leftovers, FilesOfAnInterruptAreNoHandler) {
  wire::Inventory inventory;
  inventory.new_entries = {"/proc/irq/24", "/proc/irq/24/smp_affinity"};
  Stream stream = left(inventory);
  EXPECT_EQ(only_leak(stream.complete(inventory)).summary, "/proc/irq/24 is left after the unload");
}

TEST(Leftovers, TheRescuerOfAWorkqueueIsTheWorkqueue) {
  wire::Inventory inventory;
  inventory.threads = {thread("kworker/R-ex_queue"), thread("kworker/0:1-events")};
  expect_leak(inventory, "workqueue 'ex_queue' is left after the unload",
              "no workqueue that was not there before the load",
              "the threads of their rescuers:\n    PID STAT PSR COMMAND\n     45 S      0 kworker/R-ex_queue\n",
              "the exit function has to destroy it (destroy_workqueue); "
              "'checks: {allow: [\"workqueue:ex_queue\"]}' lets it stay",
              "workqueue:ex_queue");
  // Before 6.8 it has the queue's name; what it waits in identifies it.
  inventory.threads = {thread("ex_queue")};
  inventory.threads[0].waits_in = "rescuer_thread";
  Stream stream = left(inventory);
  EXPECT_EQ(only_leak(stream.complete(inventory)).summary, "workqueue 'ex_queue' is left after the unload");
}

TEST(Leftovers, AnArmedTimerIsTheModules) {
  wire::Inventory inventory;
  inventory.timers = {{false, 0xffff888005581700, kText + 0x10, ""},
                      {false, 0xffff888005581780, kText + 0x10, ""},
                      {true, 0xffff888005581800, kText + 0x40, ""},
                      {false, kText + 0x2000, 0, "delayed_work_timer_fn"}};
  expect_leak(inventory, "an armed timer with its function in 'ex' is left after the unload",
              "no armed timer that was not there before the load",
              "an armed timer with its function in 'ex' (2 of these)\nan armed hrtimer with its function in 'ex'\n"
              "an armed timer for delayed_work_timer_fn in the memory of 'ex'",
              "the exit function has to stop it (del_timer_sync, timer_delete_sync, hrtimer_cancel, "
              "cancel_delayed_work_sync); 'checks: {allow: [\"timer:ex\"]}' lets it stay",
              "timer:ex");
}

TEST(Leftovers, ATimerOfAModuleThatStaysIsNoLeak) {
  wire::Inventory inventory;
  inventory.timers = {{false, kText + 0x90000, 0, "poll_work_timer"}};
  Stream stream = left(inventory);
  stream.test_case.kernel_modules = {"other"};
  EXPECT_EQ(stream.complete(inventory).outcome, Outcome::passed);
  stream.test_case.kernel_modules = {};
  EXPECT_EQ(stream.verdict(Kind::completed).outcome, Outcome::leaked);
}

TEST(Leftovers, AMajorNumberIsNamed) {
  wire::Inventory inventory;
  inventory.majors = {{false, 240, "ex_dev"}, {true, 252, "ex_dev"}};
  expect_leak(inventory, "character device number 240 of 'ex_dev' is left after the unload",
              "no major number that was not there before the load",
              "character device number 240 of 'ex_dev'\nblock device number 252 of 'ex_dev'",
              "the exit function has to give it back (unregister_chrdev_region, unregister_chrdev, "
              "unregister_blkdev); 'checks: {allow: [\"device:ex_dev\"]}' lets it stay",
              "device:*");
}

TEST(Leftovers, AnAreaOfVmallocIsTheModules) {
  wire::Inventory inventory;
  // The first caller is in the init function, whose memory belongs to the kernel again: there is only one module.
  inventory.vmalloc = {{8192, kText + 0x9000}, {12288, kText + 0x20}};
  expect_leak(inventory, "an area of vmalloc of 4096 bytes for 'ex' is left after the unload",
              "no area of vmalloc that was not there before the load",
              "an area of vmalloc of 4096 bytes for 'ex'\nan area of vmalloc of 8192 bytes for 'ex'",
              "the exit function has to free it (vfree); 'checks: {allow: [\"vmalloc:ex\"]}' lets it stay",
              "vmalloc:ex");
}

TEST(Leftovers, AReferenceToAnotherModuleIsTold) {
  wire::Inventory inventory;
  inventory.modules = {module_record("loop", 2)};
  Stream stream = left(inventory);
  for (auto &report : stream.seen.messages) {
    if (auto *baseline = std::get_if<wire::Baseline>(&report)) baseline->inventory.modules = {module_record("loop", 1)};
  }
  const Evidence evidence = only_leak(stream.complete(inventory));
  EXPECT_EQ(evidence.summary, "a reference to module 'loop' is left after the unload");
  EXPECT_EQ(evidence.expected, "a use count of 1, as before the load");
  EXPECT_EQ(evidence.seen, "a use count of 2");
  EXPECT_EQ(plan_hint(evidence),
            "the exit function has to give back what it took (module_put, or what took the reference); "
            "'checks: {allow: [\"module:loop\"]}' lets it stay");
  stream.test_case.checks.allow = {"module:loop"};
  EXPECT_EQ(stream.verdict(Kind::completed).outcome, Outcome::passed);
}

/// Returns a case with two rounds and the guest's state after each. Between them the plan itself has done something, so
/// that there is a second baseline: `again`.
Verdict two_rounds(const wire::Inventory &first, std::optional<wire::Inventory> again, const wire::Inventory &second) {
  Stream stream;
  stream.load().end().unloaded(first);
  stream.begin(wire::Sleep{}).end().load();
  if (again) stream.add(wire::Baseline{*std::move(again)});
  stream.end().unloaded(second);
  return stream.complete(second);
}

TEST(Leftovers, AreNotWhatThePlanDidBeforeTheLoad) {
  wire::Inventory used;
  used.modules = {module_record("loop", 2)};
  EXPECT_EQ(only_leak(two_rounds({}, std::nullopt, used)).summary,
            "a reference to module 'loop' is left after the unload");
  EXPECT_EQ(two_rounds({}, used, used).outcome, Outcome::passed);
}

TEST(Leftovers, OfAnEarlierLoadStayLeft) {
  wire::Inventory used;
  used.modules = {module_record("loop", 2)};
  EXPECT_EQ(only_leak(two_rounds(used, used, used)).summary, "a reference to module 'loop' is left after the unload");
  wire::Inventory changed;
  changed.settings = {{"/proc/sys/kernel/panic", "0", "5"}};
  EXPECT_EQ(only_leak(two_rounds(changed, wire::Inventory{}, {})).seen, "'5'");
  EXPECT_EQ(two_rounds(changed, std::nullopt, {}).outcome, Outcome::passed) << "it was set back";
}

TEST(Leftovers, AReferenceThatAnotherUserCanHaveTakenHasToComeAgain) {
  wire::Inventory before, once, twice;
  before.modules = {module_record("mtd", 1)};
  before.modules[0].used_by = {"mtd_blkdevs"};
  once = twice = before;
  once.modules[0].users = 2;
  twice.modules[0].users = 3;
  Stream stream;
  stream.load().add(wire::Baseline{before}).end().unloaded(once);
  EXPECT_EQ(stream.complete(once).outcome, Outcome::passed);
  EXPECT_EQ(two_rounds(once, once, once).outcome, Outcome::passed);
  EXPECT_EQ(only_leak(two_rounds(once, once, twice)).summary, "a reference to module 'mtd' is left after the unload");
}

TEST(Leftovers, OfTheTaintCountFromTheFirstStep) {
  wire::Inventory tainted;
  tainted.taint = 1;
  EXPECT_EQ(two_rounds(tainted, tainted, tainted).outcome, Outcome::failed);
}

TEST(Leftovers, TheHintNamesTheCallThatTheModuleLacks) {
  wire::Inventory inventory;
  inventory.new_entries = {"/dev/video0"};
  Stream stream = left(inventory);
  stream.seen.open_calls["ex"] = {.makes = "video_register_device", .undo = "video_unregister_device"};
  EXPECT_EQ(only_leak(stream.complete(inventory)).hint,
            "the exit function has to remove its device (device_destroy, misc_deregister); "
            "video_unregister_device() is missing: the module calls video_register_device()");
}

TEST(Leftovers, EachKindIsAFindingOfItsOwn) {
  wire::Inventory inventory;
  inventory.new_entries = {"/dev/ex0", "/sys/kernel/slab/ex_cache", "/sys/class/ex"};
  inventory.majors = {{false, 240, "ex"}};
  Stream stream = left(inventory);
  std::vector<std::string> summaries;
  for (const auto &evidence : stream.complete(inventory).evidence) summaries.push_back(evidence.summary);
  EXPECT_THAT(summaries,
              ElementsAre("slab cache 'ex_cache' is left after the unload", "/dev/ex0 is left after the unload",
                          "character device number 240 of 'ex' is left after the unload"));
}

TEST(Leftovers, AThreadThatHasNoNameYetIsTheKernels) {
  wire::Inventory inventory;
  inventory.threads = {thread("kthreadd")};
  Stream stream = left(inventory);
  EXPECT_EQ(stream.complete(inventory).outcome, Outcome::passed);
}

TEST(Leftovers, AModuleThatWasRequestedMayStayUnlessItIsInUse) {
  wire::Inventory inventory;
  inventory.modules = {module_record("vfat", 0), module_record("fat", 1)};
  inventory.modules[1].used_by = {"vfat"};
  inventory.new_entries = {"/sys/module/vfat", "/sys/module/vfat/holders"};
  Stream idle = left(inventory);
  EXPECT_EQ(idle.complete(inventory).outcome, Outcome::passed);
  inventory.modules[0].users = 1;
  Stream used = left(inventory);
  EXPECT_EQ(only_leak(used.complete(inventory)).summary, "a reference to module 'vfat' is left after the unload");
}

// ---- repeat -------------------------------------------------------------------------------------------------------

/// Returns a case with two rounds to warm up and ten more, one count after each.
Stream repeated(std::vector<wire::MemoryRecord> per_round, std::uint32_t rounds = 12) {
  Stream stream;
  stream.begin(wire::Repeat{{{"ex", "/tmp/modules/ex.ko", {}}}, 2, 10, 10, 100ms}, 10s);
  std::vector<wire::MemoryRecord> all = {{"kmalloc-64", true, 64, 1000}, {"kmalloc-8", true, 8, 77}};
  for (std::uint32_t round = 0; round <= rounds; ++round) {
    if (round >= 2) {
      stream.add(wire::MemoryCounted{stream.index, stream.now, round - 2, round == 2 ? all : per_round});
      for (auto &record : per_round) record.count += 1;
    }
    if (round == rounds) break;
    stream.add(wire::Loaded{stream.index, "ex", 0, 100us, module_record("ex")});
    stream.add(wire::Unloaded{stream.index, "ex", 0, 100us});
  }
  return stream;
}

TEST(Repeat, NothingGrows) {
  Stream stream = repeated({});
  stream.end();
  EXPECT_EQ(stream.complete().outcome, Outcome::passed);
}

TEST(Repeat, OneObjectPerRoundLeaks) {
  Stream stream = repeated({{"kmalloc-64", true, 64, 1000}});
  stream.end();
  const Evidence evidence = only_leak(stream.complete());
  EXPECT_EQ(evidence.summary,
            "kmalloc-64 grows by 1.00 objects per round (64 bytes each; 95% confidence 1.00..1.00 over 10 rounds)");
  EXPECT_EQ(evidence.expected, "nothing that grows with each load and unload");
  EXPECT_EQ(evidence.seen, evidence.summary);
  EXPECT_EQ(plan_hint(evidence),
            "something that a load allocates is not freed by the unload; a run with --check-memory names the place; "
            "'checks: {allow: [\"growth:kmalloc-64\"]}' lets it grow");
  EXPECT_EQ(evidence.step, 0u);
  stream.test_case.checks.memory = true;
  EXPECT_EQ(only_leak(stream.complete()).hint, "something that a load allocates is not freed by the unload");
  stream.test_case.checks.memory = false;
  stream.test_case.checks.allow = {"growth:kmalloc-*"};
  EXPECT_EQ(stream.verdict(Kind::completed).outcome, Outcome::passed);
  stream.test_case.checks.allow = {};
  stream.test_case.checks.leftovers = false;
  EXPECT_EQ(stream.verdict(Kind::completed).outcome, Outcome::passed);
}

TEST(Repeat, WholePagesSayNothingIfTheKernelKeepsFreedMemory) {
  Stream stream = repeated({{"pages", false, 1024, 0}});
  stream.end();
  EXPECT_EQ(only_leak(stream.complete()).summary,
            "kernel memory in whole pages grows by 1.00 KiB per round (95% confidence 1.00..1.00 over 10 rounds)");
  stream.seen.kernel_checks_itself = true;
  EXPECT_EQ(stream.verdict(Kind::completed).outcome, Outcome::passed);
}

TEST(Repeat, TheMostBytesComeFirst) {
  Stream stream = repeated({{"kmalloc-64", true, 64, 1000}, {"VmallocUsed", false, 1024, 0}, {"ex_new", true, 72, 0}});
  stream.end();
  EXPECT_EQ(only_leak(stream.complete()).seen,
            "memory from vmalloc grows by 1.00 KiB per round (95% confidence 1.00..1.00 over 10 rounds)\n"
            "ex_new grows by 1.00 objects per round (72 bytes each; 95% confidence 1.00..1.00 over 10 rounds)\n"
            "kmalloc-64 grows by 1.00 objects per round (64 bytes each; 95% confidence 1.00..1.00 over 10 rounds)");
}

TEST(Repeat, MemoryForEachCpuIsCounted) {
  Stream stream = repeated({{wire::kPerCpuObjects, true, 0, 0}});
  stream.end();
  EXPECT_EQ(only_leak(stream.complete()).summary,
            "memory for each CPU (alloc_percpu) grows by 1.00 allocations per round (95% confidence 1.00..1.00 over 10 "
            "rounds)");
  stream.test_case.checks.allow = {"growth:alloc_percpu"};
  EXPECT_EQ(stream.verdict(Kind::completed).outcome, Outcome::passed);
}

TEST(Repeat, ARefusedRoundFails) {
  Stream stream = repeated({}, 5);
  stream.add(wire::Loaded{stream.index, "ex", ENOMEM, 100us, {}});
  stream.end(wire::StepResult::refused, "loading ex gave Cannot allocate memory, expected success in round 6");
  const Verdict verdict = stream.complete();
  EXPECT_EQ(verdict.outcome, Outcome::failed);
  EXPECT_EQ(verdict.evidence.at(0).summary, "loading ex gave ENOMEM (cannot allocate memory) in round 6");
  EXPECT_EQ(verdict.evidence.at(0).expected, "success in each round");
}

TEST(Repeat, WhatIsLeftExplainsARefusedRound) {
  Stream stream = repeated({}, 5);
  stream.add(wire::Loaded{stream.index, "ex", EEXIST, 100us, {}});
  stream.end(wire::StepResult::refused, "loading ex gave File exists, expected success in round 6");
  wire::Inventory inventory;
  inventory.new_entries = {"/dev/ex0"};
  const Verdict verdict = stream.complete(inventory);
  EXPECT_EQ(verdict.outcome, Outcome::leaked);
  ASSERT_EQ(verdict.evidence.size(), 2);
  EXPECT_EQ(verdict.evidence[0].summary, "/dev/ex0 is left after the unload");
  EXPECT_EQ(verdict.evidence[1].summary, "loading ex gave EEXIST (file exists) in round 6");
}

TEST(Repeat, AFirstLoadThatIsRefusedLeavesNothing) {
  Stream stream = repeated({}, 0);
  stream.add(wire::Loaded{stream.index, "ex", EEXIST, 100us, {}});
  stream.end(wire::StepResult::refused, "loading ex gave File exists, expected success in round 1");
  wire::Inventory inventory;
  inventory.new_entries = {"/dev/ex0"};
  const Verdict verdict = stream.complete(inventory);
  EXPECT_EQ(verdict.outcome, Outcome::failed);
  EXPECT_EQ(verdict.evidence.size(), 1);
}

TEST(Repeat, AModuleThatIsStillLoadedLeavesNothingYet) {
  Stream stream = repeated({}, 5);
  stream.add(wire::Loaded{stream.index, "other", 0, 100us, module_record("other")});
  stream.add(wire::Loaded{stream.index, "ex", EBUSY, 100us, {}});
  stream.end(wire::StepResult::refused, "loading ex gave Device or resource busy, expected success in round 6");
  wire::Inventory inventory;
  inventory.new_entries = {"/dev/other"};
  EXPECT_EQ(stream.complete(inventory).outcome, Outcome::failed);
}

TEST(Repeat, ARoundThatDoesNotComeBackHangs) {
  Stream stream = repeated({}, 5);
  stream.add(wire::Loaded{stream.index, "ex", 0, 100us, module_record("ex")});
  stream.end(wire::StepResult::expired, "unloading ex did not come back in round 6");
  const Verdict verdict = stream.complete();
  EXPECT_EQ(verdict.outcome, Outcome::hung);
  EXPECT_EQ(verdict.evidence.at(0).summary, "unloading ex did not come back in round 6 (waited 10.000 s)");
}

TEST(Repeat, AnAgentThatSaysTooMuchIsNotBelieved) {
  Stream stream = repeated({}, 5);
  stream.end();
  EXPECT_EQ(stream.complete().outcome, Outcome::errored);
}

}  // namespace
}  // namespace kmodtest::judge::testing
