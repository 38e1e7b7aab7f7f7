// SPDX-License-Identifier: GPL-2.0-or-later
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>
#include <vector>

#include "base/error.hpp"
#include "storage/files.hpp"
#include "support/scratch_folder.hpp"
#include "vm/accelerator.hpp"
#include "vm/console_tail.hpp"
#include "vm/emulator.hpp"
#include "vm/libvirt/capabilities_cache.hpp"
#include "vm/libvirt/libvirt_driver.hpp"
#include "vm/libvirt/libvirt_error.hpp"

namespace kmodtest::vm {
namespace {

namespace fs = std::filesystem;

class TemporaryFile : public testing::Test {
 protected:
  const support::ScratchFolder scratch_;
  const fs::path file_ = scratch_ / "file";
  void write(const std::string &text) { std::ofstream(file_, std::ios::binary) << text; }
};

std::string refusal(const std::string &uri) {
  try {
    check_uri(uri);
  } catch (const base::UsageError &error) {
    return error.what();
  }
  return "";
}

TEST(CheckUri, KnowsTheLocalOnes) {
  EXPECT_TRUE(check_uri("qemu:///embed"));
  EXPECT_FALSE(check_uri("qemu:///session"));
  EXPECT_FALSE(check_uri("qemu:///system"));
  EXPECT_FALSE(check_uri("qemu+unix:///system?socket=/run/s"));
}

TEST(CheckUri, SaysWhatIsNotSupported) {
  EXPECT_EQ(refusal("qemu+ssh://host/system"),
            "libvirt URI 'qemu+ssh://host/system' leads to another machine, which is not supported yet");
  EXPECT_EQ(refusal("qemu+tcp:///system"),
            "libvirt URI 'qemu+tcp:///system' leads to another machine, which is not supported yet");
  EXPECT_EQ(refusal("xen:///"), "libvirt URI 'xen:///' does not lead to QEMU");
  EXPECT_EQ(refusal(""), "libvirt URI '' does not lead to QEMU");
  EXPECT_EQ(refusal("qemu:///embed?root=/x"),
            "libvirt URI 'qemu:///embed?root=/x' names a root for the embedded driver");
}

TEST(Hint, NamesThePackage) {
  EXPECT_EQ(hint_for("no connection driver available for qemu:///embed"),
            "install libvirt's QEMU driver: apt install libvirt-daemon-driver-qemu");
  EXPECT_EQ(hint_for("Cannot check QEMU binary /usr/bin/x: No such file"), "install QEMU: apt install qemu-system-x86");
  EXPECT_EQ(hint_for("something else"), "");
}

TEST(QemuVersion, IsCutOutOfWhatQemuSays) {
  EXPECT_EQ(parse_qemu_version("QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)\nCopyright (c) 2003\n"),
            "10.0.2 (Debian 1:10.0.2+ds-2)");
  EXPECT_EQ(parse_qemu_version("strange\nlines"), "strange");
  EXPECT_THROW(qemu_version("/no/such/qemu"), base::Error);
}

constexpr const char *kCapabilities = R"(<qemuCaps>
  <emulator>/usr/bin/qemu</emulator>
  <qemuctime>17</qemuctime>
  <flag name='kvm'/>
  <flag name='cpu-unavailable-features'/>
  <hostCPU type='tcg' model='base' migratability='yes'>
    <property name='cmov' type='boolean' value='true'/>
  </hostCPU>
  <cpu type='tcg' name='max' typename='max-x86_64-cpu'/>
  <cpu type='tcg' name='Skylake-Server' typename='Skylake-x86_64-cpu'>
    <blocker name='pcid'/>
  </cpu>
  <machine type='tcg' name='pc-q35-10.0' maxCpus='4096'/>
</qemuCaps>
)";

TEST(CapabilitiesCache, LeavesOutWhatCostsTimeAtEachStart) {
  const std::string kept = trimmed_capabilities(kCapabilities);
  for (const char *there : {"<qemuctime>17</", "name=\"kvm\"", "name=\"cmov\"", "name=\"max\"", "pc-q35-10.0"})
    EXPECT_NE(kept.find(there), std::string::npos) << there << kept;
  for (const char *gone : {"cpu-unavailable-features", "Skylake", "pcid"})
    EXPECT_EQ(kept.find(gone), std::string::npos) << gone << kept;
  EXPECT_EQ(trimmed_capabilities(kept), kept);
  EXPECT_EQ(trimmed_capabilities("no XML"), "");
  EXPECT_EQ(trimmed_capabilities("<other/>"), "");
}

TEST_F(TemporaryFile, WhatLibvirtKnowsIsForTheSameQemuWrapperAndUser) {
  const fs::path qemu = file_ / "qemu", emulator = file_ / "emulator", libvirts = file_ / "libvirts";
  fs::create_directories(libvirts);
  for (const fs::path &file : {qemu, emulator}) std::ofstream(file) << "#!/bin/sh\necho 'QEMU emulator version 1.2'\n";
  fs::permissions(qemu, fs::perms(0755));
  std::ofstream(libvirts / "abc.xml") << kCapabilities;
  const CapabilitiesCache cache(file_ / "cache", qemu, emulator, "nobody");
  cache.store_from(libvirts);
  cache.copy_to(file_ / "next");
  EXPECT_EQ(storage::read_whole_file(file_ / "next/abc.xml"), trimmed_capabilities(kCapabilities));
  EXPECT_EQ(CapabilitiesCache(file_ / "cache", qemu, emulator, "nobody").folder(), cache.folder());
  EXPECT_NE(CapabilitiesCache(file_ / "cache", qemu, emulator, "self").folder(), cache.folder());

  EXPECT_EQ(cache.qemu_version(), "1.2");
  EXPECT_EQ(storage::read_whole_file(cache.folder() / "qemu-version"), "1.2");
  std::ofstream(qemu) << "#!/bin/sh\necho 'QEMU emulator version 10.20'\n";
  EXPECT_EQ(cache.qemu_version(), "1.2") << "not asked again";
  EXPECT_EQ(CapabilitiesCache(file_ / "cache", qemu, emulator, "nobody").qemu_version(), "10.20") << "it was replaced";
  EXPECT_THROW(CapabilitiesCache(file_ / "cache", file_ / "none", emulator, "nobody").qemu_version(), base::Error);
}

TEST_F(TemporaryFile, QemuIsAskedOnceWhetherItHasWhatTheLibraryUses) {
  const fs::path qemu = file_ / "qemu", gate = file_ / "gate.so";
  fs::create_directories(file_);
  std::ofstream(gate) << "no library";
  const auto qemu_says = [&](const std::string &line) {
    std::ofstream(qemu) << "#!/bin/sh\necho '" << line << "'\n";
    fs::permissions(qemu, fs::perms(0755));
  };
  qemu_says("QEMU has no tlb_flush");
  EXPECT_EQ(what_qemu_lacks(qemu, gate), "QEMU has no tlb_flush");
  qemu_says("QEMU emulator version 10.0.2");
  EXPECT_EQ(what_qemu_lacks(qemu, gate), "QEMU does not load " + gate.string());
  qemu_says("kmodtest: this QEMU has everything");
  EXPECT_EQ(what_qemu_lacks(qemu, gate), "");

  const CapabilitiesCache cache(file_ / "cache", qemu, qemu, "nobody");
  EXPECT_EQ(cache.what_qemu_lacks(gate), "");
  fs::permissions(qemu, fs::perms(0));
  EXPECT_EQ(cache.what_qemu_lacks(gate), "") << "not asked again";
}

TEST_F(TemporaryFile, AConsolesTailBeginsWithAWholeLine) {
  write("first line\nsecond line\nthird");
  EXPECT_EQ(console_tail(file_), "first line\nsecond line\nthird");
  EXPECT_EQ(console_tail(file_, 10), "third");
  EXPECT_EQ(console_tail("/no/such/file"), "");
}

TEST_F(TemporaryFile, APanicIsRecognisedInTheTailOnly) {
  write("[ 1.0] Kernel panic - not syncing: Attempted to kill init!\n[ 1.1] </TASK>\n");
  EXPECT_TRUE(ended_in_panic(file_));
  write("[ 1.0] Kernel panic - not syncing: old\n" + std::string(10000, 'x') + "\nreboot: Power down\n");
  EXPECT_FALSE(ended_in_panic(file_));
}

TEST_F(TemporaryFile, AKvmAnswerIsKeptWithItsReason) {
  using Result = KvmAnswer::Result;
  EXPECT_FALSE(read_kvm_answer(file_));
  for (const KvmAnswer &answer : {KvmAnswer{.result = Result::works}, KvmAnswer{.result = Result::denied},
                                  KvmAnswer{.result = Result::no_user_space}, KvmAnswer{.result = Result::too_slow},
                                  KvmAnswer{.result = Result::qemu_ended, .said = "failed to set MSR 0x10a"},
                                  KvmAnswer{.result = Result::not_started, .said = "no room on the disk"}}) {
    write_kvm_answer(file_, answer);
    EXPECT_EQ(read_kvm_answer(file_), answer) << answer.reason();
    EXPECT_EQ(answer.works(), answer.reason().empty());
  }
}

TEST_F(TemporaryFile, ADamagedKvmAnswerIsNoneAndSoIsThatOfAnOlderVersion) {
  for (const char *text : {"", "works?\n", "qemu-ended\n", "qemu-ended\n\n", "fails\nthe user cannot open it\n"}) {
    write(text);
    EXPECT_FALSE(read_kvm_answer(file_)) << text;
  }
}

TEST(AnswerFromLibvirt, HasWhatQemuSaidFirst) {
  const auto reason_of = [](const char *said) { return answer_from_libvirt(said).reason(); };
  EXPECT_EQ(
      reason_of("cannot start guest 'kvm-probe': internal error: QEMU unexpectedly closed the monitor (vm='k-1'): "
                "2026-11-21T23:24:51.665930Z qemu-system-x86_64: error: failed to set MSR 0x10a to 0xc000069\n"
                "qemu-system-x86_64: target/i386/kvm/kvm.c:3849: kvm_buf_set_msrs: Assertion failed."),
      "/dev/kvm opens, but QEMU ends under it: failed to set MSR 0x10a to 0xc000069");
  EXPECT_EQ(reason_of("unsupported configuration: Emulator '/q' does not support virt type 'kvm'"),
            "the user that QEMU runs as cannot open /dev/kvm");
  EXPECT_EQ(reason_of("no room on the disk"), "no room on the disk");
}

TEST(KvmAnswer, OnlyWhatIsNoFaultOfAMomentLasts) {
  using Result = KvmAnswer::Result;
  for (const Result result : {Result::works, Result::denied, Result::no_user_space, Result::qemu_ended})
    EXPECT_TRUE(KvmAnswer{.result = result}.lasts());
  for (const Result result : {Result::not_started, Result::too_slow}) EXPECT_FALSE(KvmAnswer{.result = result}.lasts());
}

TEST(AcceleratorWords, NameTheAcceleratorAndWhy) {
  using Result = KvmAnswer::Result;
  EXPECT_EQ(accelerator_words(true, {}, std::nullopt), "KVM to be probed");
  EXPECT_EQ(accelerator_words(true, {}, KvmAnswer{.result = Result::works}), "KVM");
  EXPECT_EQ(accelerator_words(true, {}, KvmAnswer{.result = Result::denied}),
            "TCG (the user that QEMU runs as cannot open /dev/kvm)");
  EXPECT_EQ(accelerator_words(true, std::make_error_code(std::errc::permission_denied), std::nullopt),
            "TCG (/dev/kvm: Permission denied)");
  EXPECT_EQ(accelerator_words(false, {}, KvmAnswer{.result = Result::works}), "TCG (KVM is switched off)");
}

TEST(HostCpu, IsWhatAGuestCanNotice) {
  const std::string first =
      "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\nmodel name\t: AMD EPYC\n"
      "stepping\t: 1\nmicrocode\t: 0xa001\ncpu MHz\t\t: 2400.1\nflags\t\t: fpu avx2\n\n";
  const std::string identity = host_cpu(first + "processor\t: 1\nflags\t\t: none\n");
  EXPECT_EQ(identity,
            "vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\nstepping\t: 1\nmicrocode\t: 0xa001\n"
            "flags\t\t: fpu avx2\n");
  std::string slower = first, older = first;
  slower.replace(slower.find("2400.1"), 6, "1200.0");
  older.replace(older.find(" avx2"), 5, "");
  EXPECT_EQ(host_cpu(slower), identity);
  EXPECT_NE(host_cpu(older), identity);
}

TEST(KvmAnswerFile, BelongsToOneQemu) {
  EXPECT_NE(kvm_answer_file("/c", "10.0.2 (Debian)"), kvm_answer_file("/c", "10.0.3 (Debian)"));
  EXPECT_EQ(kvm_answer_file("/c", "10.0.2 (Debian)").parent_path(), "/c/accelerator");
}

TEST(KvmDevice, IsMissingWithAReason) {
  EXPECT_EQ(kvm_device_error("/no/such/kvm"), std::errc::no_such_file_or_directory);
  EXPECT_EQ(kvm_device_words(kvm_device_error("/no/such/kvm")), "/dev/kvm: No such file or directory");
  EXPECT_EQ(kvm_device_words(kvm_device_error("/dev/null")), "");
}

TEST(MachineWatch, ACrashStaysACrashAndIsToldOnce) {
  MachineWatch watch;
  std::vector<GuestState> told;
  watch.callback = [&](GuestState state) { told.push_back(state); };
  watch.change(GuestState::crashed);
  watch.change(GuestState::crashed);
  watch.change(GuestState::stopped);
  EXPECT_EQ(told, (std::vector<GuestState>{GuestState::crashed}));
  EXPECT_EQ(watch.state, GuestState::crashed);
}

TEST_F(TemporaryFile, AStopAfterAPanicOnTheConsoleIsACrash) {
  write("Kernel panic - not syncing: x\n");
  MachineWatch panicked;
  panicked.console = file_;
  panicked.change(GuestState::stopped);
  EXPECT_EQ(panicked.state, GuestState::crashed);
  write("reboot: Power down\n");
  MachineWatch powered_off;
  powered_off.console = file_;
  powered_off.change(GuestState::stopped);
  EXPECT_EQ(powered_off.state, GuestState::stopped);
}

TEST_F(TemporaryFile, TheWordsOfAPanicOfACaseBeforeDoNotCount) {
  write("Kernel panic - not syncing: just kidding\n");
  MachineWatch watch;
  watch.console = file_;
  watch.console_start = 41;
  watch.guest_ends_it = true;
  watch.change(GuestState::stopped);
  EXPECT_EQ(watch.state, GuestState::reset);
}

TEST(MachineWatch, AGuestThatEndsItsMachineHasResetIt) {
  MachineWatch watch;
  watch.guest_ends_it = true;
  watch.change(GuestState::stopped);
  watch.change(GuestState::stopped);
  EXPECT_EQ(watch.state, GuestState::reset);
  MachineWatch panicked;
  panicked.change(GuestState::crashed);
  panicked.guest_ends_it = true;
  panicked.change(GuestState::stopped);
  EXPECT_EQ(panicked.state, GuestState::crashed);
}

}  // namespace
}  // namespace kmodtest::vm
