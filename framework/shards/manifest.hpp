// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kmodtest::shards {

/// What a shard's results say about themselves: the file manifest.json, the first one of an archive.
struct Manifest {
  std::string program;  ///< the version of kmodtest
  int shard = 1, of = 1;
  std::string plans;      ///< digest of all selected cases and of their plans
  std::string split;      ///< digest of which case is in which shard
  std::size_t cases = 0;  ///< of all shards
  int repeats = 1, retries = 0;
  std::optional<std::uint64_t> shuffle_seed;
  int attempt = 1;           ///< of this shard; counts from 1
  std::string run;           ///< a random name: no two runs of a shard have the same
  std::int64_t started = 0;  ///< milliseconds since the epoch, by the clock of `host`
  std::int64_t ended = 0;    ///< 0: it has not ended
  std::string host, hypervisor;
  int workers = 1;
  double took = 0;           ///< seconds, by a clock that nobody sets
  std::size_t finished = 0;  ///< cases with a result, repeats counted, when it ended
  bool interrupted = false;

  /// Returns whether the shard came to its end. Else it is still running, or it died.
  bool complete() const { return ended != 0; }
};

std::string manifest_text(const Manifest &manifest);
/// Returns nothing if the text is not a manifest of a format that this version reads.
std::optional<Manifest> parse_manifest(std::string_view text);

/// Returns a name for Manifest::run.
std::string new_run_name();
/// Returns the time of day for Manifest::started.
std::int64_t milliseconds_now();

}  // namespace kmodtest::shards
