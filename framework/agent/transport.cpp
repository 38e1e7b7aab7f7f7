// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/transport.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/error.hpp"
#include "wire/shared_memory.hpp"

namespace kmodtest::agent {
namespace {

namespace asio = base::asio;
using boost::system::error_code;

constexpr std::chrono::milliseconds kLook{1};

class SocketTransport : public Transport {
 public:
  explicit SocketTransport(base::UnixSocket socket) : socket_(std::move(socket)) {}

  asio::any_io_executor executor() override { return socket_.get_executor(); }
  bool live() const override { return true; }

  base::Task<std::size_t> read_some(asio::mutable_buffer to, error_code &error) override {
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_return co_await socket_.async_read_some(to, token);
  }
  base::Task<> write(const std::string &bytes, error_code &error) override {
    const auto buffer = asio::buffer(bytes);
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await asio::async_write(socket_, buffer, token);
  }
  void cancel() noexcept override {
    error_code ignored;
    socket_.cancel(ignored);
  }
  void close() noexcept override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  base::UnixSocket socket_;
};

/// The file of the shared memory, mapped.
class Mapping {
 public:
  explicit Mapping(const std::filesystem::path &file) {
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
    if (struct ::stat status = {}; descriptor >= 0 && ::fstat(descriptor, &status) == 0) {
      size_ = static_cast<std::size_t>(status.st_size);
      memory_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    }
    const int error = errno;
    if (descriptor >= 0) ::close(descriptor);
    if (memory_ == MAP_FAILED) {
      throw base::Error(base::Code::guest_gone,
                        fmt::format("cannot map the guest's shared memory {}: {}", file.string(), std::strerror(error)),
                        "the guest has probably ended: see its console");
    }
  }
  ~Mapping() { ::munmap(memory_, size_); }
  Mapping(const Mapping &) = delete;
  Mapping &operator=(const Mapping &) = delete;
  void *get() const { return memory_; }
  std::size_t size() const { return size_; }

 private:
  void *memory_ = MAP_FAILED;
  std::size_t size_ = 0;
};

class MemoryTransport : public Transport {
 public:
  MemoryTransport(const asio::any_io_executor &executor, const std::filesystem::path &file, SharedState state)
      : mapping_(file), memory_(mapping_.get(), mapping_.size()), timer_(executor) {
    if (state == SharedState::restored) memory_.clear();
  }

  asio::any_io_executor executor() override { return timer_.get_executor(); }
  bool live() const override { return false; }

  base::Task<std::size_t> read_some(asio::mutable_buffer to, error_code &error) override {
    while (!cancelled_) {
      const std::string_view reports = memory_.reports();
      if (reports.size() > read_) {
        const std::size_t size = std::min(to.size(), reports.size() - read_);
        std::memcpy(to.data(), reports.data() + read_, size);
        read_ += size;
        co_return size;
      }
      if (memory_.dropped() > 0) {
        error = asio::error::no_buffer_space;
        co_return 0;
      }
      timer_.expires_after(kLook);
      error_code ignored;
      auto token = asio::redirect_error(asio::use_awaitable, ignored);
      co_await timer_.async_wait(token);
    }
    cancelled_ = closed_;
    error = asio::error::operation_aborted;
    co_return 0;
  }
  base::Task<> write(const std::string &bytes, error_code &error) override {
    if (!memory_.add_requests(bytes)) error = asio::error::no_buffer_space;
    co_return;
  }
  std::size_t most_request_bytes() const override { return wire::most_request_bytes(memory_.size()); }
  wire::Rest rest() const override { return memory_.rest(); }
  void end_rest() noexcept override { memory_.end_rest(); }
  wire::Settling settling() const override { return closed_ ? wire::Settling::none : memory_.settling(); }
  void cancel() noexcept override {
    cancelled_ = true;
    error_code ignored;
    timer_.cancel(ignored);
  }
  void close() noexcept override {
    closed_ = true;
    // A QEMU that is held does not answer its monitor: the next user of the guest could not even stop it.
    end_rest();
    cancel();
  }

 private:
  Mapping mapping_;
  wire::SharedMemory memory_;
  asio::steady_timer timer_;
  std::size_t read_ = 0;
  bool cancelled_ = false;
  bool closed_ = false;
};

}  // namespace

std::unique_ptr<Transport> make_socket_transport(base::UnixSocket socket) {
  return std::make_unique<SocketTransport>(std::move(socket));
}

std::unique_ptr<Transport> make_memory_transport(const asio::any_io_executor &executor,
                                                 const std::filesystem::path &memory, SharedState state) {
  return std::make_unique<MemoryTransport>(executor, memory, state);
}

}  // namespace kmodtest::agent
