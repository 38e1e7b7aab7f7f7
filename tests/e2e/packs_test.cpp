// SPDX-License-Identifier: GPL-2.0-or-later
// kmodtest run --node-cache: machines that share a folder, but not the cache.
#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "e2e/script.hpp"
#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

using ::testing::HasSubstr;

/// Returns the digest of each case of a run.
std::map<std::string, std::string> digests_of(const fs::path &events) {
  std::map<std::string, std::string> digests;
  for (const auto &one : finished_cases(events)) digests[one["id"]] = one["digest"].dump();
  return digests;
}

/// The machine is a mount namespace without a compiler, kernel headers, and the cache of this machine.
TEST(Packs, AMachineWithAnEmptyCacheAndNoCompilerHasTheSameDigests) {
  if (!may_mount()) GTEST_SKIP() << "nothing can be mounted here";
  const ScratchFolder scratch;
  const char *set = std::getenv("KMODTEST_CACHE");
  const std::string cache = set != nullptr ? set : std::string(std::getenv("HOME")) + "/.cache/kmodtest";
  const std::string machine =
      "for hidden in /usr/src /usr/lib/gcc \"$HIDDEN\"; do mount -t tmpfs none \"$hidden\" || exit 3; done; "
      "echo | gcc -x c -c -o /dev/null - 2>/dev/null && exit 4; exec sh \"$0\"";
  const fs::path here = scratch / "here.jsonl", there = scratch / "there.jsonl";
  const std::vector<std::string> run = {"run", plan_of("ex7_1"), "--cpus", "1", "--json"};
  const auto with = [&run](std::vector<std::string> more) {
    more.insert(more.begin(), run.begin(), run.end());
    return more;
  };
  const Ended local = kmodtest(with({here.string()}));
  ASSERT_EQ(local.exit_code, 0) << local.out << local.err;
  const Ended ended = kmodtest(with({there.string(), "--on", "unshare --mount sh -c '" + machine + "' {}", "--shared",
                                     (scratch / "shared").string(), "--node-cache", "$OWN/its cache"}),
                               {{"HIDDEN", cache}, {"OWN", scratch.path().string()}});
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("for the machines"));
  EXPECT_EQ(digests_of(there), digests_of(here));
  EXPECT_TRUE(fs::exists(scratch / "its cache/snapshots"));
  EXPECT_FALSE(fs::exists(scratch / "its cache/build")) << "nothing was compiled";
  EXPECT_TRUE(fs::is_empty(scratch / "shared"));
}

}  // namespace
}  // namespace kmodtest::e2e
