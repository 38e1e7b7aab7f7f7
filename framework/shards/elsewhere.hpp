// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "outcome/event.hpp"
#include "shards/folder_places.hpp"
#include "shards/launcher.hpp"
#include "shards/split.hpp"

/// A run whose shards run on other machines.
namespace kmodtest::shards {

struct ElsewhereOptions {
  std::filesystem::path folder;  ///< absolute; for scripts, logs and results
  /// Words of the shell, quoted where they have to be.
  std::string enter;                 ///< what a script does first: "cd /home/me/project"
  std::vector<std::string> command;  ///< "/usr/bin/kmodtest", "run", "plans/", …: without the words of a shard
  std::string there;                 ///< where a script's machine has `folder`
  int shards = 1;
  int starts = 3;  ///< of each shard, one after the other, without a new result
  /// A shared folder can show a file this long after the job that wrote it has ended.
  std::chrono::seconds files_may_be_late{10};
  /// A machine that has nothing to do helps with a shard that would still take this long; nothing: none helps.
  std::optional<std::chrono::milliseconds> worth_help = {};
  std::shared_ptr<FolderPlaces> places = {};  ///< to which a merge moves the folders of cases; null: they stay
};

/// What has become of the shards.
struct Elsewhere {
  std::vector<std::filesystem::path> results;  ///< folders for find_results(); of a shard with help, several
  std::vector<std::string> problems;           ///< of shards that did not come to their end
  std::exception_ptr failure;                  ///< the engine can run nothing more
  bool interrupted = false;                    ///< by a signal: all jobs are cancelled
};

/// Runs the shards with the launcher, and tells `live` of finished cases as their results arrive in the folder. A shard
/// whose job ends before the shard does is started again, and continues where it was: cases that have a result are not
/// run again. At the end, when machines have nothing to do, they help: a second job runs a shard from its last case on,
/// and both end where they meet. SIGINT, SIGTERM and SIGHUP cancel all jobs. Throws base::Error if the engine refuses
/// the first jobs.
Elsewhere run_elsewhere(Launcher &launcher, const ElsewhereOptions &options, outcome::Listener &live);

/// Returns how many shards a run is worth: at most `most`, and so that each has about this much work, as far as the
/// history knows. At least 1.
int worthwhile_shards(const Cases &cases, const run::History &history, int most,
                      outcome::Seconds work = outcome::Seconds(30));

/// Passes on each finished case and each notice only once, for a listener that hears of a case live, and again from the
/// merge.
std::unique_ptr<outcome::Listener> make_once(outcome::Listener &listener);

}  // namespace kmodtest::shards
