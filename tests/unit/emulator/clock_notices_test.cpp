// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/clock_notices.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace kmodtest::emulator {
namespace {

std::vector<void *> notified;

void notify_main(void *, int) {}
void notify_loop(void *loop, int) {
  notified.push_back(loop);
}

/// A clock with the lists of two loops, and that of the main loop between them.
class SpareIdleLoops : public ::testing::Test {
 protected:
  SpareIdleLoops() {
    notified.clear();
    TimerList **pointer = &first_;
    for (TimerList *list : {&one_, &main_, &two_}) {
      list->clock = static_cast<void *>(&first_);
      list->pointer_to_this = pointer;
      list->notify = list == &main_ ? notify_main : notify_loop;
      list->loop = list;
      *pointer = list;
      pointer = &list->next;
    }
  }

  /// Does what QEMU does when a timer of the clock is due.
  void notify_all() {
    for (TimerList *list = first_; list != nullptr; list = list->next) list->notify(list->loop, 1);
  }

  TimerList *first_ = nullptr;  ///< where the clock begins
  TimerList one_{}, main_{}, two_{};
};

TEST_F(SpareIdleLoops, WakesOnlyThoseThatHaveATimer) {
  EXPECT_EQ(spare_idle_loops(&main_, notify_main), 2u);
  notify_all();
  EXPECT_TRUE(notified.empty());
  int timer = 0;
  two_.timers = &timer;
  notify_all();
  EXPECT_EQ(notified, std::vector<void *>{&two_});
  EXPECT_EQ(main_.notify, notify_main);
}

TEST_F(SpareIdleLoops, ChangesNothingThatIsNotAsExpected) {
  EXPECT_EQ(spare_idle_loops(&main_, notify_loop), 0u);
  EXPECT_EQ(spare_idle_loops(nullptr, notify_main), 0u);
  main_.pointer_to_this = &two_.next;
  EXPECT_EQ(spare_idle_loops(&main_, notify_main), 0u);
  notify_all();
  EXPECT_EQ(notified, (std::vector<void *>{&one_, &two_}));
}

}  // namespace
}  // namespace kmodtest::emulator
