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
  /// False: the guest stands still while requests are written, so no answer comes before it is let go.
  virtual bool live() const = 0;
  /// Waits for bytes; an error ends the session.
  virtual base::Task<std::size_t> read_some(base::asio::mutable_buffer to, boost::system::error_code &error) = 0;
  virtual base::Task<> write(const std::string &bytes, boost::system::error_code &error) = 0;
  /// Writes what can be written at once, without waiting.
  virtual void try_write(const std::string &bytes) noexcept = 0;
  /// How the guest rests: `wanted` while that is not known yet.
  virtual wire::Rest rest() const { return wire::Rest::none; }
  /// Lets a guest go on that QEMU holds.
  virtual void end_rest() noexcept {}
  /// Ends what waits with operation_aborted.
  virtual void cancel() noexcept = 0;
  virtual void close() noexcept = 0;
};

/// The channel as a socket that QEMU listens on.
std::unique_ptr<Transport> make_socket_transport(base::UnixSocket socket);

enum class SharedState {
  fresh,    ///< the guest may have begun to write reports
  restored  ///< the guest stands still, and what is there is of an earlier life: emptied first
};

/// The memory that the guest shares with us (wire::SharedMemory). Nothing tells of new reports, so they are looked for
/// once a millisecond. Throws base::Error when the file cannot be mapped.
std::unique_ptr<Transport> make_memory_transport(base::asio::any_io_executor executor,
                                                 const std::filesystem::path &memory, SharedState state);

}  // namespace kmodtest::agent
