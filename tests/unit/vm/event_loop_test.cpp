// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/libvirt/event_loop.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <unistd.h>
#include <vector>

#include "base/error.hpp"

namespace kmodtest::vm {
namespace {

namespace asio = base::asio;

/// Records what a callback does, and whether its opaque was freed.
struct Watch {
  std::function<void(int id, int fd, int events)> act;
  int calls = 0;
  int freed = 0;

  static void on_handle(int id, int fd, int events, void *self) {
    auto *watch = static_cast<Watch *>(self);
    ++watch->calls;
    if (watch->act) watch->act(id, fd, events);
  }
  static void on_timer(int id, void *self) { on_handle(id, -1, 0, self); }
  static void on_free(void *self) { ++static_cast<Watch *>(self)->freed; }
};

class EventLoopTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::pipe(pipe_.data()), 0);
    loop_.attach(io_);
  }
  void TearDown() override {
    loop_.detach();
    ::close(pipe_[0]);
    ::close(pipe_[1]);
  }
  int add(Watch &watch, int end, int events) {
    return loop_.add_handle(pipe_[static_cast<std::size_t>(end)], events, Watch::on_handle, &watch, Watch::on_free);
  }
  void put() { ASSERT_EQ(::write(pipe_[1], "x", 1), 1); }
  void take() {
    char byte = 0;
    ASSERT_EQ(::read(pipe_[0], &byte, 1), 1);
  }
  /// Runs everything that is ready now, without waiting.
  void turn() {
    io_.restart();
    while (io_.poll() > 0) io_.restart();
  }

  EventLoop loop_;
  asio::io_context io_;
  std::array<int, 2> pipe_{};
};

TEST_F(EventLoopTest, TellsThatAPipeCanBeReadAndGoesOnTelling) {
  Watch watch;
  watch.act = [&](int, int fd, int events) {
    EXPECT_EQ(fd, pipe_[0]);
    EXPECT_EQ(events, VIR_EVENT_HANDLE_READABLE);
    take();
  };
  const int id = add(watch, 0, VIR_EVENT_HANDLE_READABLE);
  turn();
  EXPECT_EQ(watch.calls, 0);
  put();
  turn();
  EXPECT_EQ(watch.calls, 1);
  put();
  put();
  turn();
  EXPECT_EQ(watch.calls, 3);
  loop_.remove_handle(id);
  turn();
}

TEST_F(EventLoopTest, TellsOfAHangup) {
  Watch watch;
  int seen = 0;
  watch.act = [&](int id, int, int events) {
    seen = events;
    loop_.remove_handle(id);
  };
  add(watch, 0, VIR_EVENT_HANDLE_READABLE);
  ::close(pipe_[1]);
  pipe_[1] = ::dup(pipe_[0]);
  turn();
  EXPECT_TRUE(seen & VIR_EVENT_HANDLE_HANGUP);
}

TEST_F(EventLoopTest, FollowsAChangedWish) {
  Watch watch;
  std::vector<int> seen;
  int id = 0;
  watch.act = [&](int, int, int events) {
    seen.push_back(events);
    loop_.update_handle(id, 0);
  };
  id = add(watch, 1, 0);
  turn();
  EXPECT_TRUE(seen.empty());
  loop_.update_handle(id, VIR_EVENT_HANDLE_WRITABLE);
  turn();
  EXPECT_EQ(seen, (std::vector<int>{VIR_EVENT_HANDLE_WRITABLE}));
  loop_.remove_handle(id);
  turn();
}

TEST_F(EventLoopTest, WatchesOneDescriptorTwice) {
  Watch first;
  Watch second;
  second.act = [&](int, int, int) { take(); };
  const int one = add(first, 0, 0);
  const int two = add(second, 0, VIR_EVENT_HANDLE_READABLE);
  put();
  turn();
  EXPECT_EQ(second.calls, 1);
  EXPECT_EQ(loop_.remove_handle(one), 0);
  EXPECT_EQ(loop_.remove_handle(two), 0);
  turn();
}

TEST_F(EventLoopTest, FreesLaterAndNeverWhileItIsAskedToRemove) {
  Watch watch;
  const int id = add(watch, 0, VIR_EVENT_HANDLE_READABLE);
  put();
  EXPECT_EQ(loop_.remove_handle(id), 0);
  EXPECT_EQ(watch.freed, 0);
  turn();
  EXPECT_EQ(watch.freed, 1);
  EXPECT_EQ(watch.calls, 0);
  EXPECT_EQ(loop_.remove_handle(id), -1);
}

TEST_F(EventLoopTest, ATimerRunsAgainAndAgainUntilItIsTurnedOff) {
  Watch watch;
  watch.act = [&](int id, int, int) {
    if (watch.calls == 3) loop_.update_timeout(id, -1);
  };
  const int id = loop_.add_timeout(1, Watch::on_timer, &watch, Watch::on_free);
  io_.restart();
  io_.run();  // ends when nothing is being waited for
  EXPECT_EQ(watch.calls, 3);
  EXPECT_EQ(loop_.remove_timeout(id), 0);
  turn();
  EXPECT_EQ(watch.freed, 1);
}

TEST_F(EventLoopTest, ATimerOfZeroRunsAtOnceAndARemovedOneNever) {
  Watch soon;
  Watch never;
  soon.act = [&](int id, int, int) { loop_.remove_timeout(id); };
  loop_.add_timeout(0, Watch::on_timer, &soon, Watch::on_free);
  const int removed = loop_.add_timeout(0, Watch::on_timer, &never, Watch::on_free);
  loop_.remove_timeout(removed);
  io_.restart();
  io_.run();
  EXPECT_EQ(soon.calls, 1);
  EXPECT_EQ(never.calls, 0);
  EXPECT_EQ(never.freed, 1);
}

TEST_F(EventLoopTest, RestsWithoutAnIoContextAndGoesOnWithTheNext) {
  Watch watch;
  watch.act = [&](int, int, int) { take(); };
  const int id = add(watch, 0, VIR_EVENT_HANDLE_READABLE);
  put();
  loop_.detach();
  turn();
  EXPECT_EQ(watch.calls, 0);
  asio::io_context other;
  loop_.attach(other);
  other.poll();
  EXPECT_EQ(watch.calls, 1);
  loop_.remove_handle(id);
  EXPECT_EQ(watch.freed, 0);
  loop_.detach();
  EXPECT_EQ(watch.freed, 1) << "what is owed to libvirt is paid, though the io_context does not run again";
  loop_.attach(io_);  // for TearDown
}

TEST_F(EventLoopTest, RunsOnOneIoContextAtATime) {
  asio::io_context other;
  EXPECT_THROW(loop_.attach(other), base::Error);
}

}  // namespace
}  // namespace kmodtest::vm
