// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/programs/header_numbers.hpp"

#include <cstdlib>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <linux/ioctl.h>

#include "kernel/kernel.hpp"
#include "support/error_of.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

/// A driver's header that takes a struct from a second one.
class HeaderNumbers : public ::testing::Test {
 protected:
  HeaderNumbers() {
    scratch_.write("my folder/my.h",
                   "#pragma once\n#include \"parts.h\"\n#define MY_GET _IOR(MAGIC, 1, struct part)\n"
                   "#define MY_MOST (-1)\nenum { MY_THIRD = 3 };\n");
    scratch_.write("my folder/parts.h", "#define MAGIC 'm'\nstruct part { int one; char text[20]; };\n");
    kernel_.name = "k";
    kernel_.digest = "d";
    kernel_.make_arguments = {"CC=gcc-12"};
  }

  HeaderNumber find(const std::string &expression) const {
    return number_in_header(header_, expression, kernel_, scratch_.path() / "cache");
  }
  std::uint64_t number(const std::string &expression) const { return find(expression).number; }
  /// Without any compiler, only what is kept can be found.
  [[nodiscard]] std::uint64_t number_without_compiler(const std::string &expression, const fs::path &header) const {
    const std::string path = ::getenv("PATH");
    ::setenv("PATH", "/nowhere", 1);
    HeaderNumber found;
    const std::string error =
        support::error_of([&] { found = number_in_header(header, expression, kernel_, scratch_.path() / "cache"); });
    ::setenv("PATH", path.c_str(), 1);
    EXPECT_EQ(error, "no error");
    return found.number;
  }

  const support::ScratchFolder scratch_;
  const std::string header_ = scratch_.path() / "my folder/my.h";
  Kernel kernel_;
};

TEST_F(HeaderNumbers, AreThoseOfACProgram) {
  EXPECT_EQ(number("MY_GET"), _IOR('m', 1, char[24]));
  EXPECT_EQ(number("_IOWR('k', 2, struct part)"), _IOWR('k', 2, char[24]));
  EXPECT_EQ(number("MY_MOST"), ~std::uint64_t{0});
  EXPECT_EQ(number("MY_THIRD | 8"), 11U);
  EXPECT_EQ(number_in_header("<linux/fs.h>", "BLKGETSIZE64", kernel_, scratch_.path() / "cache").number, BLKGETSIZE64);
}

TEST_F(HeaderNumbers, TakeTheKernelsOwnHeadersFirst) {
  const auto tree = scratch_.path() / "src/linux-headers-9-cloud";
  scratch_.write("src/linux-headers-9-cloud/Makefile", "include $(here)/linux-headers-9-common/Makefile\n");
  scratch_.write("src/linux-headers-9-common/include/uapi/linux/newest.h",
                 "#include <linux/compiler_types.h>\nstruct n { void __user *p; };\n#define NEWEST sizeof(struct n)\n");
  kernel_.headers = tree;
  EXPECT_EQ(number_in_header("<linux/newest.h>", "NEWEST", kernel_, scratch_.path() / "cache").number, 8U);
}

TEST_F(HeaderNumbers, AreFoundAgainWithoutACompilerAndInAnotherPlace) {
  const auto kept = find("MY_GET").kept;
  EXPECT_TRUE(fs::exists(kept));
  EXPECT_EQ(kept.parent_path(), scratch_.path() / "cache/numbers");
  fs::rename(scratch_.path() / "my folder", scratch_.path() / "moved");
  EXPECT_EQ(number_without_compiler("MY_GET", scratch_.path() / "moved/my.h"), _IOR('m', 1, char[24]));
}

TEST_F(HeaderNumbers, ChangeWithEveryHeaderThatIsRead) {
  EXPECT_EQ(number("MY_GET"), _IOR('m', 1, char[24]));
  scratch_.write("my folder/parts.h", "#define MAGIC 'n'\nstruct part { char text[2]; };\n");
  EXPECT_EQ(number("MY_GET"), _IOR('n', 1, char[2]));
}

TEST_F(HeaderNumbers, ThatAreUnknownAreRefusedInTheCompilersWords) {
  const std::string error = support::error_of([&] { number("MY_GOT"); });
  EXPECT_TRUE(error.starts_with("MY_GOT has no value with " + header_ + ": 'MY_GOT' undeclared")) << error;
  EXPECT_NE(support::error_of([&] { number("MY_GET +"); }).find("expected expression"), std::string::npos);
}

TEST_F(HeaderNumbers, LeaveNothingButTheNumberBehind) {
  number("MY_GET");
  support::error_of([&] { number("MY_GOT"); });
  for (const auto &entry : fs::directory_iterator(scratch_.path() / "cache/numbers"))
    EXPECT_TRUE(entry.path().extension() == ".json" || entry.path().extension() == ".lock") << entry.path();
}

}  // namespace
}  // namespace kmodtest::kernel
