// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/programs/packages.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/error.hpp"
#include "base/process.hpp"
#include "storage/digest.hpp"
#include "storage/files.hpp"
#include "support/recorded_notices.hpp"
#include "support/scratch_folder.hpp"
#include "unit/kernel/cpio_entries.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

// ---- scripts --------------------------------------------------------------------------------------------------------

TEST(Alternatives, AreReadAndNotRun) {
  const auto links = read_alternatives(
      "#!/bin/sh\n"
      "if [ \"$1\" = configure ]; then\n"
      "  update-alternatives \\\n"
      "    --install /usr/sbin/table table /usr/sbin/table-old 10 \\\n"
      "    --slave /usr/sbin/table-save table-save /usr/sbin/table-old-save\n"
      "  update-alternatives --quiet --install /usr/sbin/table table /usr/sbin/table-new 20 "
      "--slave /usr/sbin/table-save table-save /usr/sbin/table-new-save\n"
      "fi\n");
  ASSERT_EQ(links.size(), 2U);
  EXPECT_EQ(links.at("/usr/sbin/table").target, "/usr/sbin/table-new");
  EXPECT_EQ(links.at("/usr/sbin/table-save").target, "/usr/sbin/table-new-save");
}

TEST(Alternatives, WithWordsOfTheShellAreLeftOut) {
  EXPECT_TRUE(read_alternatives("update-alternatives --install /usr/bin/$x x /usr/bin/x-1 5\n").empty());
  EXPECT_TRUE(read_alternatives("update-alternatives --install /usr/bin/x x $(rm -rf /) 5\n").empty());
  EXPECT_TRUE(read_alternatives("update-alternatives --install /usr/bin/x x /usr/bin/x-1 high\n").empty());
  EXPECT_TRUE(read_alternatives("update-alternatives --install /usr/bin/x\n").empty());
  EXPECT_TRUE(read_alternatives("echo /usr/bin/x x /usr/bin/x-1 5\n").empty());
}

// ---- the archive ----------------------------------------------------------------------------------------------------

/// Packages that are unpacked already.
class PackageArchive : public ::testing::Test {
 protected:
  UnpackedPackage package(const std::string &name, const std::vector<std::string> &files, bool is_named) {
    for (const std::string &file : files) write(name, file, "of " + name);
    UnpackedPackage unpacked;
    unpacked.tree = folder_ / name;
    unpacked.script = folder_ / (name + ".postinst");
    unpacked.is_named = is_named;
    unpacked.package.name = name;
    return unpacked;
  }

  void write(const std::string &name, const std::string &file, const std::string &content) const {
    fs::create_directories((folder_ / name / file).parent_path());
    storage::write_whole_file(folder_ / name / file, content);
  }

  std::map<std::string, CpioEntry> archive() const {
    return cpio_entries(archive_of_packages(packages_, folder_ / "root"));
  }

  const support::ScratchFolder scratch_;
  const fs::path folder_ = scratch_.path();
  std::vector<UnpackedPackage> packages_;
};

TEST_F(PackageArchive, HasTheFilesOfPackagesAndOfWhatTheyNeed) {
  packages_.push_back(
      package("tool", {"usr/sbin/tool", "usr/share/doc/tool/copyright", "usr/share/man/man8/tool.8.gz"}, true));
  packages_.push_back(package("tool-data", {"etc/tool/table", "usr/include/tool.h", "usr/lib/libtool.a"}, false));
  fs::permissions(folder_ / "tool/usr/sbin/tool", fs::perms(0755));
  const auto files = archive();
  EXPECT_EQ(files.at("usr/sbin/tool").content, "of tool");
  EXPECT_EQ(files.at("usr/sbin/tool").mode & 07777, 0755U);
  EXPECT_EQ(files.at("etc/tool/table").content, "of tool-data");
  EXPECT_EQ(files.at("bin/tool").target, "/usr/sbin/tool") << "before a command of busybox";
  EXPECT_EQ(files.count("usr/share/doc/tool/copyright") + files.count("usr/include/tool.h"), 0U);
  EXPECT_EQ(files.at("var/run").target, "/run");
  EXPECT_TRUE(files.at("etc/passwd").content.starts_with("root:"));
}

TEST_F(PackageArchive, LeavesOutWhatEverySystemHas) {
  packages_.push_back(package("tool", {"usr/bin/tool"}, true));
  packages_.push_back(package("base-tools", {"usr/bin/base"}, false));
  packages_.back().package.is_required = true;
  packages_.push_back(package("libc6", {"usr/lib/gconv/other.so"}, false));
  EXPECT_EQ(archive().count("usr/bin/base"), 0U);
  EXPECT_EQ(archive().count("usr/lib/gconv/other.so"), 0U);
}

TEST_F(PackageArchive, HasARequiredPackageThatIsNamed) {
  packages_.push_back(package("base-tools", {"usr/bin/base"}, true));
  packages_.back().package.is_required = true;
  EXPECT_EQ(archive().count("usr/bin/base"), 1U);
}

TEST_F(PackageArchive, LeavesTheAgentItsOwnFiles) {
  packages_.push_back(
      package("shell", {"bin/sh", "bin/busybox", "sbin/modprobe", "init", "lib/modules/6.1/x.ko", "bin/dash"}, true));
  const auto files = archive();
  EXPECT_EQ(files.count("bin/dash"), 1U);
  for (const char *taken : {"bin/sh", "bin/busybox", "sbin/modprobe", "init", "lib/modules/6.1/x.ko", "bin/modprobe"})
    EXPECT_EQ(files.count(taken), 0U) << taken;
}

TEST_F(PackageArchive, HasTheLibrariesOfItsPrograms) {
  scratch_.write("one.c", "int one(void) { return 1; }\n");
  scratch_.write("main.c", "int one(void);\nint main(void) { return one(); }\n");
  packages_.push_back(package("tool", {"usr/bin/tool"}, true));
  packages_.push_back(package("libone1", {"usr/lib/x86_64-linux-gnu/libone.so.1.0"}, false));
  packages_.push_back(
      package("libc6", {"lib/x86_64-linux-gnu/libc.so.6", "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"}, false));
  const auto run = [&](const std::vector<std::string> &words) {
    EXPECT_TRUE(base::run_process(words, {.directory = folder_}).ok());
  };
  const std::string library = "libone1/usr/lib/x86_64-linux-gnu/libone.so.1.0";
  run({"gcc-12", "-shared", "-fPIC", "-nostdlib", "-o", library, "-Wl,-soname,libone.so.1", "one.c"});
  run({"gcc-12", "-o", "tool/usr/bin/tool", "main.c", library});
  for (const char *file : {"libc.so.6", "ld-linux-x86-64.so.2"})
    run({"cp", library, fmt::format("libc6/lib/x86_64-linux-gnu/{}", file)});
  fs::create_symlink("libone.so.1.0", folder_ / "libone1/usr/lib/x86_64-linux-gnu/libone.so.1");
  fs::create_directories(folder_ / "libc6/lib64");
  fs::create_symlink("/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", folder_ / "libc6/lib64/ld-linux-x86-64.so.2");
  const auto files = archive();
  EXPECT_EQ(files.at("usr/lib/x86_64-linux-gnu/libone.so.1").target, "libone.so.1.0");
  EXPECT_EQ(files.count("lib/x86_64-linux-gnu/libc.so.6"), 1U);
  EXPECT_FALSE(files.at("lib64/ld-linux-x86-64.so.2").content.empty()) << "the package's own linker";
}

TEST_F(PackageArchive, MakesTheLinksOfAlternatives) {
  packages_.push_back(package("tables", {"usr/sbin/tables-nft"}, true));
  scratch_.write("tables.postinst",
                 "update-alternatives --install /usr/sbin/tables tables /usr/sbin/tables-nft 20 "
                 "--slave /usr/sbin/other other /usr/sbin/of-another-package\n");
  const auto files = archive();
  EXPECT_EQ(files.at("usr/sbin/tables").target, "tables-nft");
  EXPECT_EQ(files.at("bin/tables").target, "/usr/sbin/tables");
  EXPECT_EQ(files.count("usr/sbin/other"), 0U);
}

TEST_F(PackageArchive, NothingLeavesTheTreeThroughALink) {
  const fs::path outside = folder_ / "outside";
  fs::create_directory(outside);
  packages_.push_back(package("a", {"usr/bin/a"}, true));
  fs::create_symlink(outside, folder_ / "a/etc");
  packages_.push_back(package("b", {"etc/b.conf"}, true));
  archive();
  EXPECT_TRUE(fs::is_empty(outside));
}

// ---- apt ------------------------------------------------------------------------------------------------------------

/// A repository of packages in a folder, from which apt-get downloads without a network.
class Packages : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!base::program_in_path("apt-get") || !base::program_in_path("dpkg-deb")) GTEST_SKIP() << "there is no apt here";
    fs::create_directories(folder_ / "repository");
    add("tool", "Depends: tool-data (>= 1)\n", "usr/bin/tool");
    add("tool-data", "", "usr/share/tool/table");
    publish();
    scratch_.write("sources.list", fmt::format("deb [trusted=yes] file:{}/repository ./\n", folder_.string()));
    scratch_.write("apt.conf",
                   fmt::format("Dir::Etc::sourcelist \"{0}/sources.list\";\nDir::Etc::sourceparts \"{0}/none\";\n"
                               "Dir::Etc::preferencesparts \"{0}/none\";\n",
                               folder_.string()));
    ::setenv("APT_CONFIG", (folder_ / "apt.conf").c_str(), 1);
  }
  void TearDown() override { ::unsetenv("APT_CONFIG"); }

  void add(const std::string &name, const std::string &relations, const std::string &file) {
    const fs::path tree = folder_ / ("build-" + name);
    const std::string control = fmt::format(
        "Package: {}\nVersion: 1:1.0-1\nArchitecture: amd64\nMaintainer: x <x@example.org>\nDescription: x\n{}", name,
        relations);
    fs::create_directories(tree / "DEBIAN");
    fs::create_directories((tree / file).parent_path());
    storage::write_whole_file(tree / "DEBIAN/control", control);
    storage::write_whole_file(tree / "DEBIAN/postinst", "#!/bin/sh\ntouch " + (folder_ / "has-run").string() + "\n");
    fs::permissions(tree / "DEBIAN/postinst", fs::perms(0755));
    storage::write_whole_file(tree / file, "of " + name);
    const fs::path package = folder_ / "repository" / (name + ".deb");
    ASSERT_TRUE(base::run_process({"dpkg-deb", "--build", "--root-owner-group", tree, package}).ok());
    index_ += fmt::format("{}Filename: ./{}.deb\nSize: {}\nSHA256: {}\n\n", control, name, fs::file_size(package),
                          storage::sha256_file(package));
  }

  void publish() const { storage::write_whole_file(folder_ / "repository/Packages", index_); }

  PackageFiles fetch(const std::vector<std::string> &names) {
    return PackageStore(folder_ / "cache", notices_).fetch(names);
  }

  /// Returns the code, the message and the hint of what a fetch throws.
  std::string problem(const std::vector<std::string> &names) {
    try {
      fetch(names);
    } catch (const base::Error &error) {
      code_ = error.code();
      return error.what();
    }
    return {};
  }

  const support::ScratchFolder scratch_;
  const fs::path folder_ = scratch_.path();
  support::RecordedNotices notices_;
  std::string index_;
  base::Code code_ = base::Code::none;
};

TEST_F(Packages, ComeWithWhatTheyDependOn) {
  const PackageFiles files = fetch({"tool"});
  const std::string archive = storage::read_whole_file(files.archive);
  EXPECT_EQ(files.bytes, archive.size());
  EXPECT_EQ(files.digest, storage::sha256(archive));
  const auto entries = cpio_entries(archive);
  EXPECT_EQ(entries.at("usr/bin/tool").content, "of tool");
  EXPECT_EQ(entries.at("usr/share/tool/table").content, "of tool-data");
  EXPECT_FALSE(fs::exists(folder_ / "has-run")) << "no script of a package runs here";
}

TEST_F(Packages, AreTakenFromTheCacheWithoutApt) {
  const PackageFiles first = fetch({"tool", "tool-data", "tool"});
  fs::remove_all(folder_ / "repository");
  const PackageFiles second = fetch({"tool-data", "tool"});
  EXPECT_EQ(second.archive, first.archive);
  EXPECT_EQ(second.digest, first.digest);
}

TEST_F(Packages, AreFetchedAgainWhenTheCacheIsDamaged) {
  const PackageFiles first = fetch({"tool"});
  storage::write_whole_file(first.archive, "short");
  EXPECT_EQ(fetch({"tool"}).digest, first.digest);
}

TEST_F(Packages, ThatAptDoesNotKnowAreNamed) {
  EXPECT_EQ(problem({"tool", "tol"}), "apt on this machine has no package 'tol'");
  EXPECT_EQ(code_, base::Code::no_such_package);
}

TEST_F(Packages, ThatCannotBeInstalledAreExplained) {
  add("broken", "Depends: missing-library\n", "usr/bin/broken");
  publish();
  EXPECT_THAT(problem({"broken"}), ::testing::HasSubstr("broken : Depends: missing-library"));
}

TEST_F(Packages, WithoutAListAreADownloadThatFailed) {
  fs::remove_all(folder_ / "repository");
  EXPECT_THAT(problem({"tool"}), ::testing::StartsWith("cannot fetch the package lists"));
  EXPECT_EQ(code_, base::Code::download_failed);
  EXPECT_TRUE(fs::is_empty(folder_ / "cache/packages")) << "nothing unfinished is left";
}

TEST_F(Packages, NeedApt) {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (folder_ / "none").c_str(), 1);
  const std::string message = problem({"tool"});
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(message, "this machine has no apt-get, which fetches packages for a guest");
  EXPECT_EQ(code_, base::Code::no_program);
}

}  // namespace
}  // namespace kmodtest::kernel
