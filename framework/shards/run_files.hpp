// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "shards/host_messages.hpp"

/// Files of a run that exist on two machines, with one name below the run's folder.
namespace kmodtest::shards {

/// Writes the bytes of a `file` message. Files that readers take as a whole appear as a whole. Throws base::Error if it
/// cannot be written, or if its name leads out of the folder.
void write_part(const std::filesystem::path &folder, const HostMessage &message);

/// Sends what has been added to files.
class FileSender {
 public:
  using Send = std::function<void(const HostMessage &message)>;

  FileSender(std::filesystem::path folder, Send send) : folder_(std::move(folder)), send_(std::move(send)) {}

  /// Sends a file under a name.
  void send_whole(const std::filesystem::path &file, const std::string &name);
  /// Sends what was added to the results and to the log of a shard since the last time. The manifest is the last one:
  /// one that says that the shard has ended never arrives before what it counts.
  void send_news_of(int shard);
  /// Takes note that the other machine has this much of a file.
  void has(const std::string &name, std::uint64_t size) { sent_[name] = size; }

 private:
  void send_growth(const std::string &name);
  void send_text(const std::string &name, const std::string &text);

  std::filesystem::path folder_;
  Send send_;
  std::map<std::string, std::uint64_t> sent_;
  std::map<std::string, std::string> texts_;
};

/// Return the names of a shard's files below the folder of its run.
std::string results_name(int shard);
std::string log_name(int shard);
std::string script_name(int shard);

}  // namespace kmodtest::shards
