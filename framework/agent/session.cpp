// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/session.hpp"

#include <array>
#include <fmt/core.h>
#include <utility>
#include <zlib.h>

#include "base/error.hpp"

namespace kmodtest::agent {

using base::Task;
namespace asio = base::asio;

struct Session::Impl : std::enable_shared_from_this<Session::Impl> {
  explicit Impl(base::UnixSocket connected) : socket(std::move(connected)), timer(socket.get_executor()) {}

  /// While it lives, pending I/O ends with SessionError::timeout once `deadline` passed.
  class Deadline {
   public:
    Deadline(Impl &impl, std::chrono::milliseconds deadline, std::string waiting_for) : impl_(impl) {
      impl_.arm(deadline, std::move(waiting_for));
    }
    ~Deadline() { impl_.timer.cancel(); }
    Deadline(const Deadline &) = delete;
    Deadline &operator=(const Deadline &) = delete;

   private:
    Impl &impl_;
  };

  void arm(std::chrono::milliseconds deadline, std::string waiting_for) {
    timed_out = false;
    waiting = std::move(waiting_for);
    limit = deadline;
    timer.expires_after(deadline);
    timer.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (error || !self) return;
      self->timed_out = true;
      boost::system::error_code ignored;
      self->socket.cancel(ignored);
    });
  }

  [[noreturn]] void fail(const boost::system::error_code &error) const {
    if (timed_out) {
      throw SessionError(SessionError::Kind::timeout,
                         fmt::format("nothing came from the guest's agent within {:.1f} s while waiting for {}",
                                     std::chrono::duration<double>(limit).count(), waiting));
    }
    throw SessionError(SessionError::Kind::closed,
                       fmt::format("the channel to the guest's agent closed ({})", error.message()));
  }

  Task<> send(std::string bytes) {
    boost::system::error_code error;
    const auto buffer = asio::buffer(bytes);
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await asio::async_write(socket, buffer, token);
    if (error || timed_out) fail(error);
  }

  /// The next report that belongs to request `id`, or an Info where `id` is 0.
  Task<wire::Report> receive(std::uint32_t id) {
    while (true) {
      while (auto frame = decoder.next()) {
        std::string problem;
        auto report = wire::decode_report(*frame, &problem);
        if (!report) throw SessionError(SessionError::Kind::corrupt, "the guest's agent sent a " + problem);
        if (id == 0 ? std::holds_alternative<wire::Info>(*report) : frame->id == id) co_return std::move(*report);
        if (const auto *refused = std::get_if<wire::Refused>(&*report); refused && frame->id == 0) {
          throw SessionError(SessionError::Kind::corrupt, "the guest's agent refused a frame: " + refused->reason);
        }
      }
      if (!decoder.error().empty()) {
        const bool version = decoder.error().find("protocol version") != std::string::npos;
        throw SessionError(version ? SessionError::Kind::version : SessionError::Kind::corrupt,
                           "the channel to the guest's agent is corrupt: " + decoder.error());
      }
      boost::system::error_code error;
      const auto buffer = asio::buffer(chunk);
      auto token = asio::redirect_error(asio::use_awaitable, error);
      const std::size_t size = co_await socket.async_read_some(buffer, token);
      if (error || timed_out) fail(error);
      decoder.feed(std::string_view(chunk.data(), size));
    }
  }

  base::UnixSocket socket;
  asio::steady_timer timer;
  wire::FrameDecoder decoder;
  std::array<char, 64 << 10> chunk;
  std::uint32_t last_id = 0;
  bool timed_out = false;
  std::string waiting;
  std::chrono::milliseconds limit{0};
};

namespace {

const wire::AgentInfo &checked(const wire::AgentInfo &agent) {
  if (agent.protocol != wire::kProtocolVersion) {
    throw SessionError(SessionError::Kind::version,
                       fmt::format("the guest's agent speaks protocol version {}, this kmodtest {}", agent.protocol,
                                   wire::kProtocolVersion));
  }
  return agent;
}

}  // namespace

Session::Session(base::UnixSocket socket) : impl_(std::make_shared<Impl>(std::move(socket))) {}

Session::~Session() {
  close();
}

void Session::close() noexcept {
  boost::system::error_code ignored;
  impl_->timer.cancel();
  impl_->socket.close(ignored);
}

void Session::cancel() noexcept {
  // A few bytes into a socket buffer that only ever holds requests: written at once or not at all.
  const std::string bytes = wire::encode(wire::Request{wire::Cancel{}}, ++impl_->last_id);
  boost::system::error_code ignored;
  impl_->socket.non_blocking(true, ignored);
  impl_->socket.write_some(asio::buffer(bytes), ignored);
}

Task<wire::AgentInfo> Session::ready(std::chrono::milliseconds deadline) {
  const auto impl = impl_;
  const Impl::Deadline bounded(*impl, deadline, "its READY");
  const wire::Report report = co_await impl->receive(0);
  co_return checked(std::get<wire::Info>(report).agent);
}

Task<wire::AgentInfo> Session::greet(std::chrono::milliseconds deadline) {
  const auto impl = impl_;
  const Impl::Deadline bounded(*impl, deadline, "its answer to Hello");
  std::string hello = wire::encode(wire::Request{wire::Hello{}}, ++impl->last_id);
  co_await impl->send(std::move(hello));
  const wire::Report report = co_await impl->receive(0);
  co_return checked(std::get<wire::Info>(report).agent);
}

Task<> Session::push(std::string path, const std::string &content, std::chrono::milliseconds deadline) {
  const auto impl = impl_;
  const auto id = ++impl->last_id;
  const Impl::Deadline bounded(*impl, deadline, fmt::format("the end of the push of {}", path));
  const auto crc = static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const unsigned char *>(content.data()), static_cast<unsigned>(content.size())));
  std::uint64_t offset = 0;
  do {
    wire::Push push;
    push.path = path;
    push.offset = offset;
    push.data = content.substr(offset, wire::kPushChunk);
    offset += push.data.size();
    push.last = offset == content.size();
    push.crc = push.last ? crc : 0;
    const wire::Request request{std::move(push)};
    std::string bytes = wire::encode(request, id);
    co_await impl->send(std::move(bytes));
  } while (offset < content.size());
  const wire::Report report = co_await impl->receive(id);
  std::string problem;
  if (const auto *pushed = std::get_if<wire::Pushed>(&report)) {
    problem = pushed->error;
  } else if (const auto *refused = std::get_if<wire::Refused>(&report)) {
    problem = refused->reason;
  } else {
    throw SessionError(SessionError::Kind::corrupt, "the guest's agent answered a push with something else");
  }
  if (!problem.empty()) {
    throw base::Error(fmt::format("the guest did not take {} ({} bytes): {}", path, content.size(), problem),
                      "give the guest more memory (guest: {memory: …})");
  }
}

Task<wire::ProgramEnded> Session::run(wire::Program program, std::chrono::milliseconds wall_deadline,
                                      std::function<void(const wire::Report &)> on_report) {
  const auto impl = impl_;
  const auto id = ++impl->last_id;
  const wire::Request request{wire::Run{std::move(program)}};
  if (const auto size = wire::payload_size(request); size > wire::kMaxPayload) {
    throw base::UsageError(
        fmt::format("the case's program takes {} bytes, more than the {} that fit one frame", size, wire::kMaxPayload),
        "split the plan");
  }
  const Impl::Deadline bounded(*impl, wall_deadline, "the end of the case");
  std::string bytes = wire::encode(request, id);
  co_await impl->send(std::move(bytes));
  while (true) {
    const wire::Report report = co_await impl->receive(id);
    if (const auto *refused = std::get_if<wire::Refused>(&report)) {
      throw SessionError(SessionError::Kind::corrupt, "the guest's agent refused the program: " + refused->reason);
    }
    on_report(report);
    if (const auto *ended = std::get_if<wire::ProgramEnded>(&report)) {
      co_return *ended;
    }
  }
}

}  // namespace kmodtest::agent
