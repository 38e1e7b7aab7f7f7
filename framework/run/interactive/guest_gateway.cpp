// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/interactive/guest_gateway.hpp"

#include <array>
#include <fmt/format.h>
#include <utility>

#include "base/error.hpp"
#include "base/task.hpp"
#include "vm/run_root.hpp"

namespace kmodtest::run {

using base::Task;
namespace asio = base::asio;
using Endpoint = asio::local::stream_protocol::endpoint;

namespace {

constexpr const char *kSocketName = "gateway";

/// Returns the folder of the run that a guest belongs to.
std::filesystem::path folder_of_run(const vm::Guest &guest) {
  return guest.shared_memory().parent_path().parent_path();
}

}  // namespace

std::filesystem::path gateway_of(const std::string &name) {
  return vm::runs_folder() / name / kSocketName;
}

GuestGateway::GuestGateway(vm::Guest &guest, asio::io_context &io, base::NoticeSink &notices)
    : guest_(guest),
      notices_(notices),
      path_(folder_of_run(guest) / kSocketName),
      acceptor_(io),
      client_(io),
      transport_(agent::make_memory_transport(io.get_executor(), guest.shared_memory(), agent::SharedState::fresh)) {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
  boost::system::error_code error;
  const Endpoint endpoint(path_.string());
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(1, error);
  if (error)
    throw base::Error(base::Code::bad_runtime_folder,
                      fmt::format("cannot listen on {}: {}", path_.string(), error.message()),
                      "set KMODTEST_RUNTIME to a short path of your own");
}

GuestGateway::~GuestGateway() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

std::string GuestGateway::name() const {
  return path_.parent_path().filename().string();
}

void GuestGateway::close() {
  closed_ = true;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  client_.close(ignored);
  transport_->close();
}

Task<> GuestGateway::serve() {
  while (!closed_) {
    boost::system::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await acceptor_.async_accept(client_, token);
    if (error) break;
    notices_.say("a client has entered the guest: it runs");
    co_await serve_one();
    if (!closed_) notices_.say("no client is in the guest: it is paused");
  }
}

Task<> GuestGateway::serve_one() {
  co_await guest_.resume();
  base::Event carried_out(client_.get_executor());
  asio::co_spawn(client_.get_executor(), carry_out(), [&](const std::exception_ptr &) { carried_out.set(); });
  co_await carry_in();
  boost::system::error_code ignored;
  client_.close(ignored);
  transport_->cancel();
  co_await carried_out.wait();
  try {
    co_await guest_.pause();
  } catch (const base::Error &) {
    // QEMU has ended, and the client has seen it.
  }
}

Task<> GuestGateway::carry_in() {
  std::array<char, 64 << 10> chunk{};
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  const auto buffer = asio::buffer(chunk);
  while (true) {
    const std::size_t size = co_await client_.async_read_some(buffer, token);
    if (error) co_return;
    const std::string bytes(chunk.data(), size);
    co_await transport_->write(bytes, error);
    if (error) co_return;
  }
}

Task<> GuestGateway::carry_out() {
  std::array<char, 64 << 10> chunk{};
  const auto buffer = asio::buffer(chunk);
  while (true) {
    boost::system::error_code error;
    const std::size_t size = co_await transport_->read_some(buffer, error);
    if (error) co_return;
    frames_.feed(std::string_view(chunk.data(), size));
    while (const auto frame = frames_.next()) {
      if (frame->id < kFirstClientId) continue;
      const std::string bytes = wire::encode_frame(*frame);
      const auto out = asio::buffer(bytes);
      auto token = asio::redirect_error(asio::use_awaitable, error);
      co_await asio::async_write(client_, out, token);
      if (error) break;
    }
  }
}

}  // namespace kmodtest::run
