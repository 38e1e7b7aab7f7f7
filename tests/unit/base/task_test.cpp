// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/task.hpp"

#include <chrono>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace kmodtest::base {
namespace {

using namespace std::chrono_literals;

Task<int> number(int value) {
  co_return value;
}

Task<int> failing(std::string message) {
  throw std::runtime_error(message);
  co_return 0;
}

Task<> note(std::vector<std::string> *notes, std::string text) {
  notes->push_back(std::move(text));
  co_return;
}

Task<> note_after(Event *event, std::vector<std::string> *notes, std::string text) {
  co_await event->wait();
  notes->push_back(std::move(text));
}

TEST(Offload, ABlockingCallRunsOnAnotherThreadAndItsErrorComesBack) {
  asio::io_context io;
  asio::thread_pool pool(1);
  EXPECT_NE(run_until_done(io, offload<std::thread::id>(pool, [] { return std::this_thread::get_id(); })),
            std::this_thread::get_id());
  EXPECT_THROW(run_until_done(io, offload<int>(pool, []() -> int { throw std::runtime_error("full"); })),
               std::runtime_error);
}

TEST(Event, AllThatWaitGoOnWhenItIsSetAndALaterOneDoesNotWait) {
  asio::io_context io;
  Event event(io);
  std::vector<std::string> notes;
  asio::co_spawn(io, note_after(&event, &notes, "one"), asio::detached);
  asio::co_spawn(io, note_after(&event, &notes, "two"), asio::detached);
  io.poll();
  EXPECT_TRUE(notes.empty());
  event.set();
  run_until_done(io, note_after(&event, &notes, "late"));
  io.poll();
  EXPECT_EQ(notes.size(), 3u);
}

TEST(Event, AfterAResetItIsWaitedForAgain) {
  asio::io_context io;
  Event event(io);
  std::vector<std::string> notes;
  event.set();
  event.reset();
  EXPECT_FALSE(event.is_set());
  asio::co_spawn(io, note_after(&event, &notes, "one"), asio::detached);
  io.poll();
  EXPECT_TRUE(notes.empty());
  event.set();
  io.poll();
  EXPECT_EQ(notes, std::vector<std::string>{"one"});
}

TEST(Alarm, OnlyTheLastCallThatWasSetIsMade) {
  asio::io_context io;
  Alarm alarm(io);
  std::vector<std::string> calls;
  alarm.set(1h, [&] { calls.emplace_back("first"); });
  alarm.set(1ms, [&] { calls.emplace_back("second"); });
  io.run();
  EXPECT_EQ(calls, std::vector<std::string>{"second"});
  alarm.set(1ms, [&] { calls.emplace_back("third"); });
  alarm.cancel();
  io.restart();
  io.run();
  EXPECT_EQ(calls.size(), 1u);
}

TEST(Finally, TheCleanupRunsAfterTheBodyAndItsResultComesBack) {
  asio::io_context io;
  std::vector<std::string> notes;
  EXPECT_EQ(run_until_done(io, finally(number(7), note(&notes, "clean"))), 7);
  run_until_done(io, finally(note(&notes, "body"), note(&notes, "clean")));
  EXPECT_EQ(notes, (std::vector<std::string>{"clean", "body", "clean"}));
}

TEST(Finally, TheCleanupRunsAfterAnErrorWhichIsThrownThen) {
  asio::io_context io;
  std::vector<std::string> notes;
  EXPECT_THROW(run_until_done(io, finally(failing("broken"), note(&notes, "clean"))), std::runtime_error);
  EXPECT_EQ(notes, std::vector<std::string>{"clean"});
}

}  // namespace
}  // namespace kmodtest::base
