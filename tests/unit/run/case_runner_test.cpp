// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/case/case_runner.hpp"

#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "judge/observations.hpp"
#include "support/fake_hypervisor.hpp"
#include "wire/frame.hpp"

namespace kmodtest::run {
namespace {

namespace asio = base::asio;
using base::Task;
using namespace std::chrono_literals;

plan::Step sleep_step() {
  plan::Step step;
  step.key = "sleep";
  step.guest = wire::Step{wire::Sleep{wire::Microseconds{1}}, 1s, {}, "sleep"};
  return step;
}

wire::KernelLogLine line(std::uint64_t sequence, const std::string &text, bool marker) {
  return {
      sequence, 6,   static_cast<std::uint8_t>(marker ? 1 : 0), wire::Microseconds{1000 * static_cast<long>(sequence)},
      "",       text};
}

/// Plays an agent whose program rests after each step; the step with the number `oops_in` (from 0) causes a kernel
/// report.
Task<> play(base::UnixSocket socket, int oops_in) {
  wire::FrameDecoder decoder;
  std::array<char, 4096> chunk{};
  std::uint64_t sequence = 0;
  std::uint32_t step = 0;
  wire::Info info;
  info.agent.protocol = wire::kProtocolVersion;
  std::vector<wire::AgentMessage> answers{info};
  std::uint32_t id = 0;
  while (true) {
    for (const wire::AgentMessage &answer : answers) {
      const std::string bytes = wire::encode(answer, id);
      const auto buffer = asio::buffer(bytes);
      auto token = asio::use_awaitable;
      co_await asio::async_write(socket, buffer, token);
    }
    answers.clear();
    std::optional<wire::Frame> frame = decoder.next();
    if (!frame) {
      boost::system::error_code error;
      const auto buffer = asio::buffer(chunk);
      auto token = asio::redirect_error(asio::use_awaitable, error);
      const std::size_t size = co_await socket.async_read_some(buffer, token);
      if (error) co_return;
      decoder.feed(std::string_view(chunk.data(), size));
      continue;
    }
    id = frame->id;
    const auto request = wire::decode_request(*frame, nullptr);
    if (const auto *push = std::get_if<wire::Push>(&*request)) {
      answers = {wire::Pushed{push->path, push->data.size(), ""}};
    } else if (std::holds_alternative<wire::Run>(*request)) {
      answers = {wire::LogLines{{line(++sequence, "kmodtest: start", true)}, 0}, wire::Baseline{}, wire::Resting{}};
    } else if (const auto *more = std::get_if<wire::Continue>(&*request)) {
      if (more->steps.empty()) {
        answers = {wire::AfterUnload{}, wire::ProgramEnded{wire::Microseconds{9}, step, false, false, ""}};
        continue;
      }
      const std::string marker = "kmodtest: step " + std::to_string(step + 1) + ": sleep";
      answers = {wire::LogLines{{line(++sequence, marker, true)}, 0}, wire::StepStarted{step, {}}};
      if (static_cast<int>(step) == oops_in) {
        answers.emplace_back(wire::LogLines{
            {line(++sequence, "BUG: kernel NULL pointer dereference, address: 0000000000000000", false)}, 0});
      }
      answers.emplace_back(wire::StepEnded{step, wire::Microseconds{5}, wire::StepResult::held, sequence + 1, ""});
      answers.emplace_back(wire::Resting{});
      ++step;
    }
  }
}

/// A case whose steps arrive one by one.
class AskedCase : public ::testing::Test {
 protected:
  /// Runs it until it has had `steps` steps, and is asked to end.
  outcome::CaseFinished run(std::size_t steps, int oops_in = -1) {
    support::FakeHypervisor hypervisor([oops_in](base::UnixSocket socket) { return play(std::move(socket), oops_in); });
    GuestSlot slot(hypervisor, {}, cancellation_);
    CaseRunner runner(slot, cancellation_, Limits{});
    auto asked_case = std::make_shared<plan::Case>();
    asked_case->id = "asked";
    asked_case->timeout = 60s;
    runner.go_on_by([this, asked_case, steps](judge::Observations &seen) -> Task<More> {
      ++asked;
      reports.push_back(seen.messages.size());
      More more;
      if (asked_case->steps.size() < steps) {
        asked_case->steps.push_back(sleep_step());
        more.request.steps.push_back(*asked_case->steps.back().guest);
        more.files.push_back({"/tmp/modules/m.ko", std::make_shared<const std::string>("module")});
      }
      co_return more;
    });
    Prepared prepared;
    prepared.kernel.release = "6.1.0-test";
    outcome::CaseFinished finished;
    std::exception_ptr problem;
    asio::co_spawn(io_, runner.run(asked_case, prepared, "asked", [](Phase, const std::string &) {}),
                   [&](const std::exception_ptr &thrown, outcome::CaseFinished what) {
                     problem = thrown;
                     finished = std::move(what);
                   });
    io_.run();
    if (problem) std::rethrow_exception(problem);
    return finished;
  }

  asio::io_context io_;
  Cancellation cancellation_;
  int asked = 0;
  std::vector<std::size_t> reports;  ///< the number of agent messages each time
};

TEST_F(AskedCase, GoesOnUntilItIsToldToEnd) {
  const outcome::CaseFinished finished = run(3);
  EXPECT_EQ(finished.verdict.outcome, judge::Outcome::passed)
      << (finished.verdict.evidence.empty() ? "" : finished.verdict.evidence.front().summary);
  EXPECT_EQ(asked, 4) << "before each step, and for the end";
  EXPECT_TRUE(std::is_sorted(reports.begin(), reports.end()) && reports.front() > 0) << "it sees what came so far";
}

TEST_F(AskedCase, WithoutAnyStepIsJudgedToo) {
  EXPECT_EQ(run(0).verdict.outcome, judge::Outcome::passed);
  EXPECT_EQ(asked, 1);
}

TEST_F(AskedCase, IsNotAskedAnyMoreAfterAReportOfTheKernel) {
  const outcome::CaseFinished finished = run(3, 1);
  EXPECT_EQ(finished.verdict.outcome, judge::Outcome::crashed);
  EXPECT_EQ(asked, 2);
}

}  // namespace
}  // namespace kmodtest::run
