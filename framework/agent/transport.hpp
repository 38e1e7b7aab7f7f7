// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

#include "base/asio.hpp"
#include "wire/shared_memory.hpp"

namespace kmodtest::agent {

/// Carries the bytes of a session.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual base::asio::any_io_executor executor() = 0;
  /// Returns false if the guest is paused while requests are written, so that no answer arrives before it is resumed.
  virtual bool live() const = 0;
  /// Waits for bytes; an error ends the session.
  virtual base::Task<std::size_t> read_some(base::asio::mutable_buffer to, boost::system::error_code &error) = 0;
  virtual base::Task<> write(const std::string &bytes, boost::system::error_code &error) = 0;
  /// Returns how many bytes write() has room for; 0: any number.
  virtual std::size_t most_request_bytes() const { return 0; }
  /// Returns how the guest rests; `wanted` while that is not known yet.
  virtual wire::Rest rest() const { return wire::Rest::none; }
  /// Resumes a guest that QEMU holds.
  virtual void end_rest() noexcept {}
  /// Returns how far a guest that has booted is on its way to its first pause.
  virtual wire::Settling settling() const { return wire::Settling::none; }
  /// Ends pending operations with operation_aborted.
  virtual void cancel() noexcept = 0;
  virtual void close() noexcept = 0;
};

/// Opens the channel over a socket on which QEMU listens.
std::unique_ptr<Transport> make_socket_transport(base::UnixSocket socket);

enum class SharedState {
  fresh,    ///< the guest might have begun to write messages
  restored  ///< the guest is paused and the content is out of date: emptied first
};

/// Opens the channel over the memory that the guest shares with the controller (wire::SharedMemory). New messages are
/// not announced, so it polls once a millisecond. Throws base::Error if the file cannot be mapped.
std::unique_ptr<Transport> make_memory_transport(const base::asio::any_io_executor &executor,
                                                 const std::filesystem::path &memory, SharedState state);

}  // namespace kmodtest::agent
