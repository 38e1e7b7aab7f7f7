// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/synchronisation/sync_functions.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "wire/race_memory.hpp"

namespace kmodtest::kernel {
namespace {

TEST(SyncFunctions, EachSymbolIsThereOnce) {
  std::set<std::string_view> symbols;
  for (const SyncFunction &function : sync_functions())
    EXPECT_TRUE(symbols.insert(function.symbol).second) << function.symbol;
}

TEST(SyncFunctions, LocksHaveAName) {
  for (const SyncFunction &function : sync_functions()) {
    const bool lock = function.role == SyncRole::locks || function.role == SyncRole::unlocks;
    EXPECT_EQ(lock, !function.lock.empty()) << function.symbol;
  }
}

TEST(SyncFunctions, ThoseThatAreAlwaysNotedHaveRoom) {
  const auto noted = std::count_if(sync_functions().begin(), sync_functions().end(), [](const SyncFunction &function) {
    return function.role == SyncRole::locks || function.role == SyncRole::unlocks ||
           function.role == SyncRole::allocates;
  });
  EXPECT_LE(noted, static_cast<std::ptrdiff_t>(wire::kMostNotedFunctions));
}

TEST(SyncFunctions, AKernelsOnesAreFoundByTheirAddresses) {
  const SymbolTable symbols({{.address = 0xffffffff81a00010, .type = 'T', .name = "mutex_lock"},
                             {.address = 0xffffffff81a00100, .type = 'T', .name = "another"}});
  const auto found = sync_functions_of(symbols);
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found.begin()->first, 0x81a00010u);
  EXPECT_EQ(found.begin()->second->symbol, "mutex_lock");
}

}  // namespace
}  // namespace kmodtest::kernel
