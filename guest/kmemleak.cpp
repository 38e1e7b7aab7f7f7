// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmemleak.hpp"

#include <cstdint>
#include <fcntl.h>
#include <utility>

#include "base/descriptor.hpp"
#include "kept_mounts.hpp"
#include "program_run.hpp"
#include "wire/kmemleak.hpp"

namespace kmodtest::guest {
namespace {

// kmemleak lists an object that is older than MSECS_MIN_AGE and whose content no longer changes (kernel:
// mm/kmemleak.c). The first of two scans notes the content.
constexpr Time kLeastAge{5'100'000};
constexpr Time kScanDeadline{120'000'000};
constexpr int kScans = 2;
constexpr std::size_t kMostListed = 256u << 10;

}  // namespace

bool has_kmemleak() {
  static const bool has = base::Descriptor(open_kept(wire::kKmemleakFile, O_RDONLY)).get() >= 0;
  return has;
}

void ProgramRun::report_unreferenced() {
  // A scan takes some nine seconds of guest time, so it is made where memory is followed anyway.
  if (!program_.counts_calls || !has_kmemleak() || !has_loaded_ || timed_out_ || agent_.cancelled() || !modules_gone())
    return;
  const Time until = later(steps_ended_, kLeastAge);
  if (now() < until) agent_.report(wire::Idles{now(), until});
  while (now() < until && !agent_.cancelled()) agent_.turn(until);
  agent_.log.mark(wire::kKmemleakMark);
  for (int scan = 0; scan < kScans; ++scan) {
    const auto result = do_job(Job(Job::Kind::write, wire::kKmemleakFile, "scan"), later(now(), kScanDeadline));
    if (!result || result->died || result->error != 0) return;
  }
  FileText listed = read_file(wire::kKmemleakFile, kMostListed);
  if (listed.error != 0 || listed.content.empty()) return;
  const auto steps = static_cast<std::uint32_t>(program_.steps.size());
  agent_.report(wire::FileRead{steps, now(), wire::kKmemleakFile, 0, std::move(listed.content), listed.truncated});
}

}  // namespace kmodtest::guest
