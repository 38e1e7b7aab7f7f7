// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/session.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <optional>

#include "base/error.hpp"
#include "support/scripted_agent.hpp"

namespace kmodtest::agent {
namespace {

using namespace std::chrono_literals;
using support::ScriptedAgent;

constexpr std::uint16_t kNextVersion = wire::kProtocolVersion + 1;

wire::Info info_of(std::uint16_t protocol) {
  wire::Info info;
  info.agent.protocol = protocol;
  info.agent.kernel_release = "6.1.0-test";
  return info;
}

/// Runs one coroutine to its end, and throws what it throws.
void run_to_end(base::asio::io_context &io, base::Task<> task) {
  std::exception_ptr problem;
  base::asio::co_spawn(io, std::move(task), [&problem](std::exception_ptr thrown) { problem = thrown; });
  io.run();
  io.restart();
  if (problem) std::rethrow_exception(problem);
}

class SessionTest : public ::testing::Test {
 protected:
  /// Returns the error that `talk` ends with when the agent plays `script`.
  std::optional<SessionError> error_of(ScriptedAgent::Script script, std::function<base::Task<>(Session &)> talk) {
    base::UnixSocket socket(io_);
    ScriptedAgent agent(socket, std::move(script));
    Session session(std::move(socket));
    try {
      run_to_end(io_, talk(session));
    } catch (const SessionError &error) {
      session.close();
      return error;
    }
    session.close();
    return std::nullopt;
  }

  base::asio::io_context io_;
};

void says_nothing(ScriptedAgent &self) {
  while (self.next()) {
  }
}

base::Task<> ready_only(Session &session) {
  co_await session.ready(5s);
}

TEST_F(SessionTest, ReadyWaitsForTheAgentsOwnInfoAndGreetAsksForIt) {
  for (const bool asks : {false, true}) {
    base::UnixSocket socket(io_);
    ScriptedAgent agent(socket, [asks](ScriptedAgent &self) {
      if (!asks) return self.send(info_of(wire::kProtocolVersion), 0);
      const auto hello = self.next();
      ASSERT_TRUE(hello.has_value());
      EXPECT_TRUE(std::holds_alternative<wire::Hello>(hello->first));
      self.send(info_of(wire::kProtocolVersion), hello->second);
    });
    Session session(std::move(socket));
    std::string release;
    auto talk = [](Session &to, bool greets, std::string &result) -> base::Task<> {
      if (greets) {
        const auto info = co_await to.greet(5s);
        result = info.kernel_release;
        co_return;
      }
      const auto info = co_await to.ready(5s);
      result = info.kernel_release;
    };
    run_to_end(io_, talk(session, asks, release));
    EXPECT_EQ(release, "6.1.0-test");
    session.close();
  }
}

TEST_F(SessionTest, AnotherProtocolVersionIsNamed) {
  const auto error = error_of(
      [](ScriptedAgent &self) {
        self.send(info_of(kNextVersion), 0);
        self.next();
      },
      ready_only);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->kind(), SessionError::Kind::version);
  EXPECT_EQ(error->what(), fmt::format("the guest's agent speaks protocol version {}, this kmodtest {}", kNextVersion,
                                       wire::kProtocolVersion));
}

TEST_F(SessionTest, AnotherFrameVersionIsNamed) {
  const auto error = error_of(
      [](ScriptedAgent &self) {
        self.send_bytes("KMT" + std::string(1, static_cast<char>(kNextVersion)));
        self.next();
      },
      ready_only);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->kind(), SessionError::Kind::version);
  EXPECT_EQ(error->what(),
            fmt::format("the channel to the guest's agent is corrupt: the other side speaks protocol version {}, this "
                        "one {}",
                        kNextVersion, wire::kProtocolVersion));
}

TEST_F(SessionTest, RubbishIsCorrupt) {
  const auto error = error_of(
      [](ScriptedAgent &self) {
        self.send_bytes("login: ");
        self.next();
      },
      ready_only);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->kind(), SessionError::Kind::corrupt);
  EXPECT_STREQ(error->what(), "the channel to the guest's agent is corrupt: no frame starts here (bad magic)");
}

TEST_F(SessionTest, AClosedChannelIsToldFromASilentOne) {
  const auto closed = error_of([](ScriptedAgent &) {}, ready_only);
  ASSERT_TRUE(closed.has_value());
  EXPECT_EQ(closed->kind(), SessionError::Kind::closed);

  auto impatient = [](Session &session) -> base::Task<> { co_await session.ready(20ms); };
  const auto silent = error_of(says_nothing, impatient);
  ASSERT_TRUE(silent.has_value());
  EXPECT_EQ(silent->kind(), SessionError::Kind::timeout);
  EXPECT_STREQ(silent->what(), "no message arrived from the guest's agent within 0.0 s while waiting for its READY");
}

TEST_F(SessionTest, WhatAGuestLostMovesTheDeadlineOfItsReady) {
  std::vector<std::chrono::milliseconds> asked;
  auto patient = [&asked](Session &session) -> base::Task<> {
    // It had lost 5 ms before, loses 10 ms and then 3 ms more, and nothing after that.
    const std::vector<std::chrono::milliseconds> lost = {5ms, 15ms, 18ms, 18ms};
    std::function<std::chrono::milliseconds()> next = [&asked, lost] {
      asked.push_back(lost.at(asked.size()));
      return asked.back();
    };
    co_await session.ready(20ms, std::move(next));
  };
  const auto began = std::chrono::steady_clock::now();
  const auto silent = error_of(says_nothing, patient);
  ASSERT_TRUE(silent.has_value());
  EXPECT_EQ(silent->kind(), SessionError::Kind::timeout);
  EXPECT_EQ(asked.size(), 4u);
  EXPECT_GE(std::chrono::steady_clock::now() - began, 33ms);
}

TEST_F(SessionTest, PushSendsAFileInChunksWithItsChecksum) {
  const std::string content = std::string(600000, 'a') + "end";
  std::string received;
  std::size_t chunks = 0;
  {
    base::UnixSocket socket(io_);
    ScriptedAgent agent(socket, [&](ScriptedAgent &self) {
      while (auto request = self.next()) {
        const auto &push = std::get<wire::Push>(request->first);
        EXPECT_EQ(push.offset, received.size());
        received += push.data;
        ++chunks;
        if (push.last) self.send(wire::Pushed{push.path, received.size(), ""}, request->second);
      }
    });
    Session session(std::move(socket));
    auto talk = [](Session &to, const std::string &what) -> base::Task<> {
      std::string path = "/tmp/modules/a.ko";
      co_await to.push(path, what, 5s);
    };
    run_to_end(io_, talk(session, content));
    session.close();
  }
  EXPECT_EQ(received, content);
  EXPECT_EQ(chunks, 3u);
}

TEST_F(SessionTest, AFullGuestRefusesAPushInWords) {
  base::UnixSocket socket(io_);
  ScriptedAgent agent(socket, [](ScriptedAgent &self) {
    const auto request = self.next();
    self.send(wire::Pushed{"/tmp/a", 0, "no space left on device"}, request->second);
    self.next();
  });
  Session session(std::move(socket));
  auto talk = [](Session &to) -> base::Task<> {
    std::string path = "/tmp/a";
    std::string content = "x";
    co_await to.push(path, content, 5s);
  };
  try {
    run_to_end(io_, talk(session));
    FAIL() << "no error";
  } catch (const base::Error &error) {
    EXPECT_STREQ(error.what(), "the guest did not accept /tmp/a (1 bytes): no space left on device");
    EXPECT_EQ(error.hint(), "give the guest more memory (guest: {memory: …})");
  }
  session.close();
}

TEST_F(SessionTest, AProgramThatRestsIsToldHowToGoOn) {
  std::vector<std::size_t> kinds;
  std::vector<bool> ended;
  {
    base::UnixSocket socket(io_);
    ScriptedAgent agent(socket, [](ScriptedAgent &self) {
      const auto run = self.next();
      EXPECT_TRUE(std::get<wire::Run>(run->first).program.rests);
      self.send(wire::Resting{wire::Microseconds{1}}, run->second);
      const auto more = self.next();
      EXPECT_EQ(std::get<wire::Continue>(more->first).steps.size(), 1u);
      EXPECT_EQ(more->second, run->second) << "it belongs to the program";
      self.send(wire::StepStarted{0, {}}, run->second);
      self.send(wire::Resting{wire::Microseconds{2}}, run->second);
      const auto end = self.next();
      EXPECT_TRUE(std::get<wire::Continue>(end->first).steps.empty());
      self.send(wire::ProgramEnded{wire::Microseconds{5}, 1, false, false, ""}, run->second);
      self.next();
    });
    Session session(std::move(socket));
    const std::function<void(const wire::AgentMessage &)> listener = [&](const wire::AgentMessage &report) {
      kinds.push_back(report.index());
    };
    auto talk = [&](Session &with) -> base::Task<> {
      wire::Program program;
      program.rests = true;
      std::function<void(const wire::AgentMessage &)> on_message = listener;
      auto outcome = co_await with.begin(std::move(program), 5s, std::move(on_message));
      ended.push_back(outcome.has_value());
      wire::Continue more;
      more.steps.emplace_back();
      on_message = listener;
      outcome = co_await with.go_on(std::move(more), 5s, std::move(on_message));
      ended.push_back(outcome.has_value());
      wire::Continue end;
      on_message = listener;
      outcome = co_await with.go_on(std::move(end), 5s, std::move(on_message));
      ended.push_back(outcome.has_value());
    };
    run_to_end(io_, talk(session));
    session.close();
  }
  EXPECT_EQ(ended, (std::vector<bool>{false, false, true}));
  EXPECT_EQ(kinds, (std::vector<std::size_t>{
                       wire::AgentMessage(wire::Resting{}).index(), wire::AgentMessage(wire::StepStarted{}).index(),
                       wire::AgentMessage(wire::Resting{}).index(), wire::AgentMessage(wire::ProgramEnded{}).index()}));
}

TEST_F(SessionTest, RunHandsOnEveryReportOfThisProgramUntilItEnded) {
  std::vector<std::size_t> kinds;
  wire::ProgramEnded ended;
  {
    base::UnixSocket socket(io_);
    ScriptedAgent agent(socket, [](ScriptedAgent &self) {
      const auto request = self.next();
      EXPECT_TRUE(std::holds_alternative<wire::Run>(request->first));
      self.send(wire::StepStarted{0, {}}, request->second + 100);  // belongs to a run before a reset, not to ours
      self.send(wire::StepStarted{0, {}}, request->second);
      self.send(wire::LogLines{}, request->second);
      self.send(wire::ProgramEnded{wire::Microseconds{5}, 1, false, false, ""}, request->second);
      self.next();
    });
    Session session(std::move(socket));
    auto talk = [](Session &to, std::vector<std::size_t> &seen, wire::ProgramEnded &last) -> base::Task<> {
      wire::Program program;
      std::function<void(const wire::AgentMessage &)> collect = [&seen](const wire::AgentMessage &report) {
        seen.push_back(report.index());
      };
      last = co_await to.run(program, 5s, collect);
    };
    run_to_end(io_, talk(session, kinds, ended));
    session.close();
  }
  EXPECT_EQ(ended.steps_done, 1u);
  EXPECT_EQ(kinds, (std::vector<std::size_t>{wire::AgentMessage{wire::StepStarted{}}.index(),
                                             wire::AgentMessage{wire::LogLines{}}.index(),
                                             wire::AgentMessage{wire::ProgramEnded{}}.index()}));
}

}  // namespace
}  // namespace kmodtest::agent
