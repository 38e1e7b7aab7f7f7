// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <string>

#include "base/environment.hpp"
#include "base/error.hpp"
#include "text/size.hpp"
#include "vm/snapshots/snapshot_store.hpp"

namespace kmodtest::vm {
namespace {

constexpr std::uint64_t kDefaultLimit = std::uint64_t{8} << 30;

}  // namespace

std::uint64_t snapshot_limit() {
  const std::string text = base::variable("KMODTEST_CACHE_LIMIT");
  if (text.empty()) return kDefaultLimit;
  if (const auto bytes = text::size_in_bytes(text)) return *bytes;
  throw base::UsageError(base::Code::bad_environment,
                         fmt::format("KMODTEST_CACHE_LIMIT takes a size such as 4G or 500M, not '{}'", text));
}

}  // namespace kmodtest::vm
