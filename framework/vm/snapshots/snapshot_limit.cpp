// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdlib>
#include <fmt/format.h>

#include "base/error.hpp"
#include "text/size.hpp"
#include "vm/snapshots/snapshot_store.hpp"

namespace kmodtest::vm {
namespace {

constexpr std::uint64_t kDefaultLimit = std::uint64_t{8} << 30;

}  // namespace

std::uint64_t snapshot_limit() {
  const char *text = std::getenv("KMODTEST_CACHE_LIMIT");
  if (text == nullptr || *text == '\0') return kDefaultLimit;
  if (const auto bytes = text::size_in_bytes(text)) return *bytes;
  throw base::UsageError(base::Code::bad_environment,
                         fmt::format("KMODTEST_CACHE_LIMIT takes a size such as 4G or 500M, not '{}'", text));
}

}  // namespace kmodtest::vm
