// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "shards/host_messages.hpp"

namespace kmodtest::shards {

struct HostServiceOptions {
  std::filesystem::path folder;       ///< for everything that hosts keep: cache/, run-NAME/
  std::string run;                    ///< name of the run
  std::function<std::string()> qemu;  ///< returns the version of QEMU; throws base::Error if guests cannot run here
};

/// Does on a host what the machine of --on ssh asks for, until the connection ends: takes files, runs one shard at a
/// time, sends its results as they grow. Then it ends the shard, and removes the run's folder. If the other machine is
/// silent for too long, the connection has ended.
void serve_as_host(MessageLink &link, const HostServiceOptions &options);

}  // namespace kmodtest::shards
