// SPDX-License-Identifier: GPL-2.0-or-later
// The steps that call a device's file: ioctl, mmap, poll.
#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <utility>

#include "judge/steps/reading.hpp"
#include "shared/condition.hpp"
#include "shared/kmsg.hpp"

namespace kmodtest::judge {
namespace {

constexpr std::size_t kShownBytes = 64;

/// Returns "01 ff 00"; "01 ?? 00" if only some of them count.
std::string hex_of(std::string_view bytes, std::string_view known = {}) {
  std::string text;
  for (std::size_t i = 0; i < std::min(bytes.size(), kShownBytes); ++i) {
    const bool any = !known.empty() && known[i] == 0;
    text +=
        (i == 0 ? "" : " ") +
        (any ? std::string("??") : fmt::format("{:02x}", static_cast<unsigned>(static_cast<unsigned char>(bytes[i]))));
  }
  return bytes.size() > kShownBytes ? text + " …" : text;
}

/// Returns "readable", "writable or hangup", "nothing" for the events of poll(2).
std::string event_words(std::int64_t events) {
  constexpr std::pair<int, const char *> kWords[] = {{POLLIN, "readable"},  {POLLPRI, "priority"},
                                                     {POLLOUT, "writable"}, {POLLERR, "error"},
                                                     {POLLHUP, "hangup"},   {POLLNVAL, "invalid"}};
  std::string text;
  for (const auto &[event, word] : kWords)
    if ((events & event) != 0) text += (text.empty() ? "" : " or ") + std::string(word);
  return text.empty() ? "nothing" : text;
}

Reading with_log(Reading reading, const StepView &view) {
  for (const auto &line : view.own_log()) reading.details.push_back(shared::render_dmesg(line));
  return reading;
}

/// Reads the errno and the bytes of a call.
Reading read_called(const StepView &view, const char *call, const wire::DeviceCalled *called, int expected_errno,
                    const wire::BytePattern &gives, const std::string &path) {
  const std::string what = fmt::format("{} on {}", call, path);
  if (called == nullptr) return reading_unknown(what + " did not come back");
  if (!wire::is_expected_errno(called->error, expected_errno)) {
    Reading reading = reading_broken(called->error == 0 ? what + " succeeded, but should have been refused"
                                                        : what + " gave " + errno_words(called->error));
    reading.expected = errno_words(expected_errno);
    reading.seen = errno_words(called->error);
    if (called->error == ENOENT)
      reading.hint = "the guest has no such file; kmodtest shell with ls /dev shows what the module has made";
    return with_log(std::move(reading), view);
  }
  if (called->error != 0) return reading_held();
  const auto bytes = shared::evaluate(gives, called->bytes);
  if (bytes.truth == shared::Truth::held) return reading_held();
  Reading reading = reading_broken(what + ": " + bytes.why);
  reading.expected = hex_of(gives.values, gives.known);
  reading.seen = hex_of(called->bytes);
  return with_log(std::move(reading), view);
}

const wire::DeviceCalled *called_in(const StepView &view) {
  const auto called = view.of<wire::DeviceCalled>();
  return called.empty() ? nullptr : called.back();
}

}  // namespace

Reading read(const StepView &view, const wire::Ioctl &call) {
  const wire::DeviceCalled *called = called_in(view);
  Reading reading = read_called(view, "ioctl", called, call.expected_errno, call.gives, call.path);
  if (reading.state != Reading::State::held || called->error != 0) return reading;
  if (!call.returns || call.returns->contains(called->value)) return reading;
  reading = reading_broken(fmt::format("ioctl on {} returned {}", call.path, called->value));
  reading.expected = range_words(*call.returns);
  reading.seen = std::to_string(called->value);
  return with_log(std::move(reading), view);
}

Reading read(const StepView &view, const wire::MapMemory &map) {
  const wire::DeviceCalled *called = called_in(view);
  Reading reading = read_called(view, "mmap", called, map.expected_errno, map.gives, map.path);
  if (reading.state == Reading::State::broken && called->error == EFAULT)
    reading.hint = "the memory was mapped, but a program that touches it gets SIGBUS or SIGSEGV";
  return reading;
}

Reading read(const StepView &view, const wire::Poll &poll) {
  const wire::DeviceCalled *called = called_in(view);
  Reading reading = read_called(view, "poll", called, 0, {}, poll.path);
  if (reading.state != Reading::State::held) return reading;
  const bool is_ready = (called->value & poll.events) != 0;
  if (is_ready != poll.absent) return reading;
  reading = reading_broken(poll.path + (is_ready ? " is " : " is not ") + event_words(poll.events));
  reading.expected = (poll.absent ? "not " : "") + event_words(poll.events);
  reading.seen = event_words(called->value);
  return with_log(std::move(reading), view);
}

}  // namespace kmodtest::judge
