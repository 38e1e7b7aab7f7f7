// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/child_process.hpp"
#include "base/error.hpp"
#include "shards/host.hpp"
#include "shards/host_messages.hpp"

/// Hosts that the user's own ssh reaches.
namespace kmodtest::shards {

/// Returns the hosts of "ssh:HOST,HOST…", as ssh(1) takes them. Throws base::UsageError if there are none, or if one
/// cannot be the name of a host.
std::vector<std::string> ssh_hosts(std::string_view text);

/// Returns the error for the words with which ssh ended.
base::Error ssh_error(const std::string &host, const std::string &words);

/// The line that the service of a host writes first to its standard error. What is before it comes from the login
/// shell.
inline constexpr std::string_view kServiceBegins = "kmodtest serves";

/// Returns the last line that the service itself has written to its standard error; empty if it has written none. If it
/// has never begun, returns the last line of all.
std::string words_of_service(std::string_view errors);

/// What a host answers first.
struct HostFacts {
  std::string system, machine;   ///< uname -s, uname -m
  std::filesystem::path folder;  ///< where kmodtest keeps things for other machines
  bool has_program = false;
};
HostFacts parse_host_facts(std::string_view text);

/// What is the same for all hosts.
struct SshSettings {
  std::filesystem::path sockets;     ///< a private folder with a short path
  std::filesystem::path logs;        ///< a folder for what ssh prints
  std::string run;                   ///< name of the run
  std::filesystem::path program;     ///< an archive (.tar) of the program's folder
  std::string program_digest;        ///< names that folder on hosts
  std::chrono::seconds silence{20};  ///< after which a host is lost
};

/// One connection to a host, shared by all that goes through it. The constructor connects, copies the program if the
/// host lacks it, and starts it there. All functions block, and throw base::Error that names the host.
class SshHost final : public Host {
 public:
  SshHost(std::string name, const SshSettings &settings);
  ~SshHost() override;
  SshHost(const SshHost &) = delete;
  SshHost &operator=(const SshHost &) = delete;

  MessageLink &link() override { return *link_; }
  base::Error error_of(const base::Error &lost) const override;

 private:
  void connect();
  HostFacts ask() const;
  void push_program(const HostFacts &facts) const;
  void start_service(const HostFacts &facts);
  std::vector<std::string> words(const std::string &command) const;
  std::filesystem::path socket() const;
  std::filesystem::path log(const char *what) const;

  std::string name_;
  const SshSettings &settings_;
  std::unique_ptr<base::ChildProcess> master_, service_;
  std::unique_ptr<MessageLink> link_;
};

}  // namespace kmodtest::shards
