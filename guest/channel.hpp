// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "system.hpp"
#include "wire/frame.hpp"

namespace kmodtest::guest {

/// The agent's end of the connection to the controller.
class Channel {
 public:
  static constexpr Time kReopenPoll{100'000};  ///< how often a closed host side is checked without a signal

  virtual ~Channel() = default;
  /// Queues the bytes of a frame, and sends what the host accepts at once.
  virtual void send(std::string frame) = 0;
  /// Sends what the host accepts without waiting.
  virtual void flush() {}
  /// Receives the available bytes.
  virtual void receive() {}
  /// Returns the next complete frame. After a broken one `error` is set, once.
  virtual std::optional<wire::Frame> next_frame(std::string *error) = 0;

  /// Returns a descriptor to poll for requests; -1: there is none, call next_frame() from time to time.
  virtual int fd() const { return -1; }
  virtual bool connected() const { return true; }
  virtual bool wants_to_write() const { return false; }
  virtual bool congested() const { return false; }
  /// Checks whether the host side is open. Must be called on POLLHUP of poll(), after the last frames were taken, and
  /// from time to time while closed.
  virtual void look_at_host() {}
  /// Pauses, if the machine can, until the controller sends something.
  virtual void rest() {}
  /// Called after READY was sent. Returns when requests can be looked for.
  virtual void settle() {}
};

/// Opens the channel of the kernel parameter kmodtest.channel: "memory", "virtio" or a tty's name. Waits for the
/// device.
std::unique_ptr<Channel> open_channel(const std::string &kind, bool virtual_time);

}  // namespace kmodtest::guest
