// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "agent/transport.hpp"
#include "base/asio.hpp"
#include "base/notice_sink.hpp"
#include "vm/guest.hpp"
#include "wire/frame.hpp"

namespace kmodtest::run {

/// First id of requests that arrive through a gateway, so that replies cannot be confused with those of the case.
inline constexpr std::uint32_t kFirstClientId = 0x40000000;

/// Returns the socket of the guest that the run with this name keeps.
std::filesystem::path gateway_of(const std::string &name);

/// Connects other processes of this user to the agent of a guest that this process keeps (ChannelKind::memory). A
/// socket carries frames both ways. There is one client at a time. The guest runs while a client is connected, and is
/// paused otherwise.
class GuestGateway {
 public:
  /// Listens at once. Throws base::Error. `notices` receives a message when a client connects or leaves.
  GuestGateway(vm::Guest &guest, base::asio::io_context &io, base::NoticeSink &notices);
  ~GuestGateway();
  GuestGateway(const GuestGateway &) = delete;
  GuestGateway &operator=(const GuestGateway &) = delete;

  /// Returns the name for `kmodtest shell --attach`.
  std::string name() const;

  /// Serves clients until close() is called.
  base::Task<> serve();
  void close();

 private:
  base::Task<> serve_one();
  base::Task<> carry_out();
  base::Task<> carry_in();

  vm::Guest &guest_;
  base::NoticeSink &notices_;
  std::filesystem::path path_;
  base::asio::local::stream_protocol::acceptor acceptor_;
  base::UnixSocket client_;
  std::unique_ptr<agent::Transport> transport_;
  wire::FrameDecoder frames_;
  bool closed_ = false;
};

}  // namespace kmodtest::run
