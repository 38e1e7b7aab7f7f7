// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "channel.hpp"

namespace kmodtest::guest {

/// A virtio-serial port or a serial line.
///
/// The host side may be closed and opened again at any time. What it missed is kept while it is little
/// (kClosedBacklog), whole frames only; the oldest goes first.
class StreamChannel : public Channel {
 public:
  static constexpr std::size_t kClosedBacklog = 1u << 20;  ///< bytes kept for a host that is not there
  static constexpr std::size_t kCongested = 4u << 20;      ///< bytes queued beyond which nothing new should be made

  /// Waits for the device that `kind` means: "virtio" (the port org.kmodtest.agent.0) or a tty's name. Never gives up,
  /// but complains on the console after a while.
  explicit StreamChannel(const std::string &kind);

  void send(std::string frame) override;
  void flush() override;
  void receive() override;
  /// After a broken frame everything is skipped up to a whole Hello. A Hello that ends what came so far counts even
  /// inside another frame: its host is a new one, the frame will never end.
  std::optional<wire::Frame> next_frame(std::string *error) override;

  int fd() const override { return fd_.get(); }
  bool connected() const override { return connected_; }
  bool wants_to_write() const override { return connected_ && !queue_.empty(); }
  bool congested() const override { return queued_ > kCongested; }
  void look_at_host() override;

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
