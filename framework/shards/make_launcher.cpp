// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include "base/error.hpp"
#include "shards/command_launcher.hpp"
#include "shards/slurm_launcher.hpp"

namespace kmodtest::shards {

std::unique_ptr<Launcher> make_launcher(const std::string &engine, const std::string &name,
                                        const std::filesystem::path &folder) {
  constexpr std::string_view kSlurm = "slurm";
  const std::string_view text = engine;
  if (text == kSlurm) return std::make_unique<SlurmLauncher>("", name, folder);
  if (text.starts_with("slurm:")) return std::make_unique<SlurmLauncher>(text.substr(kSlurm.size() + 1), name, folder);
  if (text.find("{}") != std::string_view::npos) return std::make_unique<CommandLauncher>(engine);
  throw base::UsageError(
      base::Code::bad_option_value,
      fmt::format("--on takes slurm, slurm:OPTIONS, ssh:HOSTS, or a command with {{}}, not '{}'", engine),
      "{} stands for the script of a shard, as in --on 'sh {}'");
}

}  // namespace kmodtest::shards
