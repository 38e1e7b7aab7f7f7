// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "shards/host.hpp"
#include "shards/host_messages.hpp"
#include "shards/launcher.hpp"
#include "shards/pack_list.hpp"

namespace kmodtest::shards {

/// What each host needs for any shard.
struct Luggage {
  PackList list;                                       ///< for the hosts' caches; without files
  std::map<std::string, std::filesystem::path> files;  ///< for the run's folder there: name → file here
};

/// Runs shards on hosts, one at a time on each: whichever host is free takes the next one. A host that fails is not
/// used again.
class HostsLauncher final : public Launcher {
 public:
  /// `folder` has the scripts, and receives results and logs. Connects to all hosts at once.
  HostsLauncher(const std::vector<std::string> &hosts, ConnectHost connect, Luggage luggage,
                std::filesystem::path folder, std::chrono::seconds silence);
  ~HostsLauncher() override;
  HostsLauncher(const HostsLauncher &) = delete;
  HostsLauncher &operator=(const HostsLauncher &) = delete;

  void start(const std::vector<Job> &jobs) override;
  /// Throws base::Error if no host can be used any more, with what the hosts said.
  std::map<int, JobState> states() override;
  std::vector<std::string> take_news() override;
  std::size_t idle() override;
  void stop(int shard) override;
  void cancel() override;

 private:
  void work(const std::string &name);
  void settle_in(const std::string &name, MessageLink &link);
  void send_entries(MessageLink &link, const PackList &missing);
  /// Returns the entries of these names, with their files.
  PackList with_files(const std::string &names);
  std::optional<Job> next_job(const std::string &name);
  bool takes(const std::string &name, const Job &job) const;
  void run_job(MessageLink &link, const Job &job);
  void send_earlier(MessageLink &link, const Job &job) const;
  bool is_over();
  bool has_to_stop(int shard);
  void tell(const std::string &text);
  void drop(const std::string &name, const base::Error &error);

  ConnectHost connect_;
  Luggage luggage_;
  std::filesystem::path folder_;
  std::chrono::seconds silence_;
  std::mutex mutex_, listing_;
  std::condition_variable changed_;
  std::deque<Job> waiting_;
  std::map<int, std::set<std::string>> tried_;  ///< the hosts that have had each shard
  std::map<std::string, int> running_;          ///< the shard of each busy host
  std::map<int, JobState> states_;
  std::set<int> stopped_;  ///< shards whose jobs are not needed any more
  std::size_t idle_ = 0;
  std::vector<std::string> news_;
  std::vector<base::Error> failures_;
  std::size_t usable_;
  bool over_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace kmodtest::shards
