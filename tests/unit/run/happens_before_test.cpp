// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/races/happens_before.hpp"

#include <gtest/gtest.h>

#include "race_history.hpp"

namespace kmodtest::run {
namespace {

constexpr std::uint64_t kObject = RaceHistory::kObject, kOther = RaceHistory::kOther;
constexpr std::uint64_t kLock = 0xffffffffc0213400, kWork = 0xffffffffc0213500;
constexpr std::uint64_t kMarked = 0xffffffffc0213600;    // accesses to it are marked
constexpr std::uint64_t kCallback = 0xffffffffc0203040;  // a function of the module
// as first arguments: init and exit functions, and an instruction that is none
constexpr std::uint64_t kInit = 1001, kExit = 1002, kNoEntry = 1003;
constexpr int kWrites = RaceHistory::Event::kWrites, kAtomic = RaceHistory::Event::kAtomic;

class HappensBefore : public testing::Test {
 protected:
  std::vector<UnorderedPair> pairs() const {
    const OrderRules rules{
        .functions = history.functions(),
        .is_marked = [](const wire::RaceEvent &event) { return event.address == kMarked; },
        .entry =
            [](const wire::RaceEvent &event) {
              if (event.address == kNoEntry) return EntryKind::none;
              if (event.address == kInit) return EntryKind::init;
              return event.address == kExit ? EntryKind::exit : EntryKind::function;
            },
        .is_code = [](std::uint64_t address, std::uint64_t) { return address == kCallback; },
    };
    return unordered_pairs(history.events, history.threads, rules);
  }
  std::size_t races() const { return pairs().size(); }

  RaceHistory history;
};

TEST_F(HappensBefore, AWriteAndAnAccessOfAnotherThreadAreUnordered) {
  history.write(0).read(1);
  EXPECT_EQ(pairs(), (std::vector{UnorderedPair{0, 1}}));
}

TEST_F(HappensBefore, TwoReadsAreNoRace) {
  history.read(0).read(1);
  EXPECT_EQ(races(), 0);
}

TEST_F(HappensBefore, OnlyAccessesToTheSameBytesAreARace) {
  history.write(0, kObject).read(1, kObject + 4);
  EXPECT_EQ(races(), 0);
  history.access(1, kObject + 2, 0, 1);
  EXPECT_EQ(races(), 1);
}

TEST_F(HappensBefore, APairOfInstructionsIsReportedOnce) {
  history.write(0).read(1);
  history.events.push_back(history.events[0]);
  history.events.push_back(history.events[1]);
  EXPECT_EQ(races(), 1);
}

TEST_F(HappensBefore, TheSameLockOrders) {
  history.call(0, "mutex_lock", kLock).write(0).call(0, "mutex_unlock", kLock);
  history.call(1, "mutex_lock", kLock).write(1).call(1, "mutex_unlock", kLock);
  EXPECT_EQ(races(), 0);
}

TEST_F(HappensBefore, AnotherLockDoesNot) {
  history.call(0, "mutex_lock", kLock).write(0).call(0, "mutex_unlock", kLock);
  history.call(1, "mutex_lock", kOther).write(1).call(1, "mutex_unlock", kOther);
  EXPECT_EQ(races(), 1);
}

TEST_F(HappensBefore, WhatIsDoneBehindTheLockIsNotOrdered) {
  history.call(0, "mutex_lock", kLock).call(0, "mutex_unlock", kLock).write(0);
  history.call(1, "mutex_lock", kLock).write(1).call(1, "mutex_unlock", kLock);
  EXPECT_EQ(races(), 1);
}

TEST_F(HappensBefore, AnAttemptThatFailedOrdersNothing) {
  history.call(0, "_raw_spin_lock", kLock).write(0).call(0, "_raw_spin_unlock", kLock);
  history.call(1, "_raw_spin_trylock", kLock, 0).write(1);
  EXPECT_EQ(races(), 1);
}

TEST_F(HappensBefore, AThreadBeginsAfterItsCreation) {
  history.write(0).call(0, "kthread_create_on_node", kCallback, RaceHistory::task_of(1)).entered(1).write(1);
  EXPECT_EQ(races(), 0);
  history.write(0);
  EXPECT_EQ(races(), 1) << "what the creator does later";
}

TEST_F(HappensBefore, AThreadThatIsStoppedHasEnded) {
  history.call(0, "kthread_create_on_node", kCallback, RaceHistory::task_of(1)).entered(1).write(1).left(1);
  history.call(0, "kthread_stop", RaceHistory::task_of(1)).write(0);
  EXPECT_EQ(races(), 0);
}

TEST_F(HappensBefore, AThreadThatIsWokenHasWaited) {
  history.call(0, "kthread_create_on_node", kCallback, RaceHistory::task_of(1)).entered(1);
  history.begin(1, "schedule", 0).write(0).call(0, "wake_up_process", RaceHistory::task_of(1));
  RaceHistory::Event back = history.events[3];  // the call of schedule(), which comes back now
  back.kind = RaceHistory::Event::Kind::returned;
  history.events.push_back(back);
  history.write(1);
  EXPECT_EQ(races(), 0);
}

TEST_F(HappensBefore, WorkBeginsAfterItWasQueuedAndHasEndedWhenItIsFlushed) {
  history.write(0).call(0, "queue_work_on", 1, 1, kOther, kWork).entered(1, kWork).write(1).left(1);
  EXPECT_EQ(races(), 0);
  history.call(0, "cancel_work_sync", kWork).write(0);
  EXPECT_EQ(races(), 0);
}

TEST_F(HappensBefore, WorkThatNobodyWaitsForIsARace) {
  history.call(0, "queue_work_on", 1, 1, kOther, kWork).entered(1, kWork).read(1).left(1);
  history.call(0, "cancel_work", kWork).write(0);
  EXPECT_EQ(races(), 1);
}

TEST_F(HappensBefore, CallsForTheSameTimerComeOneAfterTheOther) {
  history.call(0, "mod_timer", kWork).entered(1, kWork).write(1).left(1).entered(2, kWork).write(2).left(2);
  EXPECT_EQ(races(), 0);
  history.call(0, "mod_timer", kOther).entered(3, kOther).write(3).left(3);
  EXPECT_GE(races(), 1) << "those of another timer can run at the same time";
}

TEST_F(HappensBefore, AnOrderedWorkqueueExecutesOneItemAfterTheOther) {
  constexpr std::uint64_t kOrdered = 1 << 17, kUnbound = 1 << 1;
  const auto races_with = [this](std::uint64_t flags, std::uint64_t most) {
    history.events.clear();
    history.call(0, "alloc_workqueue", 0, kOther, flags, most);
    history.call(0, "queue_work_on", 8192, 0, kOther, kWork).call(0, "queue_work_on", 8192, 0, kOther, kWork + 64);
    history.entered(1, kWork).write(1).left(1).entered(2, kWork + 64).write(2).left(2);
    return races();
  };
  EXPECT_EQ(races_with(kUnbound | kOrdered, 1), 0);
  EXPECT_EQ(races_with(kUnbound, 1), 0);
  EXPECT_EQ(races_with(kUnbound, 2), 1);
  EXPECT_EQ(races_with(0, 1), 1) << "one item for each CPU";
}

TEST_F(HappensBefore, AnItemIsOrderedByTheWorkqueueThatExecutesIt) {
  history.call(0, "alloc_workqueue", 0, kOther, 1 << 17, 1).call(0, "queue_work_on", 8192, 0, kOther, kWork);
  history.call(0, "queue_work_on", 8192, 0, kOther, kWork + 64).call(0, "queue_work_on", 8192, 0, kLock, kWork);
  history.entered(1, kWork).write(1).left(1).entered(2, kWork + 64).write(2).left(2);
  EXPECT_EQ(races(), 1);
}

TEST_F(HappensBefore, AnotherWorkqueueCanHaveTheMemoryOfAnOrderedOne) {
  history.call(0, "alloc_workqueue", 0, kOther, 1 << 17, 1).call(0, "destroy_workqueue", kOther);
  history.call(0, "alloc_workqueue", 0, kOther, 1 << 1, 8);
  history.call(0, "queue_work_on", 8192, 0, kOther, kWork).call(0, "queue_work_on", 8192, 0, kOther, kWork + 64);
  history.entered(1, kWork).write(1).left(1).entered(2, kWork + 64).write(2).left(2);
  EXPECT_EQ(races(), 1);
}

TEST_F(HappensBefore, WhatAnotherCpuIsToldToDoComesAfterTheCall) {
  history.write(0).begin(0, "smp_call_function_single", 1, kCallback).entered_at(1, kCallback).write(1).left(1).end();
  history.write(0);
  EXPECT_EQ(races(), 0);
  history.begin(0, "smp_call_function_single", 1, kCallback).write(0, kOther).entered_at(1, kCallback);
  history.write(1, kOther);
  EXPECT_EQ(races(), 1) << "the code behind the call is not ordered";
}

TEST_F(HappensBefore, WhileCpusAreStoppedNothingElseRuns) {
  history.write(1).begin(0, "stop_machine", kCallback).entered_at(2, kCallback).write(2).left(2).end();
  history.write(1).write(0, kOther);
  EXPECT_EQ(races(), 0);
  history.entered_at(2, kCallback + 64).write(2, kOther);
  EXPECT_EQ(races(), 1) << "another function of the same thread runs at any time";
}

TEST_F(HappensBefore, TheLastReferenceComesWithALock) {
  history.call(0, "mutex_lock", kLock).write(0).call(0, "mutex_unlock", kLock);
  history.call(1, "refcount_dec_and_mutex_lock", kOther, 1, kLock).write(1).call(1, "mutex_unlock", kLock);
  history.call(0, "mutex_lock", kLock).write(0).call(0, "mutex_unlock", kLock);
  EXPECT_EQ(races(), 0);
  history.write(0, kObject + 8).call(0, "refcount_dec_and_mutex_lock", kOther, 0, kLock);
  history.call(1, "refcount_dec_and_mutex_lock", kOther, 1, kLock).write(1, kObject + 8);
  EXPECT_EQ(races(), 0) << "who gives back the last reference comes behind all others";
}

TEST_F(HappensBefore, WhatIsAddedToALockLessListIsCompleteForWhoTakesIt) {
  history.write(0).call(0, "llist_add_batch", kOther + 64, 0, kOther + 64, kMarked).access(1, kMarked, kAtomic, 8);
  history.read(1);
  EXPECT_EQ(races(), 0);
}

TEST_F(HappensBefore, AGracePeriodEndsWhatRuns) {
  history.read(1).call(0, "synchronize_rcu", 0).write(0);
  EXPECT_EQ(races(), 0);
  history.read(2, kLock).call(0, "call_rcu", kOther, 0, kCallback).entered(3, kOther).write(3, kLock);
  EXPECT_EQ(races(), 0);
}

TEST_F(HappensBefore, AFunctionOfWhichNothingIsKnownOrdersByItsObject) {
  history.write(0).call(0, "skb_queue_tail", kOther).call(1, "skb_dequeue", kOther).write(1);
  EXPECT_EQ(races(), 0);
}

TEST_F(HappensBefore, AFunctionOfWhichNothingIsKnownComesAfterTheCallsForItsObjectThatHaveEnded) {
  history.call(0, "usb_submit_urb", kOther).entered(1, kOther).write(1).left(1);
  history.call(0, "usb_kill_urb", kOther).write(0);
  EXPECT_EQ(races(), 0);
  history.entered(1, kOther).write(1, kObject + 8).call(0, "usb_unlink_urb", kOther).write(0, kObject + 8).left(1);
  EXPECT_EQ(races(), 1) << "that call still runs";
}

TEST_F(HappensBefore, AWorkersItemBeginsAfterItWasQueued) {
  history.write(0).call(0, "kthread_queue_work", kOther, 1, kWork).entered(1, kWork).write(1);
  EXPECT_EQ(races(), 0);
}

TEST_F(HappensBefore, PrintingOrdersNothing) {
  history.write(0).call(0, "_printk", kOther).call(1, "_printk", kOther).write(1);
  EXPECT_EQ(races(), 1);
}

TEST_F(HappensBefore, MarkedAccessesOrder) {
  history.write(0).write(0, kMarked).read(1, kMarked).read(1);
  EXPECT_EQ(races(), 0);
}

TEST_F(HappensBefore, AtomicAccessesOrderAndDoNotRace) {
  history.write(0).access(0, kOther, kWrites | kAtomic).access(1, kOther, kWrites | kAtomic).read(1);
  EXPECT_EQ(races(), 0);
  history.write(2, kOther);
  EXPECT_GE(races(), 1) << "a plain one does";
}

TEST_F(HappensBefore, MemoryThatIsGivenAgainIsNewMemory) {
  history.write(0).call(0, "free_by_unknown", kOther);
  history.call(1, "kmalloc_trace", 0, kObject, 0, 64).write(1);
  EXPECT_EQ(races(), 0);
}

TEST_F(HappensBefore, FreeingIsAnAccessToTheWholeObject) {
  history.call(0, "kmalloc_trace", 0, kObject, 0, 64).call(0, "skb_queue_tail", kOther);
  history.call(1, "skb_dequeue", kOther).read(1, kObject + 56).call(0, "kfree", kObject);
  EXPECT_EQ(races(), 1);
}

TEST_F(HappensBefore, OneCpuDoesOneThingAfterTheOther) {
  history.on_cpu(0, 3).on_cpu(1, 3).write(0).write(1);
  EXPECT_EQ(races(), 0);
}

TEST_F(HappensBefore, AnInterruptComesBetweenUnlessInterruptsAreOff) {
  using Event = RaceHistory::Event;
  history.threads[1].in_interrupt = 1;
  history.on_cpu(0, 3).on_cpu(1, 3).write(0).access(1, kObject, kWrites);
  EXPECT_EQ(races(), 1);
  history.events.clear();
  history.threads[1].in_interrupt = 0;
  history.access(0, kObject, kWrites | Event::kTakesInterrupts).access(1, kObject, kWrites | Event::kInSoftirq);
  EXPECT_EQ(races(), 0) << "softirqs are off there";
}

TEST_F(HappensBefore, CallsOfProcessesComeAfterInitAndAfterThoseThatHaveEnded) {
  history.entered(0, kInit).write(0).call(0, "misc_register", kOther).left(0);
  history.entered(1).write(1).left(1).entered(2).write(2).left(2);
  EXPECT_EQ(races(), 0);
}

TEST_F(HappensBefore, CallsOfProcessesForAnObjectThatIsKnownAreOrderedToo) {
  history.entered(1, kOther).call(1, "nonseekable_open", kOther).write(1).left(1);
  history.entered(2, kOther).write(2).left(2);
  EXPECT_EQ(races(), 0);
}

TEST_F(HappensBefore, AProcessThatWasWokenIsNoThreadThatBegins) {
  history.entered(1).left(1).entered(2).call(2, "wake_up_process", RaceHistory::task_of(1)).write(2).left(2);
  history.entered(1).write(1).left(1);
  EXPECT_EQ(races(), 0);
}

TEST_F(HappensBefore, CallsOfProcessesAtTheSameTimeAreNotOrdered) {
  history.entered(1).entered(2).write(1).write(2).left(1).left(2);
  EXPECT_EQ(races(), 1);
}

TEST_F(HappensBefore, AnInstructionThatIsNoEntryIsNoCall) {
  history.entered(1).entered(1, kNoEntry).write(1).left(1).entered(0, kExit).write(0);
  EXPECT_EQ(races(), 0) << "the call of thread 1 has ended";
}

TEST_F(HappensBefore, TheExitFunctionComesAfterTheLastUseButNotAfterThreads) {
  history.entered(1).write(1).left(1).entered(0, kExit).write(0);
  EXPECT_EQ(races(), 0);
  history.call(0, "kthread_create_on_node", kCallback, RaceHistory::task_of(2)).entered(2).write(2, kOther);
  history.entered(0, kExit).write(0, kOther);
  EXPECT_EQ(races(), 1);
}

TEST_F(HappensBefore, AModuleThatIsLoadedAgainHasFreshVariables) {
  history.entered(0, kInit).write(0, kLock).left(0).entered(1, kInit).write(1, kLock).left(1);
  EXPECT_EQ(races(), 0);
}

}  // namespace
}  // namespace kmodtest::run
