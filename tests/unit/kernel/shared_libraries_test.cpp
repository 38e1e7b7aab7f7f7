// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/programs/shared_libraries.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/process.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

/// A program with a library of its own in a folder next to it.
class SharedLibraries : public ::testing::Test {
 protected:
  SharedLibraries() {
    scratch_.write("one.c", "int one(void) { return 1; }\n");
    scratch_.write("main.c", "int one(void);\nint main(void) { return one(); }\n");
    fs::create_directory(folder_ / "private");
    run({"gcc-12", "-shared", "-fPIC", "-o", "private/libone.so.1", "-Wl,-soname,libone.so.1", "one.c"});
    run({"gcc-12", "-o", "program", "main.c", "private/libone.so.1", "-Wl,-rpath,$ORIGIN/private"});
  }

  void run(const std::vector<std::string> &words) const {
    base::ProcessOptions options;
    options.directory = folder_;
    EXPECT_TRUE(base::run_process(words, options).ok());
  }

  const support::ScratchFolder scratch_;
  const fs::path folder_ = scratch_.path();
};

TEST_F(SharedLibraries, AreFoundWithoutRunningTheProgram) {
  const auto found = needed_libraries(folder_ / "program");
  ASSERT_EQ(found.size(), 3U) << "the linker, the own library, the C library";
  EXPECT_EQ(found[0].path, "/lib64/ld-linux-x86-64.so.2");
  EXPECT_EQ(found[1].file, folder_ / "private/libone.so.1");
  EXPECT_EQ(fs::path(found[1].path).parent_path(), fs::path(found[2].path).parent_path())
      << "where the guest's linker looks without a cache";
  EXPECT_EQ(fs::path(found[2].path).filename(), "libc.so.6");
  EXPECT_TRUE(needed_libraries(folder_ / "main.c").empty());
}

TEST_F(SharedLibraries, ThatAreMissingAreNamed) {
  fs::remove(folder_ / "private/libone.so.1");
  try {
    needed_libraries(folder_ / "program");
    FAIL();
  } catch (const base::UsageError &error) {
    EXPECT_STREQ(error.what(), "program needs the library libone.so.1, which is not on this machine");
    EXPECT_EQ(error.hint(), "install it, or link program statically");
  }
}

TEST_F(SharedLibraries, CanBeThoseOfAnotherRoot) {
  EXPECT_THROW(needed_libraries(folder_ / "program", folder_ / "private"), base::UsageError) << "it has no linker";
}

}  // namespace
}  // namespace kmodtest::kernel
