// SPDX-License-Identifier: GPL-2.0-or-later
#include "stream_channel.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <termios.h>
#include <unistd.h>
#include <utility>

#include "base/descriptor.hpp"
#include "wire/message.hpp"

namespace kmodtest::guest {
namespace {

constexpr char kPortName[] = "org.kmodtest.agent.0";
constexpr Time kComplainAfter{10'000'000};
constexpr useconds_t kFastRetry = 1'000;    // the port appears a few milliseconds after its driver
constexpr useconds_t kSlowRetry = 100'000;  // no host will connect soon
constexpr std::size_t kChecksumSize = 4;
constexpr std::size_t kReadPiece = 64u << 10;

/// Returns "/dev/vport0p1" of the port with our name; empty if there is none yet.
std::string find_port() {
  const std::string folder = "/sys/class/virtio-ports/";
  for (const std::string &port : list_folder(folder.c_str()))
    if (read_line((folder + port + "/name").c_str()) == kPortName) return "/dev/" + port;
  return {};
}

/// Sets 115200 baud, raw, without modem control.
void make_raw(int fd) {
  termios settings{};
  if (::tcgetattr(fd, &settings) != 0) return;
  ::cfmakeraw(&settings);
  ::cfsetspeed(&settings, B115200);
  settings.c_cflag |= CLOCAL | CREAD;
  settings.c_cc[VMIN] = 1;
  settings.c_cc[VTIME] = 0;
  ::tcsetattr(fd, TCSANOW, &settings);
}

/// Returns the size of a Hello of our version.
std::size_t hello_size() {
  static const std::size_t size = wire::encode(wire::Request(wire::Hello{}), 0).size();
  return size;
}

/// Returns the frame if these bytes are a complete Hello.
std::optional<wire::Frame> decode_hello(std::string_view bytes) {
  wire::FrameDecoder decoder;
  decoder.feed(bytes);
  std::optional<wire::Frame> frame = decoder.next();
  std::string ignored;
  const auto request = frame ? wire::decode_request(*frame, &ignored) : std::nullopt;
  if (!request || !std::holds_alternative<wire::Hello>(*request)) return std::nullopt;
  return frame;
}

}  // namespace

StreamChannel::StreamChannel(const std::string &kind) {
  open_device(kind);
  look_at_host();
}

void StreamChannel::open_device(const std::string &kind) {
  virtio_ = kind == "virtio";
  const Time begun = now();
  for (bool complained = false;;) {
    const std::string path = virtio_ ? find_port() : "/dev/" + kind;
    // ENXIO: the port's node appears before its driver is ready for it.
    if (!path.empty()) fd_ = base::Descriptor(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (fd_) break;
    if (!complained && now() - begun > kComplainAfter) {
      complained = true;
      complain("no channel to the controller: " + (path.empty() ? std::string("no virtio port is named ") + kPortName
                                                                : describe_error("cannot open " + path, errno)));
    }
    ::usleep(complained ? kSlowRetry : kFastRetry);
  }
  if (!virtio_) make_raw(fd_.get());
}

void StreamChannel::look_at_host() {
  if (!virtio_) return;  // a serial line does not report it
  pollfd poll_fd{fd_.get(), POLLIN, 0};
  ::poll(&poll_fd, 1, 0);
  const bool open = (poll_fd.revents & POLLHUP) == 0;
  if (open == connected_) return;
  connected_ = open;
  if (!open) forget_host();
  // A closed port always polls as POLLHUP; the driver's SIGIO reports its opening instead.
  ::fcntl(fd_.get(), F_SETOWN, ::getpid());
  ::fcntl(fd_.get(), F_SETFL, O_RDWR | O_NONBLOCK | (open ? 0 : O_ASYNC));
}

void StreamChannel::forget_host() {
  // The next host must not get the second half of a frame, nor its first frame joined to half of one of ours.
  if (sent_of_front_ != 0) drop_oldest();
  char piece[kReadPiece];
  while (::read(fd_.get(), piece, sizeof piece) > 0) {
  }
  start_over();
}

void StreamChannel::start_over() {
  decoder_ = {};
  undecoded_ = 0;
  tail_.clear();
  lost_ = false;
  skipped_.clear();
}

void StreamChannel::send(std::string frame) {
  queue_.push_back(std::move(frame));
  queued_ += queue_.back().size();
  while (!connected_ && queued_ > kClosedBacklog && queue_.size() > 1) drop_oldest();
  flush();
}

void StreamChannel::drop_oldest() {
  queued_ -= queue_.front().size() - sent_of_front_;
  sent_of_front_ = 0;
  queue_.pop_front();
}

void StreamChannel::flush() {
  while (connected_ && !queue_.empty()) {
    const std::string &front = queue_.front();
    const ssize_t wrote = ::write(fd_.get(), front.data() + sent_of_front_, front.size() - sent_of_front_);
    if (wrote <= 0) {
      if (wrote < 0 && errno == EINTR) continue;
      return;
    }
    sent_of_front_ += static_cast<std::size_t>(wrote);
    queued_ -= static_cast<std::size_t>(wrote);
    if (sent_of_front_ == front.size()) {
      queue_.pop_front();
      sent_of_front_ = 0;
    }
  }
}

void StreamChannel::receive() {
  if (!connected_) return;  // these bytes are from a host that look_at_host() has not seen yet
  char piece[kReadPiece];
  latest_.clear();
  for (int round = 0; round < 8; ++round) {
    const ssize_t got = ::read(fd_.get(), piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    const std::string_view bytes(piece, static_cast<std::size_t>(got));
    if (lost_) {
      skipped_.append(bytes);
    } else {
      decoder_.feed(bytes);
      latest_.append(bytes);
      undecoded_ += bytes.size();
      tail_.append(bytes.substr(bytes.size() - std::min(bytes.size(), hello_size())));
      tail_.erase(0, tail_.size() - std::min(tail_.size(), hello_size()));
    }
    if (bytes.size() < sizeof piece) break;
  }
}

std::optional<wire::Frame> StreamChannel::next_frame(std::string *error) {
  if (lost_) return find_hello();
  std::optional<wire::Frame> frame = decoder_.next();
  if (frame) {
    undecoded_ -= wire::kFrameHeaderSize + frame->payload.size() + kChecksumSize;
    return frame;
  }
  if (decoder_.error().empty()) return hello_of_new_host();
  *error = decoder_.error();
  // The broken frame's first byte is `undecoded_` before the end of the bytes; a Hello can follow it already.
  const std::size_t begin = latest_.size() - std::min(undecoded_, latest_.size());
  const std::string rest = latest_.substr(std::min(begin + 1, latest_.size()));
  start_over();
  lost_ = true;
  skipped_ = rest;
  return std::nullopt;
}

std::optional<wire::Frame> StreamChannel::hello_of_new_host() {
  if (undecoded_ <= hello_size()) return std::nullopt;
  std::optional<wire::Frame> hello = decode_hello(tail_);
  if (hello) start_over();
  return hello;
}

std::optional<wire::Frame> StreamChannel::find_hello() {
  constexpr std::string_view kMagic = "KMT";
  const std::size_t size = hello_size();
  for (std::size_t at = skipped_.find(kMagic); at != std::string::npos; at = skipped_.find(kMagic, at + 1)) {
    if (skipped_.size() - at < size) break;
    std::optional<wire::Frame> frame = decode_hello(std::string_view(skipped_).substr(at, size));
    if (!frame) continue;
    latest_ = skipped_.substr(at + size);
    start_over();
    decoder_.feed(latest_);
    undecoded_ = latest_.size();
    return frame;
  }
  // Only the beginning of a Hello can be of use later.
  if (skipped_.size() >= size) skipped_.erase(0, skipped_.size() - size + 1);
  return std::nullopt;
}

}  // namespace kmodtest::guest
