// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/run_command.hpp"
#include "shards/elsewhere.hpp"
#include "shards/launcher.hpp"
#include "shards/ssh_host.hpp"

namespace kmodtest::cli {

/// The name of the hidden subcommand that a host of --on ssh runs.
inline constexpr std::string_view kHostCommand = "__host";

/// Serves another machine over standard input and output: `__host FOLDER RUN`. Returns the exit code.
int serve_host(const std::vector<std::string> &arguments);

/// The engine of --on ssh:HOST,HOST….
class SshEngine {
 public:
  /// Throws base::UsageError for hosts that cannot be ones, and for kernels that cannot travel.
  SshEngine(const std::string &engine, const Cases &cases);
  ~SshEngine();
  SshEngine(const SshEngine &) = delete;
  SshEngine &operator=(const SshEngine &) = delete;

  std::size_t hosts() const { return hosts_.size(); }
  /// Prepares what the hosts need, and starts to connect. `all` are the cases of all plans; `folder` has history.json,
  /// and receives what arrives from the hosts.
  std::unique_ptr<shards::Launcher> launch(const RunCommand &command, const Cases &selected, const Cases &all,
                                           const std::string &name, const std::filesystem::path &folder,
                                           base::NoticeSink &notices);
  /// Puts the words of a host's shell into the options. `words` are those of the command line.
  void fill(shards::ElsewhereOptions &options, const std::vector<std::string> &words) const;

 private:
  std::vector<std::string> hosts_;
  shards::SshSettings settings_;
};

/// Returns whether a value of --on names this engine.
bool is_ssh_engine(std::string_view engine);

}  // namespace kmodtest::cli
