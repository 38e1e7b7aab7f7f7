// SPDX-License-Identifier: GPL-2.0-or-later
#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>

#include "kernel/kernel.hpp"
#include "support/error_of.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::kernel {
namespace {

using support::error_of;
using support::ScratchFolder;

constexpr const char *kDep =
    "kernel/v/virtio_console.ko: kernel/v/virtio.ko kernel/v/virtio_ring.ko\n"
    "kernel/v/virtio_pci.ko: kernel/v/virtio.ko kernel/v/virtio_ring.ko\n"
    "kernel/v/virtio.ko:\n"
    "kernel/v/virtio_ring.ko: kernel/v/virtio.ko\n"
    "kernel/net/dash-name.ko.xz:\n";

std::vector<std::string> names(const std::vector<std::filesystem::path> &files) {
  std::vector<std::string> result;
  for (const auto &file : files) result.push_back(file.filename().string());
  return result;
}

TEST(ModuleFiles, ComeAfterWhatTheyNeedAndOnce) {
  const ScratchFolder folder;
  folder.write("modules.dep", kDep);
  EXPECT_THAT(names(modules_with_dependencies(folder.path(), {"virtio_pci", "virtio-console"})),
              ::testing::ElementsAre("virtio.ko", "virtio_ring.ko", "virtio_pci.ko", "virtio_console.ko"));
  EXPECT_EQ(modules_with_dependencies(folder.path(), {"dash_name"}),
            std::vector<std::filesystem::path>{folder.path() / "kernel/net/dash-name.ko.xz"});
}

TEST(ModuleFiles, BuiltInOnesAreLeftOut) {
  const ScratchFolder folder;
  folder.write("modules.dep", kDep);
  folder.write("modules.builtin", "kernel/drivers/char/built-in.ko\n");
  EXPECT_TRUE(modules_with_dependencies(folder.path(), {"built_in"}).empty());
}

TEST(ModuleFiles, AnUnknownOneIsAnError) {
  const ScratchFolder folder;
  folder.write("modules.dep", kDep);
  EXPECT_EQ(error_of([&] { modules_with_dependencies(folder.path(), {"nosuch"}); }),
            "the kernel has no module 'nosuch' (" + folder.path().string() + ") | correct the name in kernel_modules");
}

TEST(Channel, TakesModulesWhereTheKernelHasThem) {
  const ScratchFolder folder;
  Kernel kernel;
  EXPECT_FALSE(has_virtio_console(kernel));
  EXPECT_TRUE(channel_modules(kernel).empty());
  kernel.modules_dir = folder.path();
  folder.write("modules.dep", kDep);
  EXPECT_TRUE(has_virtio_console(kernel));
  EXPECT_THAT(names(channel_modules(kernel)),
              ::testing::ElementsAre("virtio.ko", "virtio_ring.ko", "virtio_pci.ko", "virtio_console.ko"));
}

TEST(Channel, BuiltInCountsToo) {
  const ScratchFolder folder;
  Kernel kernel;
  kernel.modules_dir = folder.path();
  folder.write("modules.dep", "");
  EXPECT_FALSE(has_virtio_console(kernel));
  folder.write("modules.builtin", "kernel/drivers/char/virtio_console.ko\nkernel/drivers/virtio/virtio_pci.ko\n");
  EXPECT_TRUE(has_virtio_console(kernel));
  EXPECT_TRUE(channel_modules(kernel).empty());
}

std::string compressed(const std::string &bytes, int (*add_filter)(archive *)) {
  std::string out(1 << 20, '\0');
  std::size_t used = 0;
  archive *writer = archive_write_new();
  archive_write_set_format_raw(writer);
  add_filter(writer);
  archive_write_open_memory(writer, out.data(), out.size(), &used);
  archive_entry *entry = archive_entry_new();
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_write_header(writer, entry);
  archive_write_data(writer, bytes.data(), bytes.size());
  archive_entry_free(entry);
  archive_write_close(writer);
  archive_write_free(writer);
  return out.substr(0, used);
}

TEST(ReadModule, Decompresses) {
  const ScratchFolder folder;
  std::string bytes;
  for (int i = 0; i < 50'000; ++i) bytes += std::to_string(i);
  EXPECT_EQ(read_module(folder.write("a.ko", bytes)), bytes);
  EXPECT_EQ(read_module(folder.write("a.ko.xz", compressed(bytes, archive_write_add_filter_xz))), bytes);
  EXPECT_EQ(read_module(folder.write("a.ko.gz", compressed(bytes, archive_write_add_filter_gzip))), bytes);
  EXPECT_EQ(read_module(folder.write("a.ko.zst", compressed(bytes, archive_write_add_filter_zstd))), bytes);
}

TEST(ReadModule, ATruncatedOneIsAnError) {
  const ScratchFolder folder;
  std::string bytes;
  for (int i = 0; i < 50'000; ++i) bytes += std::to_string(i);
  const auto whole = compressed(bytes, archive_write_add_filter_xz);
  const auto file = folder.write("a.ko.xz", whole.substr(0, whole.size() / 2));
  const auto message = error_of([&] { read_module(file); });
  EXPECT_THAT(message, ::testing::StartsWith("cannot decompress " + file.string() + ": "));
}

std::string bzimage(const std::string &version) {
  std::string bytes(0x1000, '\0');
  bytes.replace(0x202, 4, "HdrS");
  bytes[0x206] = 0x0f;
  bytes[0x207] = 0x02;
  bytes[0x20f] = 0x08;  // the text is at 0x200 + 0x800
  bytes[0x236] = 0x01;
  bytes.replace(0xa00, version.size(), version);
  return bytes;
}

TEST(BzImage, SaysItsRelease) {
  const ScratchFolder folder;
  const auto image = folder.write("vmlinuz", bzimage("6.1.0-50-cloud-amd64 (builder) #1 SMP"));
  EXPECT_EQ(bzimage_release(image), "6.1.0-50-cloud-amd64");
}

TEST(BzImage, OtherFilesAreErrors) {
  const ScratchFolder folder;
  const std::string hint = " | give the vmlinuz of an x86-64 Linux, such as /boot/vmlinuz-…";
  const auto file = (folder.path() / "f").string();
  folder.write("f", "text");
  EXPECT_EQ(error_of([&] { bzimage_release(file); }), file + " is not a Linux kernel image (bzImage)" + hint);
  auto old = bzimage("1");
  old[0x236] = 0;
  folder.write("f", old);
  EXPECT_EQ(error_of([&] { bzimage_release(file); }), file + " is not a kernel for x86-64" + hint);
  folder.write("f", bzimage(""));
  EXPECT_EQ(error_of([&] { bzimage_release(file); }),
            "the kernel image " + file + " does not state its release" + hint);
  folder.write("f", bzimage("6.1").substr(0, 0x800));
  EXPECT_EQ(error_of([&] { bzimage_release(file); }),
            "the kernel image " + file + " does not state its release" + hint);
}

TEST(KernelStore, TakesAPathAndItsFolders) {
  const ScratchFolder folder;
  const auto image = folder.write("vmlinuz", bzimage("6.2.0 x"));
  KernelStore store({}, folder.path(), base::ignored_notices());
  const auto kernel = store.resolve(image.string(), folder.path());
  EXPECT_EQ(kernel.release, "6.2.0");
  EXPECT_EQ(kernel.image, image);
  EXPECT_EQ(kernel.modules_dir, folder.path());
  EXPECT_TRUE(kernel.headers.empty());
  EXPECT_EQ(kernel.digest.size(), 64U);
  EXPECT_EQ(error_of([&] { store.resolve(image.string(), {}, "/nowhere/headers"); }),
            "/nowhere/headers is not a folder | correct --modules-dir or --headers");
}

}  // namespace
}  // namespace kmodtest::kernel
