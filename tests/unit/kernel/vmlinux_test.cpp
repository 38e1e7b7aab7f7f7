// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/boot/vmlinux.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <cstdint>
#include <cstring>
#include <elf.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <string>

#include "support/scratch_folder.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

template <class T>
void put(std::string &bytes, std::size_t offset, const T &value) {
  if (bytes.size() < offset + sizeof value) bytes.resize(offset + sizeof value);
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

/// Returns an ELF file with one note segment.
std::string elf_with_note(const char *name, std::uint32_t type) {
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
  segment.p_type = PT_NOTE;
  segment.p_offset = sizeof header + sizeof segment;
  segment.p_filesz = 2 * (sizeof(Elf64_Nhdr) + 4 + 8);
  std::string elf;
  put(elf, 0, header);
  put(elf, sizeof header, segment);
  const auto add_note = [&elf](const char *its_name, std::uint32_t its_type) {
    put(elf, elf.size(), Elf64_Nhdr{4, 8, its_type});
    elf.append(its_name, 4);
    elf.append(8, 'd');
  };
  add_note("GNU", 18);
  add_note(name, type);
  return elf;
}

/// Packs a payload like the kernel's build: gzip (which ends with the size), or xz with the size appended.
std::string pack(const std::string &content, bool xz) {
  std::string packed(content.size() + 65536, '\0');
  std::size_t used = 0;
  archive *writer = archive_write_new();
  xz ? archive_write_add_filter_xz(writer) : archive_write_add_filter_gzip(writer);
  archive_write_set_format_raw(writer);
  archive_write_set_bytes_per_block(writer, 0);
  archive_write_open_memory(writer, packed.data(), packed.size(), &used);
  archive_entry *entry = archive_entry_new();
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_write_header(writer, entry);
  archive_write_data(writer, content.data(), content.size());
  archive_entry_free(entry);
  archive_write_close(writer);
  archive_write_free(writer);
  packed.resize(used);
  if (xz) put(packed, packed.size(), static_cast<std::uint32_t>(content.size()));
  return packed;
}

std::string packed_kernel(const std::string &payload) {
  std::string image((2 + 1) * 512 + 100, '\0');
  image[0x1f1] = 2;
  image.replace(0x202, 4, "HdrS");
  put(image, 0x248, std::uint32_t{100});
  put(image, 0x24c, static_cast<std::uint32_t>(payload.size()));
  return image + payload;
}

TEST(ExtractVmlinux, UnpacksEitherFormat) {
  const std::string elf = elf_with_note("Xen", 18);
  EXPECT_EQ(extract_vmlinux(packed_kernel(pack(elf, false))), elf);
  EXPECT_EQ(extract_vmlinux(packed_kernel(pack(elf, true))), elf);
}

TEST(ExtractVmlinux, GivesNothingRatherThanAPart) {
  const std::string elf = elf_with_note("Xen", 18);
  std::string cut = packed_kernel(pack(elf, true));
  cut.resize(cut.size() - 10);
  EXPECT_EQ(extract_vmlinux(cut), "");
  std::string wrong_size = packed_kernel(pack(elf, true));
  put(wrong_size, wrong_size.size() - 4, static_cast<std::uint32_t>(elf.size() + 1));
  EXPECT_EQ(extract_vmlinux(wrong_size), "");
  EXPECT_EQ(extract_vmlinux(packed_kernel(pack("no ELF at all", true))), "");
  EXPECT_EQ(extract_vmlinux(packed_kernel("not packed")), "");
  EXPECT_EQ(extract_vmlinux(""), "");
  EXPECT_EQ(extract_vmlinux(std::string(4096, 'x')), "");
}

TEST(HasPvhEntry, LooksForXensNote) {
  EXPECT_TRUE(has_pvh_entry(elf_with_note("Xen", 18)));
  EXPECT_FALSE(has_pvh_entry(elf_with_note("Xen", 6)));
  EXPECT_FALSE(has_pvh_entry(elf_with_note("GNU", 18)));
  EXPECT_FALSE(has_pvh_entry(elf_with_note("Xen", 18).substr(0, 130)));
  EXPECT_FALSE(has_pvh_entry(""));
}

class BootableImage : public testing::Test {
 protected:
  Kernel kernel(const std::string &image) const {
    Kernel made;
    made.image = scratch_.write("bzImage", image);
    made.digest = "d1";
    return made;
  }
  const support::ScratchFolder scratch_;
  const fs::path cache_ = scratch_.path();
};

TEST_F(BootableImage, IsTheVmlinuxAndIsKept) {
  const Kernel made = kernel(packed_kernel(pack(elf_with_note("Xen", 18), false)));
  const fs::path first = bootable_image_for(made, cache_);
  EXPECT_EQ(first, cache_ / "vmlinux/d1");
  fs::remove(made.image);
  EXPECT_EQ(bootable_image_for(made, cache_), first);
}

TEST_F(BootableImage, IsTheBzImageWhereNothingElseWouldBoot) {
  const Kernel without_pvh = kernel(packed_kernel(pack(elf_with_note("GNU", 18), false)));
  EXPECT_EQ(bootable_image_for(without_pvh, cache_), without_pvh.image);
  const Kernel strange = kernel("strange");
  EXPECT_EQ(bootable_image_for(strange, cache_), strange.image);
}

TEST_F(BootableImage, IsTheBzImageOfAKernelWithKasan) {
  Kernel made = kernel(packed_kernel(pack(elf_with_note("Xen", 18), false)));
  made.release = "6.1.0-debug";
  scratch_.write("config-6.1.0-debug", "CONFIG_KASAN=y\n");
  EXPECT_EQ(bootable_image_for(made, cache_), made.image);
  EXPECT_EQ(uncompressed_image_for(made, cache_), cache_ / "vmlinux/d1");
}

}  // namespace
}  // namespace kmodtest::kernel
