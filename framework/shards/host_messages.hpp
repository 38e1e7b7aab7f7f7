// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/descriptor.hpp"
#include "shards/records.hpp"

/// What the machine of --on ssh and its hosts send each other: records over one connection for each host.
namespace kmodtest::shards {

struct HostMessage {
  enum class Kind : std::uint8_t {
    // to the host
    begin,   ///< a list of what the run needs, without files, in `bytes`; `number`: seconds of silence that end it all
    list,    ///< the same of what the host lacks, with files
    object,  ///< the next bytes of the file with the checksum `name`
    place,   ///< makes the files visible in the host's cache
    run,     ///< the script `name` of the shard `number`
    stop,    ///< ends the shard that runs
    // to the other machine
    missing,  ///< what the host lacks: names, one a line, in `bytes`; `name`: the version of its QEMU
    placed,
    ended,   ///< the shard `number`
    failed,  ///< the number of an error code in `number`, its text in `bytes`, its hint in `name`
    // to both
    file,  ///< bytes of the file `name` in the run's folder from `offset` on; `number`: its size
    beat,  ///< the sender is there
  };
  Kind kind = Kind::beat;
  std::string name{};
  std::uint64_t number = 0;
  std::uint64_t offset = 0;
  std::uint32_t mode = 0644;
  std::string bytes{};
};

std::string encode(const HostMessage &message);
/// Returns nothing if the bytes are not what encode() returns.
std::optional<HostMessage> decode_message(std::string_view bytes);

/// One end of a connection. While it exists, a thread sends beats. Several threads can send.
class MessageLink {
 public:
  /// The other end is lost if nothing arrives for as long as `silence`.
  MessageLink(base::Descriptor in, base::Descriptor out, std::chrono::seconds silence);
  ~MessageLink();
  MessageLink(const MessageLink &) = delete;
  MessageLink &operator=(const MessageLink &) = delete;

  void expect_life_within(std::chrono::seconds silence) { silence_ = silence; }
  /// Throws base::Error (host_lost) if the other end is gone, or takes nothing.
  void send(const HostMessage &message);
  /// Returns the next message other than a beat; nothing if none arrives within this time. Throws base::Error
  /// (host_lost) if the other end is gone or silent.
  std::optional<HostMessage> receive(std::chrono::milliseconds most);

 private:
  void send_beats();
  bool read_more(std::chrono::milliseconds most);
  void check_life() const;

  base::Descriptor in_, out_;
  std::chrono::seconds silence_;
  std::chrono::steady_clock::time_point heard_ = std::chrono::steady_clock::now();
  RecordDecoder decoder_;
  std::mutex sending_;
  std::mutex ending_;
  std::condition_variable end_;
  bool over_ = false;
  std::thread beats_;
};

}  // namespace kmodtest::shards
