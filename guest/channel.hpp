// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "system.hpp"
#include "wire/frame.hpp"

namespace kmodtest::guest {

/// The agent's end of the line to the controller.
class Channel {
 public:
  static constexpr Time kReopenPoll{100'000};  ///< how often a closed host side is looked at without a signal

  virtual ~Channel() = default;
  /// Queues the bytes of a frame, and sends what the host takes at once.
  virtual void send(std::string frame) = 0;
  /// Sends what the host takes without waiting.
  virtual void flush() {}
  /// Takes what is there.
  virtual void receive() {}
  /// The next whole frame. After a broken one `error` is set, once.
  virtual std::optional<wire::Frame> next_frame(std::string *error) = 0;

  /// To poll for requests; -1: there is nothing to poll, look at next_frame() now and then.
  virtual int fd() const { return -1; }
  virtual bool connected() const { return true; }
  virtual bool wants_to_write() const { return false; }
  virtual bool congested() const { return false; }
  /// Looks whether the host side is open. Has to be called when poll() says POLLHUP, after the last frames were taken,
  /// and now and then while closed.
  virtual void look_at_host() {}
  /// Stands still, if the machine can, until the controller has something to say.
  virtual void rest() {}
  /// READY was sent. Comes back when requests may be looked for.
  virtual void settle() {}
};

/// By the kernel parameter kmodtest.channel: "memory", "virtio" or a tty's name. Waits until the device is
/// there.
std::unique_ptr<Channel> open_channel(const std::string &kind, bool virtual_time);

}  // namespace kmodtest::guest
