// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/transport.hpp"
#include "base/asio.hpp"
#include "vm/guest.hpp"
#include "wire/frame.hpp"

namespace kmodtest::run {

/// Requests that come through a door have ids from here on, so that nobody takes the answers to the case for theirs.
inline constexpr std::uint32_t kFirstIdBehindTheDoor = 0x40000000;

/// The socket behind which a run with this name keeps a guest.
std::filesystem::path door_of(const std::string &name);

/// Lets other processes of this user speak to the agent of a guest that this one keeps (ChannelKind::memory): a socket
/// that carries frames both ways. One visitor at a time; the guest runs while there is one, else it stands still.
class GuestDoor {
 public:
  /// Listens at once. Throws base::Error. `say` is told of who comes and goes.
  GuestDoor(vm::Guest &guest, base::asio::io_context &io, std::function<void(const std::string &)> say);
  ~GuestDoor();
  GuestDoor(const GuestDoor &) = delete;
  GuestDoor &operator=(const GuestDoor &) = delete;

  /// What `kmodtest shell --attach` takes.
  std::string name() const;

  /// Serves visitors until close().
  base::Task<> serve();
  void close();

 private:
  base::Task<> serve_one();
  base::Task<> carry_out();
  base::Task<> carry_in();

  vm::Guest &guest_;
  std::function<void(const std::string &)> say_;
  std::filesystem::path path_;
  base::asio::local::stream_protocol::acceptor acceptor_;
  base::UnixSocket visitor_;
  std::unique_ptr<agent::Transport> transport_;
  wire::FrameDecoder reports_;
  bool closed_ = false;
};

}  // namespace kmodtest::run
