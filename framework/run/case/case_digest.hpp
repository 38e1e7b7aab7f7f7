// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "judge/evidence.hpp"
#include "judge/observations.hpp"
#include "plan/plan.hpp"

namespace kmodtest::run {

/// What is known about the end of a case, for its digest.
struct DigestedEnd {
  bool answered = false;                     ///< the guest's program ended on its own
  std::optional<std::size_t> decided_after;  ///< see Conversation::decided_after
};

/// Returns how many agent messages do not depend on wall time: up to the one that decided the case, or else all of them
/// if the guest could not send any more. Nothing if we ended a guest that could.
std::optional<std::size_t> reproducible_messages(const judge::Observations &seen, const DigestedEnd &end);

struct CaseDigest {
  std::size_t messages = 0;  ///< how many of the agent's, from the first on
  std::string text;          ///< SHA-256, in hexadecimal
};

/// Returns the digest of what the guest reported, to the last microsecond, and of the outcome. Nothing if no part of it
/// is reproducible. Whether the kernel's own report of a stall or the watch on the guest comes first depends on the
/// host's speed: a case that hung has the digest of what came before both.
std::optional<CaseDigest> digest_of(const plan::Case &test_case, const judge::Observations &seen,
                                    const judge::Verdict &verdict, const DigestedEnd &end);

}  // namespace kmodtest::run
