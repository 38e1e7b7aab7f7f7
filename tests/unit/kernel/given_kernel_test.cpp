// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/catalogue/given_kernel.hpp"

#include <filesystem>
#include <gtest/gtest.h>

#include "base/process.hpp"
#include "kernel/catalogue/build_tools.hpp"
#include "kernel/catalogue/unpacked_tree.hpp"
#include "storage/files.hpp"
#include "support/error_of.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;
using support::error_of;
using support::ScratchFolder;
using Kind = GivenKernel::Kind;

TEST(GivenKernel, AWordIsANameOfTheCatalogue) {
  EXPECT_FALSE(look_at("debian-6.1-cloud").has_value());
  EXPECT_EQ(look_at("host")->kind, Kind::host);
  EXPECT_EQ(look_at("./bzImage")->kind, Kind::image);
}

TEST(GivenKernel, AFolderIsRecognisedByWhatItHas) {
  const ScratchFolder built, unpacked, packages;
  built.write("arch/x86/boot/bzImage", "");
  EXPECT_EQ(look_at(built.path())->kind, Kind::tree);
  unpacked.write("boot/vmlinuz-6.1", "");
  EXPECT_EQ(look_at(unpacked.path())->kind, Kind::unpacked);
  for (const char *name : {"linux-image-6.1_1_amd64.deb", "linux-headers-6.1_1_amd64.deb",
                           "linux-image-6.1-dbg_1_amd64.deb", "bash_5_amd64.deb", "notes.txt"})
    packages.write(name, "");
  EXPECT_EQ(look_at(packages.path())->kind, Kind::packages);
  const auto one = look_at(packages.path() / "linux-image-6.1_1_amd64.deb");
  EXPECT_EQ(one->kind, Kind::packages);
  EXPECT_EQ(one->packages, (std::vector<fs::path>{packages.path() / "linux-headers-6.1_1_amd64.deb",
                                                  packages.path() / "linux-image-6.1_1_amd64.deb"}));
}

TEST(GivenKernel, AFolderWithoutAKernelSaysWhatWouldHelp) {
  const ScratchFolder source, empty;
  source.write("Kconfig", "");
  EXPECT_EQ(error_of([&] { look_at(source.path()); }),
            "the kernel in " + source.path().string() +
                " is not built: arch/x86/boot/bzImage is missing | build it: make -C " + source.path().string() +
                " -j$(nproc) bzImage modules");
  EXPECT_NE(error_of([&] { look_at(empty.path()); }).find("there is no kernel in the folder"), std::string::npos);
}

TEST(GivenKernel, ItsOriginChangesWithItsFiles) {
  const ScratchFolder built;
  built.write("arch/x86/boot/bzImage", "old");
  const std::string before = origin_of(*look_at(built.path()));
  EXPECT_EQ(before, origin_of(*look_at(built.path())));
  built.write("arch/x86/boot/bzImage", "newer");
  EXPECT_NE(before, origin_of(*look_at(built.path())));
}

// What Debian's packages have in absolute paths.
TEST(UnpackedTree, NamesNothingOutsideOfItself) {
  const ScratchFolder tree;
  tree.write("usr/src/linux-headers-7-amd64/Makefile",
             "KBUILD_OUTPUT=/usr/src/linux-headers-7-amd64\ninclude /usr/src/linux-headers-7-common/Makefile\n");
  tree.write("usr/src/linux-headers-7-common/Makefile", "all:\n");
  tree.write("usr/lib/modules/7-amd64/modules.order", "");
  fs::create_symlink("/usr/src/linux-headers-7-amd64", tree.path() / "usr/lib/modules/7-amd64/build");
  make_relocatable(tree.path());
  make_relocatable(tree.path());
  EXPECT_EQ(storage::read_whole_file(tree.path() / "usr/src/linux-headers-7-amd64/Makefile"),
            "kmodtest-here := $(realpath $(dir $(lastword $(MAKEFILE_LIST)))..)\n"
            "KBUILD_OUTPUT=$(kmodtest-here)/linux-headers-7-amd64\n"
            "include $(kmodtest-here)/linux-headers-7-common/Makefile\n");
  EXPECT_EQ(fs::read_symlink(tree.path() / "usr/lib/modules/7-amd64/build"), "../../../src/linux-headers-7-amd64");
  EXPECT_TRUE(fs::exists(tree.path() / "lib/modules/7-amd64/modules.order"));
}

TEST(BuildTools, AProgramThatStartsHereNeedsNoLibraries) {
  const ScratchFolder tree;
  const fs::path tools = tree.path() / "usr/lib/linux-kbuild-7/scripts";
  fs::create_directories(tools);
  fs::copy_file("/bin/true", tools / "modpost");
  tree.write("usr/lib/linux-kbuild-7/scripts/script.sh", "#!/bin/sh\n");
  EXPECT_TRUE(programs_without_libraries(tree.path()).empty());
}

TEST(BuildTools, AProgramIsStartedWithItsOwnLibraries) {
  const ScratchFolder tree, libraries;
  const fs::path tools = tree.path() / "usr/lib/linux-kbuild-7/scripts";
  fs::create_directories(tools);
  fs::copy_file("/bin/echo", tools / "modpost");
  const fs::path own = libraries.path() / "usr/lib/x86_64-linux-gnu";
  fs::create_directories(own);
  for (const char *name : {"ld-linux-x86-64.so.2", "libc.so.6"})
    fs::copy_file(fs::canonical(fs::path("/lib/x86_64-linux-gnu") / name), own / name);
  use_own_libraries(tree.path(), {tools / "modpost"}, libraries.path());
  const ScratchFolder elsewhere;
  fs::rename(tree.path() / "usr", elsewhere.path() / "usr");
  const auto started = base::run_process({elsewhere.path() / "usr/lib/linux-kbuild-7/scripts/modpost", "it", "starts"});
  EXPECT_EQ(started.out, "it starts\n") << started.err;
}

}  // namespace
}  // namespace kmodtest::kernel
