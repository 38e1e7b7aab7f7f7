// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "outcome/event.hpp"

namespace kmodtest::shards {

/// A case of a split, as results list it for a merge that lacks its result.
struct ListedCase {
  std::uint64_t number = 0;  ///< place in the order of the plans
  plan::Case test_case;      ///< what a reader needs if the case has no result: id, plan, point, guest
  std::uint32_t shard = 1;   ///< counts from 1; 0: not known
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
