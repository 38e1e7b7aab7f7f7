// SPDX-License-Identifier: GPL-2.0-or-later
// Modules by the real Kbuild.
#include <gtest/gtest.h>

#include "base/notice_sink.hpp"
#include "e2e/tool.hpp"
#include "kernel/kernel.hpp"
#include "kernel/modules/module.hpp"
#include "storage/cache_folder.hpp"

namespace kmodtest::e2e {
namespace {

// A case's digest must not depend on which other modules were built in the same run.
TEST(Build, ModulesBuiltTogetherAreThoseThatAreBuiltAloneToTheByte) {
  kernel::KernelStore store(kernel::read_catalogue(storage::data_folder() / "kernels.yaml"), storage::cache_folder(),
                            base::ignored_notices());
  const auto kernel = store.cached(store.default_entry().name);
  ASSERT_TRUE(kernel) << "the fixture did not fetch the kernel";
  std::vector<kernel::NamedWish> wishes;
  for (const char *name : {"ex7_1", "kthread_run"})
    wishes.push_back({.wish = {.folder = source_folder() / "modules" / name}, .name = name});
  const ScratchFolder cache;
  std::vector<std::string> together;
  for (const auto &built : kernel::build_together(wishes, *kernel, cache.path())) {
    ASSERT_TRUE(built);
    together.push_back(read_file(built->modules.front()));
  }
  fs::remove_all(cache.path() / "build");
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    const auto alone = kernel::build_module(wishes[i].wish, wishes[i].name, *kernel, cache.path());
    EXPECT_TRUE(read_file(alone.ko) == together[i]) << wishes[i].name;
  }
}

}  // namespace
}  // namespace kmodtest::e2e
