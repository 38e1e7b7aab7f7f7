// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/doctor/machine.hpp"

namespace kmodtest::cli {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::uint64_t kGiB = 1u << 30;

/// Returns a machine that lacks nothing.
Machine good_machine() {
  Machine machine;
  machine.parts.value = "all parts found in /usr/libexec/kmodtest";
  machine.qemu.value = "10.0.2 (Debian 1:10.0.2+ds-2)";
  machine.libvirt.value = "qemu:///embed (libvirt 11.3.0)";
  machine.user = "me";
  machine.has_cpu_virtualisation = true;
  machine.kvm = vm::KvmAnswer{.result = vm::KvmAnswer::Result::works};
  machine.busybox.value = "/bin/busybox";
  for (const std::string &program : asked_programs()) machine.programs.insert(program);
  machine.compiler = "gcc-12";
  machine.programs.insert("gcc-12");
  machine.catalogue.value = "/usr/share/kmodtest/kernels.yaml";
  machine.kernels = {{"debian-6.1-cloud", true, "6.1.0-32-cloud-amd64", true}, {"debian-6.12-cloud", false, "", true}};
  machine.cache.value = "/home/me/.cache/kmodtest";
  machine.cache_free = 50 * kGiB;
  machine.cache_limit.value = "8 GiB";
  machine.cache_limit_bytes = 8 * kGiB;
  machine.runtime.value = "/run/user/1000/kmodtest";
  machine.runtime_free = 2 * kGiB;
  machine.memory_mib = 16'000;
  machine.cores = 4;
  return machine;
}

/// Returns "fail QEMU: words -> remedy" for the first check of a topic that is not ok; "ok" if all of them are.
std::string said_of(const Machine &machine, const std::string &topic) {
  for (const Check &check : examine(machine)) {
    if (check.topic == topic && check.mark != Mark::ok)
      return std::string(mark_name(check.mark)) + ": " + check.words + " -> " + check.remedy;
  }
  return "ok";
}

TEST(Doctor, AQemuThatCannotRestoreOnlyWhatChangedIsSlow) {
  Machine machine = good_machine();
  machine.slow_restores = "QEMU has no tlb_flush";
  EXPECT_EQ(
      said_of(machine, "restore"),
      "warn: all of a guest's memory for each case: QEMU has no tlb_flush -> "
      "Debian's QEMU 10.0 makes short cases about twice as fast, and lets kmodtest find pointers to unloaded modules");
}

TEST(Doctor, AMachineThatLacksNothingIsOk) {
  for (const Check &check : examine(good_machine())) {
    EXPECT_EQ(check.mark, Mark::ok) << check.topic << ": " << check.words;
    EXPECT_NE(check.words, "") << check.topic;
    EXPECT_EQ(check.remedy, "") << check.topic;
  }
}

TEST(Doctor, WhatIsNotOkHasARemedy) {
  Machine machine;  // has nothing
  for (Look *look : {&machine.parts, &machine.qemu, &machine.libvirt, &machine.busybox, &machine.cache,
                     &machine.runtime, &machine.catalogue})
    *look = {.problem = "it is missing", .hint = "get one"};
  machine.kvm_device = std::make_error_code(std::errc::no_such_file_or_directory);
  machine.memory_mib = 100;
  std::size_t fails = 0;
  for (const Check &check : examine(machine)) {
    if (check.mark == Mark::ok) continue;
    EXPECT_NE(check.remedy, "") << check.topic;
    if (check.mark == Mark::fail) ++fails;
  }
  EXPECT_EQ(fails, 8u);
}

TEST(Doctor, QemuHasToBeThereNewEnoughAndWhole) {
  Machine machine = good_machine();
  machine.qemu = {.problem = "QEMU is not installed: /usr/bin/qemu-system-x86_64 cannot be run", .hint = "install it"};
  EXPECT_EQ(said_of(machine, "QEMU"),
            "fail: QEMU is not installed: /usr/bin/qemu-system-x86_64 cannot be run -> "
            "sudo apt-get install qemu-system-x86 qemu-utils");
  machine.needs_backports = true;
  EXPECT_THAT(said_of(machine, "QEMU"),
              EndsWith("sudo apt-get install -t bookworm-backports qemu-system-x86 qemu-utils"));
  for (const char *old : {"7.2.11 (Debian)", "8.0.5"}) {
    machine.qemu = {.value = old};
    EXPECT_THAT(said_of(machine, "QEMU"), StartsWith("fail: ")) << old;
  }
  for (const char *fine : {"8.1.0", "8.10.0", "10.0.2"}) {
    machine.qemu = {.value = fine};
    EXPECT_EQ(said_of(machine, "QEMU"), "ok") << fine;
  }
  machine.programs.erase("qemu-img");
  EXPECT_THAT(said_of(machine, "QEMU"), HasSubstr("-> sudo apt-get install qemu-utils"));
}

TEST(Doctor, ALibvirtWithoutDriverNamesThePackage) {
  Machine machine = good_machine();
  machine.libvirt = {.problem = "cannot open it", .hint = "x", .code = base::Code::no_libvirt_driver};
  EXPECT_THAT(said_of(machine, "libvirt"), HasSubstr("-> sudo apt-get install libvirt-daemon-driver-qemu"));
  machine.libvirt = {.problem = "cannot open its driver", .hint = "try again", .code = base::Code::libvirt_failed};
  EXPECT_THAT(said_of(machine, "libvirt"), HasSubstr("-> try again"));
}

TEST(Doctor, WithoutKvmItIsAWarningThatNamesTheFix) {
  Machine machine = good_machine();
  machine.kvm.reset();
  machine.kvm_device = std::make_error_code(std::errc::permission_denied);
  EXPECT_THAT(said_of(machine, "KVM"), StartsWith("warn: /dev/kvm: Permission denied; guests are emulated"));
  EXPECT_THAT(said_of(machine, "KVM"), HasSubstr("-> sudo adduser me kvm"));
  machine.kvm_device = std::make_error_code(std::errc::no_such_file_or_directory);
  EXPECT_THAT(said_of(machine, "KVM"), HasSubstr("-> sudo modprobe"));
  machine.has_cpu_virtualisation = false;
  EXPECT_THAT(said_of(machine, "KVM"), HasSubstr("firmware"));
  machine.kvm_device.clear();
  machine.qemu_user = "libvirt-qemu";
  machine.kvm = vm::KvmAnswer{.result = vm::KvmAnswer::Result::denied};
  EXPECT_THAT(said_of(machine, "KVM"), HasSubstr("-> sudo adduser libvirt-qemu kvm"));
  machine.kvm = vm::KvmAnswer{.result = vm::KvmAnswer::Result::no_user_space};
  EXPECT_THAT(said_of(machine, "KVM"), HasSubstr("nested"));
  machine.kvm.reset();
  machine.kvm_not_probed = "the default kernel is not in the cache yet";
  EXPECT_THAT(said_of(machine, "KVM"), HasSubstr("was not tried: the default kernel is not in the cache yet"));
  for (const Check &check : examine(machine)) EXPECT_NE(check.mark, Mark::fail) << check.topic;
}

TEST(Doctor, WithoutACompilerOnlyCompiledModulesCanBeTested) {
  Machine machine = good_machine();
  machine.programs.erase("gcc-12");
  EXPECT_EQ(said_of(machine, "building"),
            "warn: gcc-12 is missing: only compiled modules (.ko) can be tested -> sudo apt-get install gcc-12");
  machine.programs.erase("make");
  EXPECT_THAT(said_of(machine, "building"), HasSubstr("-> sudo apt-get install make gcc-12"));
}

TEST(Doctor, TheDefaultKernelHasToBeThereOrToBeHad) {
  Machine machine = good_machine();
  machine.kernels[0].cached_release = "";
  EXPECT_EQ(said_of(machine, "kernel"), "ok");  // it can be fetched
  machine.programs.erase("depmod");
  EXPECT_EQ(said_of(machine, "kernel"),
            "fail: debian-6.1-cloud (default): cannot be fetched without depmod -> sudo apt-get install kmod");
  machine.programs.insert("depmod");
  machine.kernels[0].has_mirror = false;
  EXPECT_THAT(said_of(machine, "kernel"), StartsWith("fail: debian-6.1-cloud (default): apt's configuration names no"));
  machine.kernels[0].cached_release = "6.1.0";
  machine.kernels[1].has_mirror = false;
  EXPECT_THAT(said_of(machine, "kernel"), StartsWith("warn: debian-6.12-cloud: "));
  machine.catalogue = {{}, "kernels.yaml is broken", "fix it"};
  EXPECT_EQ(said_of(machine, "kernels"), "fail: kernels.yaml is broken -> fix it");
}

TEST(Doctor, TheCacheNeedsRoomForWhatIsNotThereYet) {
  Machine machine = good_machine();
  machine.cache_free = kGiB / 4;
  EXPECT_THAT(said_of(machine, "cache"), StartsWith("warn: "));
  machine.cache_free = kGiB / 2;
  EXPECT_EQ(said_of(machine, "cache"), "ok");
  machine.kernels[0].cached_release = "";
  EXPECT_THAT(said_of(machine, "cache"), StartsWith("fail: "));
  machine.cache = {{}, "cannot write to the cache folder /x", "y"};
  EXPECT_THAT(said_of(machine, "cache"), HasSubstr("-> export KMODTEST_CACHE="));
}

TEST(Doctor, GuestsNeedMemoryAndAPlaceToRun) {
  Machine machine = good_machine();
  machine.runtime_free = 100 << 20;
  EXPECT_THAT(said_of(machine, "running"), HasSubstr("-> export KMODTEST_RUNTIME="));
  machine.memory_mib = 1'500;
  EXPECT_THAT(said_of(machine, "memory"), HasSubstr("4 cores: 1 guest at once"));
  machine.memory_mib = 300;
  EXPECT_THAT(said_of(machine, "memory"), StartsWith("fail: "));
  machine.memory_mib.reset();
  EXPECT_EQ(said_of(machine, "memory"), "ok");
}

TEST(Doctor, ALineHasItsRemedyBelow) {
  const std::vector<Check> checks = {{Mark::ok, "QEMU", "10.0.2", ""}, {Mark::warn, "KVM", "not here", "do this"}};
  EXPECT_EQ(render_checks(checks, false),
            "ok    QEMU  10.0.2\nwarn  KVM   not here\n            -> do this\n\n"
            "kmodtest runs here; 1 thing could be better\n");
  EXPECT_THAT(render_checks({{Mark::fail, "QEMU", "none", "get one"}}, false),
              HasSubstr("\n1 thing to fix before kmodtest can run\n"));
  EXPECT_THAT(render_checks({{Mark::ok, "QEMU", "10", ""}}, false), HasSubstr("nothing is missing\n"));
}

TEST(Doctor, MachinesReadJson) {
  const auto json = nlohmann::json::parse(checks_json({{Mark::ok, "a", "b", ""}, {Mark::fail, "c", "d", "e"}}));
  EXPECT_EQ(json, nlohmann::json::parse(R"({"schema": "kmodtest-doctor", "version": 1, "ok": false, "checks": [
      {"mark": "ok", "topic": "a", "words": "b", "mend": null},
      {"mark": "fail", "topic": "c", "words": "d", "mend": "e"}]})"));
}

}  // namespace
}  // namespace kmodtest::cli
