// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "base/notice_sink.hpp"
#include "cli/run_command.hpp"

namespace kmodtest::cli {

/// A cache on the own disk of each machine that runs shards, for machines that share a folder, but not the cache. It is
/// filled from one pack, so that kernels, built modules and snapshots are made only once.
struct NodeCache {
  std::string folder;  ///< on each machine, with variables of its shell: "$TMPDIR/kmodtest"; empty: there is none

  /// Throws base::UsageError if `folder` can depend on where a shell runs.
  void check() const;
  /// Fetches, builds and boots what the cases need, and packs it into the folder that all machines share. `notices`
  /// hears of what takes long, and of cases that are not provided for. Throws base::Error.
  void pack(const RunCommand &command, const Cases &cases, const std::filesystem::path &shared,
            base::NoticeSink &notices) const;
  /// Returns the words of a shell that unpack it on a machine and let `program` use it there.
  std::string enter(const std::filesystem::path &program, const std::filesystem::path &shared) const;
};

}  // namespace kmodtest::cli
