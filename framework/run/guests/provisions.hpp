// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/notice_sink.hpp"
#include "kernel/modules/ready_build.hpp"
#include "plan/plan.hpp"
#include "run/run_options.hpp"

namespace kmodtest::run {

/// What cases need from the cache, so that another machine neither downloads, builds nor boots anything.
struct Provisions {
  std::filesystem::path cache;
  std::set<std::string> entries;                     ///< of the cache: "kernels/debian-6.1", "snapshots/KEY"
  std::map<std::string, kernel::ReadyBuild> builds;  ///< by their places
  std::string qemu;                                  ///< version; empty: no guest was asked for
  std::vector<std::string> problems;                 ///< of cases that are not provided for
};

/// Fetches kernels, builds modules and boots guests, as far as the cases need them and the cache lacks them. A case
/// that cannot have what it needs is a problem, and no error. `notices` receives what takes long. Throws base::Error if
/// there can be no guests.
Provisions provide(const RunOptions &options, const std::vector<std::shared_ptr<const plan::Case>> &cases,
                   base::NoticeSink &notices);

}  // namespace kmodtest::run
