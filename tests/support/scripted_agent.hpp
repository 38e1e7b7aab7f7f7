// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <utility>
#include <vector>

#include "base/asio.hpp"
#include "wire/frame.hpp"

namespace kmodtest::support {

/// The guest's end of a socket pair, played by a thread with blocking calls, so that a test reads from top to bottom.
class ScriptedAgent {
 public:
  using Script = std::function<void(ScriptedAgent &)>;

  /// Connects `controller_end` to a new agent that plays `script` and closes its end when the script returns.
  ScriptedAgent(base::UnixSocket &controller_end, Script script) : socket_(own_), script_(std::move(script)) {
    int pair[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) std::abort();
    controller_end.assign(base::asio::local::stream_protocol(), pair[0]);
    socket_.assign(base::asio::local::stream_protocol(), pair[1]);
    thread_ = std::thread([this] {
      script_(*this);
      boost::system::error_code ignored;
      socket_.close(ignored);
    });
  }
  ~ScriptedAgent() {
    if (thread_.joinable()) thread_.join();
  }
  ScriptedAgent(const ScriptedAgent &) = delete;
  ScriptedAgent &operator=(const ScriptedAgent &) = delete;

  /// Returns the next request and its id; nothing if the controller has closed the socket.
  std::optional<std::pair<wire::Request, std::uint32_t>> next() {
    std::vector<char> chunk(64 << 10);
    while (true) {
      if (auto frame = decoder_.next()) {
        std::string error;
        auto request = wire::decode_request(*frame, &error);
        if (!request) std::abort();
        return std::make_pair(std::move(*request), frame->id);
      }
      boost::system::error_code error;
      const auto size = socket_.read_some(base::asio::buffer(chunk), error);
      if (error) return std::nullopt;
      decoder_.feed(std::string_view(chunk.data(), size));
    }
  }
  void send(const wire::AgentMessage &report, std::uint32_t id) { send_bytes(wire::encode(report, id)); }
  void send_bytes(const std::string &bytes) {
    boost::system::error_code ignored;
    base::asio::write(socket_, base::asio::buffer(bytes), ignored);
  }

 private:
  base::asio::io_context own_;
  base::UnixSocket socket_;
  wire::FrameDecoder decoder_;
  Script script_;
  std::thread thread_;
};

}  // namespace kmodtest::support
