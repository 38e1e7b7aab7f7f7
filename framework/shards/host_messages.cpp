// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/host_messages.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include "base/error.hpp"
#include "shards/record_value.hpp"

namespace kmodtest::wire {

template <>
constexpr shards::HostMessage::Kind last_value<shards::HostMessage::Kind>() {
  return shards::HostMessage::Kind::beat;
}

}  // namespace kmodtest::wire

namespace kmodtest::shards {

template <class Visitor>
void fields_of(Visitor &v, HostMessage &message) {
  v(message.kind, message.name, message.number, message.offset, message.mode, message.bytes);
}

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kBetweenBeats{1};
constexpr std::size_t kRead = 256 * 1024;

[[noreturn]] void lose(const std::string &why) {
  throw base::Error(base::Code::host_lost, why);
}

}  // namespace

std::string encode(const HostMessage &message) {
  return bytes_of(message);
}

std::optional<HostMessage> decode_message(std::string_view bytes) {
  return value_of<HostMessage>(bytes);
}

MessageLink::MessageLink(base::Descriptor in, base::Descriptor out, std::chrono::seconds silence)
    : in_(std::move(in)), out_(std::move(out)), silence_(silence) {
  std::signal(SIGPIPE, SIG_IGN);  // a write says it
  for (const int each : {in_.get(), out_.get()}) ::fcntl(each, F_SETFL, ::fcntl(each, F_GETFL) | O_NONBLOCK);
  beats_ = std::thread([this] { send_beats(); });
}

MessageLink::~MessageLink() {
  {
    const std::lock_guard guard(ending_);
    over_ = true;
  }
  end_.notify_all();
  beats_.join();
}

void MessageLink::send_beats() {
  std::unique_lock lock(ending_);
  while (!end_.wait_for(lock, kBetweenBeats, [this] { return over_; })) {
    lock.unlock();
    try {
      send({.kind = HostMessage::Kind::beat});
    } catch (const base::Error &) {
      return;  // the next message finds that the connection is gone
    }
    lock.lock();
  }
}

void MessageLink::send(const HostMessage &message) {
  const std::string record = pack_record(RecordKind::message, encode(message));
  const std::lock_guard guard(sending_);
  std::string_view rest = record;
  while (!rest.empty()) {
    const ssize_t done = ::write(out_.get(), rest.data(), rest.size());
    if (done > 0) {
      rest.remove_prefix(static_cast<std::size_t>(done));
    } else if (errno == EAGAIN) {
      pollfd polled{out_.get(), POLLOUT, 0};
      const auto most = std::chrono::milliseconds(silence_).count();
      if (::poll(&polled, 1, static_cast<int>(most)) == 0)
        lose(fmt::format("it has taken nothing for {} s", silence_.count()));
    } else if (errno != EINTR) {
      lose(fmt::format("the connection has ended ({})", std::strerror(errno)));
    }
  }
}

bool MessageLink::read_more(std::chrono::milliseconds most) {
  pollfd polled{in_.get(), POLLIN, 0};
  if (::poll(&polled, 1, static_cast<int>(std::max<std::int64_t>(most.count(), 0))) <= 0) return false;
  std::string block(kRead, '\0');
  const ssize_t size = ::read(in_.get(), block.data(), block.size());
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return false;
  if (size <= 0) lose("the connection has ended");
  heard_ = Clock::now();
  decoder_.feed(std::string_view(block).substr(0, static_cast<std::size_t>(size)));
  return true;
}

void MessageLink::check_life() const {
  if (Clock::now() - heard_ > silence_) lose(fmt::format("nothing has arrived from it for {} s", silence_.count()));
}

std::optional<HostMessage> MessageLink::receive(std::chrono::milliseconds most) {
  const auto end = Clock::now() + most;
  for (;;) {
    while (const auto record = decoder_.next()) {
      auto message = record->kind == RecordKind::message ? decode_message(record->bytes) : std::nullopt;
      if (!message) lose("it sends something else than messages");
      if (message->kind != HostMessage::Kind::beat) return message;
    }
    if (decoder_.damaged()) lose("it sends something else than messages");
    const auto until = std::min<Clock::time_point>(end, heard_ + silence_);
    if (read_more(std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()))) continue;
    check_life();
    if (Clock::now() >= end) return std::nullopt;
  }
}

}  // namespace kmodtest::shards
