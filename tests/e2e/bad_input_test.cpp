// SPDX-License-Identifier: GPL-2.0-or-later
// Bad input ends in one clear error that names the cause and how to fix it.
#include <fstream>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

constexpr const char *kSmallModule =
    "#include <linux/module.h>\n"
    "static int __init small_init(void) { pr_info(\"small\\n\"); return 0; }\n"
    "static void __exit small_exit(void) { }\n"
    "module_init(small_init);\nmodule_exit(small_exit);\nMODULE_LICENSE(\"GPL\");\n";

/// A folder with a plan and the module `small` next to it.
class BadInput : public ::testing::Test {
 protected:
  fs::path plan(const std::string &text) const { return scratch_.write("plan.yaml", text); }
  void add_small_module(const std::string &source = kSmallModule) const {
    scratch_.write("small/small.c", source);
    scratch_.write("small/Kbuild", "obj-m := small.o\n");
  }
  /// Returns a .ko of the module `small` for the default kernel, from the build cache of a real run.
  fs::path built_ko() const {
    add_small_module();
    const fs::path out = scratch_.path() / "cache-probe.yaml";
    scratch_.write("cache-probe.yaml", "module: small\nsteps: [load]\n");
    const Ended built = kmodtest({"run", out, "--cpus", "1"});
    EXPECT_EQ(built.exit_code, 0) << built.out << built.err;
    const char *cache = std::getenv("KMODTEST_CACHE");
    const char *home = std::getenv("HOME");
    const fs::path root = cache ? fs::path(cache) : fs::path(home ? home : "/root") / ".cache/kmodtest";
    fs::path newest;
    for (const auto &entry : fs::recursive_directory_iterator(root, fs::directory_options::skip_permission_denied)) {
      if (entry.path().filename() != "small.ko") continue;
      if (newest.empty() || fs::last_write_time(entry.path()) > fs::last_write_time(newest)) newest = entry.path();
    }
    EXPECT_FALSE(newest.empty());
    return newest;
  }

  ScratchFolder scratch_;
};

TEST_F(BadInput, EveryErrorOfAPlanIsNamedAtOnceWithItsPlace) {
  add_small_module();
  const Ended ended = kmodtest({"run", plan("module: small\nguest: {cpus: 99, memroy: 1G}\nsteps:\n  - laod\n")});
  EXPECT_EQ(ended.exit_code, 2);
  for (const char *word : {"plan.yaml:2:", "99", "memroy", "memory", "plan.yaml:4:", "laod", "load", "^"}) {
    EXPECT_NE(ended.err.find(word), std::string::npos) << "no '" << word << "' in: " << ended.err;
  }
}

TEST_F(BadInput, AKernelThatDoesNotExistIsWrongUsage) {
  add_small_module();
  const fs::path file = plan("module: small\nsteps: [load]\n");
  const Ended unknown = kmodtest({"run", file, "--kernel", "debian-4.19"});
  EXPECT_EQ(unknown.exit_code, 2) << unknown.out;
  EXPECT_NE(unknown.err.find("there is no kernel 'debian-4.19'"), std::string::npos) << unknown.err;
  const Ended program = kmodtest({"run", file, "--kernel", "/bin/ls"});
  EXPECT_EQ(program.exit_code, 2) << program.out;
  EXPECT_NE(program.err.find("/bin/ls is not a Linux kernel image"), std::string::npos) << program.err;
  EXPECT_EQ(kmodtest({"run", plan("module: small\nkernel: debian-4.19\nsteps: [load]\n")}).exit_code, 2);
}

TEST_F(BadInput, AKernelThatIsBuiltHereHasToBeBuiltFirst) {
  add_small_module();
  const ScratchFolder cache;
  const Tool::Environment empty{{"KMODTEST_CACHE", cache.path()}};
  const std::string error = "error[K0415]: the kernel 'debug' is not built on this machine";
  const fs::path file = plan("module: small\nkernel: [debian-6.1-cloud, debug]\nsteps: [load]\n");
  for (const auto &words :
       {std::vector<std::string>{"run", file}, {"run", file, "--kernel", "debug"}, {"kernels", "fetch", "debug"}}) {
    const Ended ended = kmodtest(words, empty);
    EXPECT_EQ(ended.exit_code, 2) << ended.out << ended.err;
    EXPECT_NE(ended.err.find(error), std::string::npos) << ended.err;
    EXPECT_NE(ended.err.find("kmodtest kernels build debug"), std::string::npos) << ended.err;
  }
  const Ended fetched = kmodtest({"kernels", "build", "debian-6.1-cloud"}, empty);
  EXPECT_EQ(fetched.exit_code, 2);
  EXPECT_NE(fetched.err.find("is fetched from a mirror, not built"), std::string::npos) << fetched.err;
  // Nothing is fetched if the build cannot work.
  const Ended lacks = kmodtest({"kernels", "build", "debug"}, {{"KMODTEST_CACHE", cache.path()}, {"PATH", "/none"}});
  EXPECT_EQ(lacks.exit_code, 3);
  EXPECT_NE(lacks.err.find("error[K0416]: cannot build the kernel 'debug': this machine lacks make, gcc"),
            std::string::npos)
      << lacks.err;
  EXPECT_NE(lacks.err.find("apt install make gcc"), std::string::npos) << lacks.err;
  EXPECT_FALSE(fs::exists(cache.path() / "kernel-builds"));
}

TEST_F(BadInput, AModuleThatDoesNotBuildShowsTheCompilersWords) {
  add_small_module("#include <linux/module.h>\nint broken( {\n");
  const Ended ended = kmodtest({"run", plan("module: small\nsteps: [load]\n")});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("small.c:2"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("error:"), std::string::npos) << ended.out;
}

TEST_F(BadInput, ATruncatedModuleIsRefusedBeforeAnythingBoots) {
  const fs::path ko = built_ko();
  ASSERT_FALSE(ko.empty());
  const std::string whole = read_file(ko);
  scratch_.write("cut.ko", whole.substr(0, whole.size() / 2));
  Tool tool({"run", scratch_.path() / "cut.ko"});
  const Ended ended = tool.wait();
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("truncated"), std::string::npos) << ended.out;
}

TEST_F(BadInput, AForeignModuleIsRefusedBeforeAnythingBoots) {
  const fs::path ko = built_ko();
  ASSERT_FALSE(ko.empty());
  std::string foreign = read_file(ko);
  foreign[18] = static_cast<char>(183);  // e_machine: AArch64
  scratch_.write("foreign.ko", foreign);
  const Ended ended = kmodtest({"run", scratch_.path() / "foreign.ko"});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("foreign.ko"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("x86-64"), std::string::npos) << ended.out;
}

TEST_F(BadInput, AModuleOfAnotherKernelIsRefusedBeforeAnythingBoots) {
  const fs::path ko = built_ko();
  ASSERT_FALSE(ko.empty());
  std::string other = read_file(ko);
  const auto at = other.find("vermagic=6.1.");
  ASSERT_NE(at, std::string::npos);
  other[at + 9] = '4';  // vermagic=4.1.…
  const auto flags = other.find(" SMP", at);
  ASSERT_NE(flags, std::string::npos);
  other[flags + 1] = 'U';  // with modversions only the text after the release has to match
  scratch_.write("small.ko", other);
  const Ended ended = kmodtest({"run", scratch_.path() / "small.ko"});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("vermagic"), std::string::npos) << ended.out;
}

TEST_F(BadInput, AMissingFileIsNamed) {
  const Ended ended = kmodtest({"run", "/nowhere/plan.yaml"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_EQ(ended.err,
            "kmodtest: error[K0105]: there is no file or folder /nowhere/plan.yaml\n"
            "  hint: name a plan (.yaml), a folder of plans, or a module (.ko or a folder with a Kbuild)\n"
            "  more: kmodtest explain K0105\n");
}

TEST_F(BadInput, NothingSelectedHasItsOwnExitCode) {
  add_small_module();
  const Ended ended = kmodtest({"run", plan("module: small\nsteps: [load]\n"), "--filter", "no such case"});
  EXPECT_EQ(ended.exit_code, 4);
  EXPECT_EQ(ended.err,
            "kmodtest: error[K0108]: no case is selected\n  hint: kmodtest list shows the cases of a plan\n"
            "  more: kmodtest explain K0108\n");
}

TEST_F(BadInput, NoQemuNamesThePackage) {
  if (!may_mount()) GTEST_SKIP() << "only who may mount can hide a file from a process";
  add_small_module();
  const fs::path qemu = "/usr/bin/qemu-system-x86_64";
  const Ended ended = Tool({"run", plan("module: small\nsteps: [load]\n")}, {}, {}, qemu).wait();
  EXPECT_EQ(ended.exit_code, 3) << ended.out << ended.err;
  EXPECT_EQ(ended.err,
            "kmodtest: error[K0601]: QEMU is not installed: /usr/bin/qemu-system-x86_64 cannot be run\n"
            "  hint: install it: apt install qemu-system-x86\n"
            "  more: kmodtest explain K0601\n");
}

TEST_F(BadInput, NoLibvirtDriverNamesThePackage) {
  add_small_module();
  const Ended ended = kmodtest({"run", plan("module: small\nsteps: [load]\n")}, {{"LIBVIRT_DRIVER_DIR", "/nowhere"}});
  EXPECT_EQ(ended.exit_code, 3) << ended.out << ended.err;
  EXPECT_NE(ended.err.find("libvirt-daemon-driver-qemu"), std::string::npos) << ended.err;
}

TEST_F(BadInput, NoKernelAndNoNetworkIsOneError) {
  add_small_module();
  const fs::path apt = scratch_.write("apt.conf",
                                      "Acquire::http::Proxy \"http://127.0.0.1:9/\";\n"
                                      "Acquire::https::Proxy \"http://127.0.0.1:9/\";\nAcquire::Retries \"0\";\n");
  const Ended ended = kmodtest({"run", plan("module: small\nguest: {cpus: [1, 2]}\nsteps: [load]\n")},
                               {{"KMODTEST_CACHE", scratch_.path() / "cache"}, {"APT_CONFIG", apt}});
  EXPECT_EQ(ended.exit_code, 3) << ended.out << ended.err;
  EXPECT_NE(ended.err.find("kmodtest: error["), std::string::npos) << ended.err;
  EXPECT_EQ(ended.err.find("kmodtest: error["), ended.err.rfind("kmodtest: error[")) << ended.err;
  EXPECT_NE(ended.err.find("debian-6.1-cloud"), std::string::npos) << ended.err;
}

TEST_F(BadInput, AnUnwritableCacheIsNamed) {
  add_small_module();
  const Ended ended =
      kmodtest({"run", plan("module: small\nsteps: [load]\n")}, {{"KMODTEST_CACHE", "/proc/kmodtest-cache"}});
  EXPECT_EQ(ended.exit_code, 3) << ended.out << ended.err;
  EXPECT_NE(ended.err.find("/proc/kmodtest-cache"), std::string::npos) << ended.err;
}

TEST_F(BadInput, AFullDiskUnderTheCacheIsOneError) {
  if (!may_mount()) GTEST_SKIP() << "a small file system has to be mounted";
  add_small_module();
  const fs::path small = scratch_.path() / "small-disk";
  fs::create_directory(small);
  ASSERT_EQ(::mount("none", small.c_str(), "tmpfs", 0, "size=8m"), 0);
  const Ended ended = kmodtest({"run", plan("module: small\nsteps: [load]\n")}, {{"KMODTEST_CACHE", small / "cache"}});
  EXPECT_EQ(::umount2(small.c_str(), MNT_DETACH), 0);
  EXPECT_EQ(ended.exit_code, 3) << ended.out << ended.err;
  EXPECT_NE(ended.err.find("kmodtest: error["), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("space"), std::string::npos) << ended.err;
}

TEST_F(BadInput, AFullDiskUnderAReportIsAnErrorAndNoGuestIsLeft) {
  add_small_module();
  Tool tool({"run", plan("module: small\nguest: {cpus: [1, 2]}\nsteps: [load]\n"), "--json", "/dev/full"});
  const Ended ended = tool.wait();
  EXPECT_EQ(ended.exit_code, 3) << ended.out << ended.err;
  EXPECT_NE(ended.err.find("/dev/full"), std::string::npos) << ended.err;
  EXPECT_TRUE(tool.guests_gone(std::chrono::milliseconds(2000)));
}

TEST_F(BadInput, AGuestThatPanicsAtBootShowsItsLastWords) {
  add_small_module();
  Tool tool({"run", plan("module: small\nguest: {append: rdinit=/dev/null init=/dev/null}\nsteps: [load]\n")});
  const Ended ended = tool.wait();
  EXPECT_EQ(ended.exit_code, 3) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("Kernel panic"), std::string::npos) << ended.out;
  EXPECT_TRUE(tool.guests_gone(std::chrono::milliseconds(2000)));
}

TEST_F(BadInput, AGuestThatNeverComesUpEndsWithItsDeadline) {
  add_small_module();
  const Ended ended =
      kmodtest({"run", plan("module: small\nsteps: [load]\n"), "--no-snapshot", "--boot-timeout", "0.3"});
  EXPECT_EQ(ended.exit_code, 3) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("READY"), std::string::npos) << ended.out;
}

}  // namespace
}  // namespace kmodtest::e2e
