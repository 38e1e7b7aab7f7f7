// SPDX-License-Identifier: GPL-2.0-or-later
#include "device_calls.hpp"

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "program_run.hpp"
#include "sample.hpp"
#include "shared/condition.hpp"

namespace kmodtest::guest {
namespace {

const std::initializer_list<std::string_view> kRoots = {"/proc", "/sys", "/dev", "/tmp"};
/// A poll that its kernel does not end in time hangs.
constexpr Time kPollReserve{1'000'000};

}  // namespace

std::optional<wire::DeviceCalled> ProgramRun::call_device_of_step(const std::string &path, std::string job,
                                                                  Time deadline, Outcome &end) {
  wire::DeviceCalled called{index_, path, EPERM, 0, {}};
  if (is_below(path, kRoots)) {
    auto result = do_job(Job(Job::Kind::device_call, path, std::move(job)), deadline);
    if (!result) {
      end = expired("the call on " + path + " did not come back");
      return std::nullopt;
    }
    if (result->died) {
      end = StepOutcome{wire::StepResult::violated, "the process that called " + path + " was killed"};
      return std::nullopt;
    }
    called.error = result->error;
    called.bytes = std::move(result->content);
    called.value = take_value(called.bytes);
  }
  agent_.report(called);
  return called;
}

ProgramRun::Outcome ProgramRun::judge_device_call(const wire::DeviceCalled &called, int expected_errno,
                                                  const wire::BytePattern &gives) const {
  Outcome outcome = judge_error("the call on " + called.path, called.error, expected_errno);
  if (outcome->result != wire::StepResult::held || called.error != 0) return outcome;
  const shared::Evaluation bytes = shared::evaluate(gives, called.bytes);
  if (bytes.truth != shared::Truth::held) return StepOutcome{wire::StepResult::violated, bytes.why};
  return StepOutcome{};
}

ProgramRun::Outcome ProgramRun::act(const wire::Ioctl &call) {
  Outcome end;
  const auto called = call_device_of_step(call.path, device_job(call), deadline_, end);
  if (!called) return end;
  Outcome outcome = judge_device_call(*called, call.expected_errno, call.gives);
  const bool is_right = called->error != 0 || !call.returns || call.returns->contains(called->value);
  if (outcome->result != wire::StepResult::held || is_right) return outcome;
  return StepOutcome{wire::StepResult::violated, "it returned " + std::to_string(called->value)};
}

ProgramRun::Outcome ProgramRun::act(const wire::MapMemory &map) {
  Outcome end;
  const auto called = call_device_of_step(map.path, device_job(map), deadline_, end);
  return called ? judge_device_call(*called, map.expected_errno, map.gives) : end;
}

ProgramRun::Outcome ProgramRun::act(const wire::Poll &poll) {
  Outcome end;
  const auto called =
      call_device_of_step(poll.path, device_job(poll, deadline_ - now()), later(deadline_, kPollReserve), end);
  if (!called) return end;
  if (called->error != 0) return judge_error("poll on " + poll.path, called->error, 0);
  const bool came = (called->value & poll.events) != 0;
  if (came != poll.absent) return StepOutcome{};
  return poll.absent ? Outcome(StepOutcome{wire::StepResult::violated, poll.path + " is ready"})
                     : expired(poll.path + " is not ready");
}

}  // namespace kmodtest::guest
