// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "channel.hpp"
#include "wire/shared_memory.hpp"

namespace kmodtest::guest {

/// The memory that the guest shares with the controller. It causes no interrupts: the agent looks for requests after
/// each kPoll of guest time, which is the same moment in every run, and more rarely the longer it waits.
class MemoryChannel : public Channel {
 public:
  static constexpr Time kPoll{1'000};
  static constexpr int kPollsPerWait = 16;
  static constexpr Time kSlowestPoll{20'000};
  /// Under virtual time: from READY on the agent sleeps for at least this long, up to a multiple of it. QEMU pauses the
  /// machine at the beginning of this sleep (emulator/first_pause.hpp). A QEMU that cannot is paused by the controller;
  /// a guest that is saved during the sleep always wakes at the same moment.
  static constexpr Time kSettle{1'000'000};

  /// Waits for the device. Never gives up, but reports the wait on the console.
  explicit MemoryChannel(bool virtual_time);

  void send(std::string frame) override;
  std::optional<wire::Frame> next_frame(std::string *error) override;
  void rest() override;
  void settle() override;

 private:
  static wire::SharedMemory map_device();

  wire::SharedMemory memory_;
  wire::FrameDecoder decoder_;
  std::size_t taken_ = 0;  // bytes of requests that the decoder has
  bool broken_ = false;
  bool virtual_time_;
};

}  // namespace kmodtest::guest
