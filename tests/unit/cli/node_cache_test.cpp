// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/node_cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/process.hpp"
#include "support/error_of.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::cli {
namespace {

using ::testing::HasSubstr;

TEST(NodeCache, IsAnAbsolutePathOnEachMachine) {
  NodeCache{""}.check();
  NodeCache{"/tmp/a cache"}.check();
  NodeCache{"$TMPDIR/cache"}.check();
  for (const char *folder : {"cache", "~/cache", "./cache"}) {
    EXPECT_THAT(support::error_of([&] { NodeCache{folder}.check(); }),
                HasSubstr("--node-cache takes an absolute path on each machine, not '" + std::string(folder) + "'"));
  }
}

TEST(NodeCache, AShellReplacesVariablesAndNothingElse) {
  const support::ScratchFolder scratch;
  const auto program = scratch.write("a program", "#!/bin/sh\necho \"$KMODTEST_CACHE|$*\"\n");
  std::filesystem::permissions(program, std::filesystem::perms(0755));
  const auto cache_of = [&](const std::string &folder) {
    const std::string words = NodeCache{folder}.enter(program, "/shared by all");
    return base::run_process({"/usr/bin/env", "DISK=/own disk", "/bin/sh", "-c", words}).out;
  };
  EXPECT_EQ(cache_of("$DISK/it's"), "/own disk/it's|unpack /shared by all/cache.tar.zst\n");
  EXPECT_EQ(cache_of("/a \"b\" `c` \\d"), "/a \"b\" `c` \\d|unpack /shared by all/cache.tar.zst\n");
}

}  // namespace
}  // namespace kmodtest::cli
