// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/session.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <map>
#include <utility>
#include <zlib.h>

#include "base/error.hpp"
#include "wire/shared_memory.hpp"

namespace kmodtest::agent {

using base::Task;
namespace asio = base::asio;

namespace {

/// Bytes of a frame up to its protocol version.
constexpr std::size_t kVersionBytes = 4;

/// Returns whether a stream begins with a frame of another protocol version: with the magic of ours, and another byte
/// after it. (Not a function of wire, which the agent is made of: its program stays as it is.)
bool is_of_other_version(std::string_view first_bytes) {
  const std::string ours = wire::encode_frame(wire::Frame{}).substr(0, kVersionBytes);
  const std::string_view magic = std::string_view(ours).substr(0, kVersionBytes - 1);
  return first_bytes.size() >= kVersionBytes && first_bytes.starts_with(magic) &&
         first_bytes.substr(0, kVersionBytes) != ours;
}

const wire::AgentInfo &checked(const wire::AgentInfo &agent) {
  if (agent.protocol != wire::kProtocolVersion) {
    throw SessionError(SessionError::Kind::version,
                       fmt::format("the guest's agent speaks protocol version {}, this kmodtest {}", agent.protocol,
                                   wire::kProtocolVersion));
  }
  return agent;
}

/// Throws base::Error if the guest did not accept a file.
void check_pushed(const wire::AgentMessage &message, const std::string &what) {
  std::string problem;
  if (const auto *pushed = std::get_if<wire::Pushed>(&message)) {
    problem = pushed->error;
  } else if (const auto *refused = std::get_if<wire::Refused>(&message)) {
    problem = refused->reason;
  } else {
    throw SessionError(SessionError::Kind::corrupt, "the guest's agent sent an invalid answer to a push");
  }
  if (!problem.empty()) {
    throw base::Error(base::Code::file_not_taken, fmt::format("the guest did not accept {}: {}", what, problem),
                      "give the guest more memory (guest: {memory: …})");
  }
}

}  // namespace

base::Code SessionError::code() const {
  switch (kind_) {
    case Kind::timeout:
      return base::Code::guest_silent;
    case Kind::version:
      return base::Code::other_protocol;
    case Kind::overflow:
      return base::Code::shared_memory_full;
    case Kind::closed:
    case Kind::corrupt:
      break;
  }
  return base::Code::channel_broken;
}

struct Session::Impl : std::enable_shared_from_this<Session::Impl> {
  explicit Impl(std::unique_ptr<Transport> its_transport)
      : transport(std::move(its_transport)), timer(transport->executor()) {}

  using Lost = std::function<std::chrono::milliseconds()>;

  /// Ends pending I/O with SessionError::timeout once `deadline` has passed, for as long as it lives.
  class Deadline {
   public:
    Deadline(Impl &impl, std::chrono::milliseconds deadline, std::string waiting_for, Lost lost = {}) : impl_(impl) {
      impl_.arm(deadline, std::move(waiting_for), std::move(lost));
    }
    ~Deadline() {
      impl_.timer.cancel();
      impl_.lost = {};
    }
    Deadline(const Deadline &) = delete;
    Deadline &operator=(const Deadline &) = delete;

   private:
    Impl &impl_;
  };

  void arm(std::chrono::milliseconds deadline, std::string waiting_for, Lost lost_so_far) {
    timed_out = false;
    waiting = std::move(waiting_for);
    limit = deadline;
    lost = std::move(lost_so_far);
    wait_for(deadline, lost ? lost() : std::chrono::milliseconds(0));
  }

  void wait_for(std::chrono::milliseconds patience, std::chrono::milliseconds lost_before) {
    timer.expires_after(patience);
    timer.async_wait([weak = weak_from_this(), lost_before](boost::system::error_code error) {
      const auto self = weak.lock();
      if (error || !self) return;
      if (const auto now = self->lost ? self->lost() : lost_before; now > lost_before) {
        return self->wait_for(now - lost_before, now);
      }
      self->timed_out = true;
      self->transport->cancel();
    });
  }

  [[noreturn]] void fail(const boost::system::error_code &error) const {
    if (timed_out) {
      throw SessionError(SessionError::Kind::timeout,
                         fmt::format("no message arrived from the guest's agent within {:.1f} s while waiting for {}",
                                     std::chrono::duration<double>(limit).count(), waiting));
    }
    if (error == asio::error::no_buffer_space) {
      throw SessionError(SessionError::Kind::overflow,
                         fmt::format("the case needs more memory shared with the guest than the {} MiB for requests "
                                     "and {} MiB for agent messages",
                                     transport->most_request_bytes() >> 20, wire::kMostReportBytes >> 20));
    }
    throw SessionError(SessionError::Kind::closed,
                       fmt::format("the channel to the guest's agent closed ({})", error.message()));
  }

  Task<> send(std::string bytes) {
    boost::system::error_code error;
    co_await transport->write(bytes, error);
    if (error || timed_out) fail(error);
  }

  /// Returns the next agent message that belongs to request `id`; an Info if `id` is 0.
  Task<wire::AgentMessage> receive(std::uint32_t id) {
    while (true) {
      while (auto frame = decoder.next()) {
        std::string problem;
        auto message = wire::decode_agent_message(*frame, &problem);
        if (!message) throw SessionError(SessionError::Kind::corrupt, "the guest's agent sent a " + problem);
        if (id == 0 ? std::holds_alternative<wire::Info>(*message) : frame->id == id) co_return std::move(*message);
        if (const auto *said = std::get_if<wire::Info>(&*message)) info = checked(said->agent);
        if (const auto push = unanswered_pushes.extract(frame->id)) check_pushed(*message, push.mapped());
        if (const auto *refused = std::get_if<wire::Refused>(&*message); refused && frame->id == 0) {
          throw SessionError(SessionError::Kind::corrupt, "the guest's agent refused a frame: " + refused->reason);
        }
      }
      if (!decoder.error().empty()) {
        const bool other_version = is_of_other_version(first_bytes);
        throw SessionError(other_version ? SessionError::Kind::version : SessionError::Kind::corrupt,
                           "the channel to the guest's agent is corrupt: " + decoder.error());
      }
      boost::system::error_code error;
      const auto buffer = asio::buffer(chunk);
      const std::size_t size = co_await transport->read_some(buffer, error);
      if (error || timed_out) fail(error);
      const std::string_view bytes(chunk.data(), size);
      first_bytes += bytes.substr(0, kVersionBytes - std::min(kVersionBytes, first_bytes.size()));
      decoder.feed(bytes);
    }
  }

  /// Receives the agent messages of the program with this id, until it ends or rests.
  Task<std::optional<wire::ProgramEnded>> follow(std::uint32_t id,
                                                 std::function<void(const wire::AgentMessage &)> on_message) {
    while (true) {
      const wire::AgentMessage message = co_await receive(id);
      if (const auto *refused = std::get_if<wire::Refused>(&message)) {
        throw SessionError(SessionError::Kind::corrupt, "the guest's agent refused the program: " + refused->reason);
      }
      on_message(message);
      if (const auto *ended = std::get_if<wire::ProgramEnded>(&message)) co_return *ended;
      if (std::holds_alternative<wire::Resting>(message)) co_return std::nullopt;
    }
  }

  /// Waits for a word of the memory that is shared with the guest, which nobody announces. Returns false at the
  /// deadline.
  Task<bool> becomes_true(std::chrono::milliseconds deadline, std::function<bool()> condition) {
    constexpr std::chrono::milliseconds kMoment{1};
    const auto until = std::chrono::steady_clock::now() + deadline;
    asio::steady_timer moment(transport->executor());
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > until) co_return false;
      moment.expires_after(kMoment);
      co_await moment.async_wait(token);
    }
    co_return true;
  }

  std::unique_ptr<Transport> transport;
  std::uint32_t program_id = 0;
  asio::steady_timer timer;
  wire::FrameDecoder decoder;
  std::string first_bytes;  ///< of the first frame, which tells the agent's protocol version
  std::array<char, 64 << 10> chunk;
  std::optional<wire::AgentInfo> info;
  std::map<std::uint32_t, std::string> unanswered_pushes;  // what was pushed, for error messages
  std::uint32_t last_id = 0;
  bool timed_out = false;
  std::string waiting;
  std::chrono::milliseconds limit{0};
  Lost lost;  ///< belongs to the armed deadline; empty: none is armed
};

Session::Session(std::unique_ptr<Transport> transport, std::uint32_t first_id)
    : impl_(std::make_shared<Impl>(std::move(transport))) {
  impl_->last_id = first_id - 1;
}

Session::Session(base::UnixSocket socket, std::uint32_t first_id)
    : Session(make_socket_transport(std::move(socket)), first_id) {}

Session::~Session() {
  close();
}

void Session::close() noexcept {
  impl_->timer.cancel();
  impl_->transport->close();
}

Task<wire::AgentInfo> Session::ready(std::chrono::milliseconds deadline,
                                     std::function<std::chrono::milliseconds()> lost) {
  const auto impl = impl_;
  const Impl::Deadline bounded(*impl, deadline, "its READY", std::move(lost));
  const wire::AgentMessage message = co_await impl->receive(0);
  impl->info = checked(std::get<wire::Info>(message).agent);
  co_return *impl->info;
}

Task<wire::AgentInfo> Session::greet(std::chrono::milliseconds deadline) {
  const auto impl = impl_;
  const Impl::Deadline bounded(*impl, deadline, "its answer to Hello");
  std::string hello = wire::encode(wire::Request{wire::Hello{}}, ++impl->last_id);
  co_await impl->send(std::move(hello));
  const wire::AgentMessage message = co_await impl->receive(0);
  impl->info = checked(std::get<wire::Info>(message).agent);
  co_return *impl->info;
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
  const std::string what = fmt::format("{} ({} bytes)", path, content.size());
  if (!impl->transport->live()) {
    impl->unanswered_pushes[id] = what;
    co_return;
  }
  const wire::AgentMessage message = co_await impl->receive(id);
  check_pushed(message, what);
}

const std::optional<wire::AgentInfo> &Session::info() const {
  return impl_->info;
}

Task<wire::ProgramEnded> Session::run(wire::Program program, std::chrono::milliseconds wall_deadline,
                                      std::function<void(const wire::AgentMessage &)> on_message,
                                      std::function<Task<>()> go) {
  const auto ended = co_await begin(std::move(program), wall_deadline, std::move(on_message), std::move(go));
  if (!ended) throw SessionError(SessionError::Kind::corrupt, "the guest's agent rests in a program that does not");
  co_return *ended;
}

Task<std::optional<wire::ProgramEnded>> Session::begin(wire::Program program, std::chrono::milliseconds wall_deadline,
                                                       std::function<void(const wire::AgentMessage &)> on_message,
                                                       std::function<Task<>()> go) {
  const auto impl = impl_;
  const auto id = ++impl->last_id;
  impl->program_id = id;
  const wire::Request request{wire::Run{std::move(program)}};
  if (const auto size = wire::payload_size(request); size > wire::kMaxPayload) {
    throw base::UsageError(base::Code::program_too_large,
                           fmt::format("the case's program takes {} bytes, more than the {} that fit into one frame",
                                       size, wire::kMaxPayload),
                           "split the plan");
  }
  const Impl::Deadline bounded(*impl, wall_deadline, "the end of the case");
  if (!impl->transport->live()) {
    std::string hello = wire::encode(wire::Request{wire::Hello{}}, ++impl->last_id);
    co_await impl->send(std::move(hello));
  }
  std::string bytes = wire::encode(request, id);
  co_await impl->send(std::move(bytes));
  if (go) co_await go();
  co_return co_await impl->follow(id, std::move(on_message));
}

Task<std::optional<wire::ProgramEnded>> Session::go_on(wire::Continue more, std::chrono::milliseconds wall_deadline,
                                                       std::function<void(const wire::AgentMessage &)> on_message,
                                                       std::function<Task<>()> go) {
  const auto impl = impl_;
  const wire::Request request{std::move(more)};
  if (const auto size = wire::payload_size(request); size > wire::kMaxPayload) {
    throw base::UsageError(
        base::Code::program_too_large,
        fmt::format("the next steps take {} bytes, more than the {} that fit into one frame", size, wire::kMaxPayload),
        "do it in several steps");
  }
  const Impl::Deadline bounded(*impl, wall_deadline, "the end of the step");
  std::string bytes = wire::encode(request, impl->program_id);
  co_await impl->send(std::move(bytes));
  if (impl->transport->rest() == wire::Rest::held) {
    impl->transport->end_rest();
  } else if (go) {
    co_await go();
  }
  co_return co_await impl->follow(impl->program_id, std::move(on_message));
}

Task<bool> Session::holds_still(std::chrono::milliseconds deadline) {
  const auto impl = impl_;
  // The Resting message can arrive before QEMU sets the flag.
  std::function<bool()> decided = [impl] {
    const wire::Rest rest = impl->transport->rest();
    return rest == wire::Rest::held || rest == wire::Rest::refused;
  };
  if (!co_await impl->becomes_true(deadline, std::move(decided)))
    throw SessionError(SessionError::Kind::timeout, "the guest reported that it rests, but it does not");
  co_return impl->transport->rest() == wire::Rest::held;
}

Task<> Session::settled(std::chrono::milliseconds deadline) {
  const auto impl = impl_;
  std::function<bool()> decided = [impl] {
    const wire::Settling now = impl->transport->settling();
    return now == wire::Settling::none || now == wire::Settling::paused || now == wire::Settling::over;
  };
  if (!co_await impl->becomes_true(deadline, std::move(decided)))
    throw SessionError(SessionError::Kind::timeout, "the guest is ready, but QEMU does not pause it");
}

Task<wire::TerminalEnded> Session::terminal(wire::OpenTerminal wanted,
                                            std::function<void(const wire::AgentMessage &)> on_message,
                                            std::function<Task<>()> go) {
  const auto impl = impl_;
  const auto id = ++impl->last_id;
  std::string bytes = wire::encode(wire::Request{std::move(wanted)}, id);
  co_await impl->send(std::move(bytes));
  if (go) co_await go();
  while (true) {
    const wire::AgentMessage message = co_await impl->receive(id);
    if (const auto *refused = std::get_if<wire::Refused>(&message))
      throw base::Error(base::Code::guest_refused, refused->reason, "open a guest with more memory (--memory 512M)");
    if (const auto *ended = std::get_if<wire::TerminalEnded>(&message)) co_return *ended;
    on_message(message);
  }
}

Task<> Session::type(std::string data) {
  const auto impl = impl_;
  for (std::size_t at = 0; at == 0 || at < data.size(); at += wire::kPushChunk) {
    wire::TerminalInput input{data.substr(at, wire::kPushChunk)};
    std::string bytes = wire::encode(wire::Request{std::move(input)}, ++impl->last_id);
    co_await impl->send(std::move(bytes));
  }
}

Task<> Session::resize(std::uint16_t rows, std::uint16_t columns) {
  const auto impl = impl_;
  std::string bytes = wire::encode(wire::Request{wire::ResizeTerminal{rows, columns}}, ++impl->last_id);
  co_await impl->send(std::move(bytes));
}

}  // namespace kmodtest::agent
