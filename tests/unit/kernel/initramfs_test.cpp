// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/boot/initramfs.hpp"

#include <cstring>
#include <elf.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "storage/files.hpp"
#include "support/error_of.hpp"
#include "support/scratch_folder.hpp"
#include "unit/kernel/cpio_entries.hpp"

namespace kmodtest::kernel {
namespace {

using support::error_of;
using support::ScratchFolder;

/// Returns the smallest file that counts as a program: an ELF header, one program header, and words to recognise it by.
std::string program(std::uint32_t segment_type, const std::string &words) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_version = EV_CURRENT;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phoff = sizeof header;
  header.e_phnum = 1;
  Elf64_Phdr segment{};
  segment.p_type = segment_type;
  std::string bytes(sizeof header + sizeof segment, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + sizeof header, &segment, sizeof segment);
  return bytes + words;
}

class Initramfs : public ::testing::Test {
 protected:
  InitramfsInputs inputs() {
    return {folder_.write("agent", program(PT_LOAD, "agent")),
            folder_.write("busybox", program(PT_LOAD, "busybox")),
            {folder_.write("m/second.ko", "module two"), folder_.write("m/first.ko", "module one")},
            {folder_.write("m/panic.ko", "module three")}};
  }
  ScratchFolder folder_;
};

TEST_F(Initramfs, HasWhatTheGuestNeeds) {
  const auto entries = cpio_entries(make_initramfs(inputs()));
  EXPECT_EQ(entries.at("init").mode, S_IFREG | 0755U);
  EXPECT_EQ(entries.at("init").content, program(PT_LOAD, "agent"));
  EXPECT_EQ(entries.at("bin/busybox").content, program(PT_LOAD, "busybox"));
  EXPECT_EQ(entries.at("bin/sh").target, "busybox");
  EXPECT_TRUE(entries.contains("sbin/modprobe"));
  EXPECT_EQ(entries.at("lib/modules").target, "/tmp/modules/requestable");
  for (const char *folder : {"bin", "dev", "etc", "lib", "modules", "proc", "sbin", "sys", "tmp"}) {
    EXPECT_EQ(entries.at(folder).mode, S_IFDIR | 0755U) << folder;
  }
  EXPECT_EQ(entries.at("dev/console").mode & S_IFMT, static_cast<unsigned>(S_IFCHR));
  EXPECT_EQ(entries.at("dev/console").device_major, 5U);
  EXPECT_EQ(entries.at("dev/console").device_minor, 1U);
  EXPECT_EQ(entries.at("dev/null").device_major, 1U);
  EXPECT_EQ(entries.at("dev/null").device_minor, 3U);
  EXPECT_EQ(entries.at("modules/second.ko").content, "module two");
  EXPECT_EQ(entries.at("modules/virtio").content, "/modules/second.ko\n/modules/first.ko\n");
  EXPECT_EQ(entries.at("modules/always").content, "/modules/panic.ko\n");
  for (const auto &[name, entry] : entries) {
    EXPECT_EQ(entry.mtime, 0) << name;
    EXPECT_EQ(entry.owner, 0) << name;
  }
}

TEST_F(Initramfs, IsTheSameForTheSameInputs) {
  EXPECT_EQ(make_initramfs(inputs()), make_initramfs(inputs()));
}

TEST_F(Initramfs, IsWrittenToAFile) {
  const auto file = folder_.path() / "out.cpio";
  write_initramfs(inputs(), file);
  EXPECT_EQ(storage::read_whole_file(file), make_initramfs(inputs()));
}

TEST_F(Initramfs, RefusesProgramsThatNeedALinker) {
  auto wrong = inputs();
  folder_.write("busybox", program(PT_INTERP, ""));
  EXPECT_EQ(error_of([&] { make_initramfs(wrong); }),
            wrong.busybox.string() + " is not a static program | install the package busybox-static");
  folder_.write("agent", "#!/bin/sh\n");
  EXPECT_EQ(
      error_of([&] { make_initramfs(wrong); }),
      wrong.agent.string() + " is not a 64-bit program | build kmodtest again: its agent has to be linked statically");
}

}  // namespace
}  // namespace kmodtest::kernel
