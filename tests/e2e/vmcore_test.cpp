// SPDX-License-Identifier: GPL-2.0-or-later
// Dumps of guests that crashed or hung. Source: makedumpfile, diskdump_mod.h and IMPLEMENTATION.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <gtest/gtest.h>
#include <set>
#include <sys/mount.h>
#include <unistd.h>

#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

constexpr std::size_t kBlockSizeAt = 8 + 4 + 6 * 65 + 22 + 4;  // signature, version, utsname, time, status
constexpr std::size_t kVmcoreinfoAt = 32;                      // in the second block: offset and size

template <class Value>
Value value_at(const std::string &bytes, std::size_t at) {
  Value value{};
  if (at + sizeof value <= bytes.size()) std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

/// Returns the text that the kernel left for readers of a dump.
std::string vmcoreinfo(const std::string &dump) {
  const auto block = value_at<std::uint32_t>(dump, kBlockSizeAt);
  const auto at = value_at<std::uint64_t>(dump, block + kVmcoreinfoAt);
  const auto size = value_at<std::uint64_t>(dump, block + kVmcoreinfoAt + 8);
  return at < dump.size() ? dump.substr(at, size) : "";
}

class Vmcore : public ::testing::Test {
 protected:
  Ended run(const std::string &plan, const std::vector<std::string> &more = {}) {
    std::vector<std::string> arguments{"run",      test_plan(plan), "--modules", faulty_modules(),
                                       "--vmcore", "--out",         out_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Tool tool(arguments);
    const Ended ended = tool.wait();
    EXPECT_TRUE(tool.guests_gone(std::chrono::milliseconds(2000)));
    return ended;
  }
  std::set<std::string> found() const {
    std::set<std::string> names;
    for (const auto &entry : fs::recursive_directory_iterator(out_)) {
      const std::string name = entry.path().lexically_relative(out_);
      if (name.find("vmcore") != std::string::npos) names.insert(name);
    }
    return names;
  }

  ScratchFolder scratch_;
  const fs::path out_ = scratch_.path() / "out";
};

TEST_F(Vmcore, OfACrashIsCompressedAndSaysOfWhichKernel) {
  const Ended ended = run("panics_in_init");
  SCOPED_TRACE(ended.out + ended.err);
  ASSERT_EQ(found(), std::set<std::string>{"panics_in_init_cpus=2/vmcore"});
  const std::string dump = read_file(out_ / *found().begin());
  EXPECT_TRUE(dump.starts_with("KDUMP   "));
  EXPECT_LT(dump.size(), 128u << 20) << "of 256 MiB";
  const std::string info = vmcoreinfo(dump);
  EXPECT_TRUE(info.starts_with("OSRELEASE=")) << info;
  EXPECT_NE(info.find("\nSYMBOL(init_uts_ns)="), std::string::npos) << info;
  EXPECT_NE(ended.out.find("vmcore: " + (out_ / *found().begin()).string()), std::string::npos);
}

TEST_F(Vmcore, OfAHangIsKeptAsWell) {
  const Ended ended = run("hangs_recursive");
  SCOPED_TRACE(ended.out + ended.err);
  ASSERT_EQ(found(), std::set<std::string>{"hangs_recursive_cpus=1/vmcore"});
  EXPECT_TRUE(vmcoreinfo(read_file(out_ / *found().begin())).starts_with("OSRELEASE="));
}

TEST_F(Vmcore, OfWhatOnlyFailsIsNone) {
  const Ended ended = run("wrong_line");
  SCOPED_TRACE(ended.out + ended.err);
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_EQ(found(), std::set<std::string>{});
}

TEST_F(Vmcore, WithoutAFolderIsInThatOfTheFailedCase) {
  Tool tool(
      {"run", test_plan("panics_in_init"), test_plan("panics_as_expected"), "--modules", faulty_modules(), "--vmcore"});
  const Ended ended = tool.wait();
  SCOPED_TRACE(ended.out + ended.err);
  EXPECT_EQ(ended.exit_code, 1);
  const std::size_t said = ended.out.find("vmcore: ");
  ASSERT_NE(said, std::string::npos);
  const fs::path file = ended.out.substr(said + 8, ended.out.find('\n', said) - said - 8);
  EXPECT_EQ(file.parent_path().filename(), "panics_in_init_cpus=2");
  EXPECT_TRUE(vmcoreinfo(read_file(file)).starts_with("OSRELEASE="));
  std::set<std::string> names;
  for (const auto &entry : fs::directory_iterator(file.parent_path().parent_path()))
    names.insert(entry.path().filename());
  EXPECT_EQ(names, (std::set<std::string>{".kmodtest-run", "panics_in_init_cpus=2"})) << "the other case passed";
  fs::remove_all(file.parent_path().parent_path());
}

/// Uses a file system of its own that is too small for a dump, unmounted with the object.
TEST_F(Vmcore, ThatFindsNoRoomLeavesNothing) {
  if (!may_mount()) GTEST_SKIP() << "a small file system has to be mounted";
  const fs::path small = scratch_.path() / "small";
  fs::create_directory(small);
  ASSERT_EQ(::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=4m"), 0);
  Tool tool({"run", test_plan("panics_in_init"), "--modules", faulty_modules(), "--vmcore", "--out", small / "out"});
  const Ended ended = tool.wait();
  std::set<std::string> names;
  for (const auto &entry : fs::recursive_directory_iterator(small)) names.insert(entry.path().filename());
  ::umount(small.c_str());
  SCOPED_TRACE(ended.out + ended.err);
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_NE(ended.out.find("vmcore: none: cannot dump the guest's memory: "), std::string::npos);
  EXPECT_NE(ended.out.find(" (the disk is full)\n"), std::string::npos);
  EXPECT_TRUE(names.contains("verdict.txt"));
  EXPECT_TRUE(std::none_of(names.begin(), names.end(),
                           [](const std::string &name) { return name.find("vmcore") != std::string::npos; }));
}

TEST_F(Vmcore, ThatIsInterruptedLeavesNothing) {
  Tool tool({"run", test_plan("panics_in_init"), "--modules", faulty_modules(), "--vmcore", "--out", out_});
  // The folder for a dump exists from the dump's beginning.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  const auto is_dumping = [this] {
    std::error_code ignored;
    for (const auto &entry : fs::directory_iterator(out_, ignored)) {
      if (entry.path().filename().string().starts_with(".partial-vmcore-")) return true;
    }
    return false;
  };
  while (!is_dumping() && std::chrono::steady_clock::now() < deadline) ::usleep(1000);
  ASSERT_TRUE(is_dumping());
  tool.signal(SIGINT);
  const Ended ended = tool.wait();
  SCOPED_TRACE(ended.out + ended.err);
  EXPECT_EQ(ended.exit_code, 130);
  EXPECT_TRUE(tool.guests_gone(std::chrono::milliseconds(2000)));
  EXPECT_EQ(found(), std::set<std::string>{});
}

}  // namespace
}  // namespace kmodtest::e2e
