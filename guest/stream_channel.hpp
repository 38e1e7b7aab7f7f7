// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/descriptor.hpp"
#include "channel.hpp"

namespace kmodtest::guest {

/// A virtio-serial port or a serial line.
///
/// The host side can be closed and opened again at any time. Missed frames are kept while they are few
/// (kClosedBacklog), complete ones only; the oldest are dropped first.
class StreamChannel : public Channel {
 public:
  static constexpr std::size_t kClosedBacklog = 1u << 20;  ///< bytes kept for a host that is not there
  static constexpr std::size_t kCongested = 4u << 20;      ///< queued bytes above which nothing new should be produced

  /// Waits for the device of `kind`: "virtio" (the port org.kmodtest.agent.0) or a tty's name. Never gives up, but
  /// reports the wait on the console after a while.
  explicit StreamChannel(const std::string &kind);

  void send(std::string frame) override;
  void flush() override;
  void receive() override;
  /// Returns the next frame. After a broken one everything is skipped up to a complete Hello. A Hello at the end of the
  /// received bytes counts even inside another frame: it comes from a new host, and the frame will never end.
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

  base::Descriptor fd_;
  bool virtio_ = false;
  bool connected_ = true;
  std::deque<std::string> queue_;  // encoded frames
  std::size_t queued_ = 0;         // their bytes
  std::size_t sent_of_front_ = 0;
  wire::FrameDecoder decoder_;
  std::string latest_;         // the bytes of the last receive(), to search after a broken frame
  std::size_t undecoded_ = 0;  // bytes that have not produced a frame yet
  std::string tail_;           // the last bytes fed, as many as a Hello has
  bool lost_ = false;          // the decoder had an error: looking for a Hello in skipped_
  std::string skipped_;
};

}  // namespace kmodtest::guest
