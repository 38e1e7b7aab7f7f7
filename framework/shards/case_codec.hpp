// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "outcome/event.hpp"

namespace kmodtest::shards {

/// A line of the list of all cases of a split.
struct ListedCase {
  plan::Case test_case;     ///< what a reader needs if the case has no result: id, plan, point, guest
  std::uint32_t shard = 1;  ///< counts from 1
  std::string history_key;  ///< the name of the case in the history
};

/// A finished case in results.
struct KeptCase {
  std::string history_key;
  outcome::CaseFinished finished;  ///< `number` counts the cases of all shards; folders are relative to the results
};

/// Return the bytes of a case in results.
std::string encode(const KeptCase &kept);
std::string encode(const ListedCase &listed);

/// Returns nothing if the bytes are not what encode() returns in this version.
std::optional<KeptCase> decode_case(std::string_view bytes);
std::optional<ListedCase> decode_listed(std::string_view bytes);

}  // namespace kmodtest::shards
