// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "system.hpp"
#include "wire/frame.hpp"

namespace kmodtest::guest {

/// The agent's end of the line to the controller: a virtio-serial port or a serial line.
///
/// The host side may be closed and opened again at any time. What it missed is kept while it is little
/// (kClosedBacklog), whole frames only; the oldest goes first.
class Channel {
 public:
  static constexpr std::size_t kClosedBacklog = 1u << 20;  ///< bytes kept for a host that is not there
  static constexpr std::size_t kCongested = 4u << 20;      ///< bytes queued beyond which nothing new should be made
  static constexpr Time kReopenPoll{100'000};              ///< how often a closed port is looked at without a signal

  /// Waits for the device that `kind` means: "virtio" (the port org.kmodtest.agent.0) or a tty's name. Never gives up,
  /// but complains on the console after a while.
  explicit Channel(const std::string &kind);

  /// Queues the bytes of a frame, and sends what the host takes at once.
  void send(std::string frame);
  /// Sends what the host takes without waiting.
  void flush();
  /// Reads what is there.
  void receive();
  /// The next whole frame. After a broken one (`error` is set, once) everything is skipped up to a whole Hello. A Hello
  /// that ends what came so far counts even inside another frame: its host is a new one, the frame will never end.
  std::optional<wire::Frame> next_frame(std::string *error);

  int fd() const { return fd_.get(); }
  bool connected() const { return connected_; }
  bool wants_to_write() const { return connected_ && !queue_.empty(); }
  bool congested() const { return queued_ > kCongested; }
  /// Looks whether the host side is open. Has to be called when poll() says POLLHUP, after the last frames were taken,
  /// and now and then while closed.
  void look_at_host();

 private:
  void open_device(const std::string &kind);
  void drop_oldest();
  void start_over();
  void forget_host();
  std::optional<wire::Frame> find_hello();
  std::optional<wire::Frame> hello_of_new_host();

  Fd fd_;
  bool virtio_ = false;
  bool connected_ = true;
  std::deque<std::string> queue_;  // encoded frames
  std::size_t queued_ = 0;         // their bytes
  std::size_t sent_of_front_ = 0;
  wire::FrameDecoder decoder_;
  std::string latest_;         // what the last receive() fed, for a look behind a broken frame
  std::size_t undecoded_ = 0;  // bytes fed that no frame came of yet
  std::string tail_;           // the last bytes fed, as many as a Hello has
  bool lost_ = false;          // the decoder was in error: looking for a Hello in skipped_
  std::string skipped_;
};

}  // namespace kmodtest::guest
