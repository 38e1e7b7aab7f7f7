// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/boot/vmlinux.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <cstdint>
#include <cstring>
#include <elf.h>
#include <fstream>
#include <iterator>
#include <memory>
#include <string_view>
#include <system_error>
#include <unistd.h>

#include "kernel/boot/elf_file.hpp"
#include "kernel/config.hpp"

namespace kmodtest::kernel {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kSectorBytes = 512;
// Offsets in the first sectors of a bzImage.
constexpr std::size_t kSetupSectors = 0x1f1;
constexpr std::size_t kHeaderMagic = 0x202;
constexpr std::size_t kPayloadOffset = 0x248;
constexpr std::size_t kPayloadLength = 0x24c;
constexpr std::size_t kLargestVmlinux = 1u << 30;
constexpr std::uint32_t kPhys32Entry = 18;

struct CloseArchive {
  void operator()(archive *reader) const { archive_read_free(reader); }
};

/// Returns a value of the file; zero if the file ends before it.
template <class T>
T value_at(std::string_view bytes, std::uint64_t offset) {
  T value{};
  if (offset <= bytes.size() && sizeof value <= bytes.size() - offset) {
    std::memcpy(&value, bytes.data() + offset, sizeof value);
  }
  return value;
}

/// Returns up to `size` bytes; fewer if the stream is damaged.
std::string decompress(std::string_view packed, std::size_t size) {
  const std::unique_ptr<archive, CloseArchive> reader(archive_read_new());
  archive_read_support_filter_all(reader.get());
  archive_read_support_format_raw(reader.get());
  archive_entry *entry = nullptr;
  if (archive_read_open_memory(reader.get(), packed.data(), packed.size()) != ARCHIVE_OK ||
      archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK) {
    return {};
  }
  std::string out(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    const la_ssize_t got = archive_read_data(reader.get(), out.data() + filled, size - filled);
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  out.resize(filled);
  return out;
}

/// KASAN's shadow is not mapped yet when the code behind the PVH entry runs, which KASAN checks, too: the guest would
/// reset (kernel: arch/x86/platform/pvh/enlighten.c).
bool has_kasan(const Kernel &kernel) {
  const auto config = read_kernel_config(kernel);
  return config && config->value("CONFIG_KASAN");
}

std::string read_whole(const fs::path &file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

std::string extract_vmlinux(const std::string &bzimage) {
  const std::string_view image = bzimage;
  if (image.size() < kPayloadLength + 4 || image.substr(kHeaderMagic, 4) != "HdrS") return {};
  const std::size_t sectors = static_cast<unsigned char>(image[kSetupSectors]);
  const std::size_t begin =
      ((sectors == 0 ? 4 : sectors) + 1) * kSectorBytes + value_at<std::uint32_t>(image, kPayloadOffset);
  const std::size_t length = value_at<std::uint32_t>(image, kPayloadLength);
  if (length < 4 || begin > image.size() || length > image.size() - begin) return {};
  const std::string_view payload = image.substr(begin, length);
  // The payload ends with its unpacked size (in gzip's own format, and added by the kernel to the others).
  const std::size_t size = value_at<std::uint32_t>(payload, length - 4);
  if (size == 0 || size > kLargestVmlinux) return {};
  const bool is_gzip = payload.starts_with("\x1f\x8b");
  std::string elf = decompress(is_gzip ? payload : payload.substr(0, length - 4), size);
  return elf.size() == size && elf.starts_with(ELFMAG) ? elf : std::string{};
}

bool has_pvh_entry(const std::string &elf) {
  return ElfFile(elf).has_note("Xen", kPhys32Entry);
}

fs::path bootable_image_for(const Kernel &kernel, const fs::path &cache) {
  return has_kasan(kernel) ? kernel.image : uncompressed_image_for(kernel, cache);
}

fs::path uncompressed_image_for(const Kernel &kernel, const fs::path &cache) {
  if (kernel.digest.empty()) return kernel.image;
  fs::path vmlinux = cache / "vmlinux" / kernel.digest;
  std::error_code error;
  if (fs::exists(vmlinux, error)) return vmlinux;
  const std::string elf = extract_vmlinux(read_whole(kernel.image));
  if (elf.empty() || !has_pvh_entry(elf)) return kernel.image;
  // The file gets its final name only when it is complete. If it cannot be kept, the bzImage works too.
  fs::create_directories(vmlinux.parent_path(), error);
  const fs::path unfinished = vmlinux.string() + "." + std::to_string(::getpid());
  std::ofstream out(unfinished, std::ios::binary);
  out << elf;
  out.close();
  if (!out.fail()) fs::rename(unfinished, vmlinux, error);
  if (out.fail() || error) {
    fs::remove(unfinished, error);
    return kernel.image;
  }
  return vmlinux;
}

}  // namespace kmodtest::kernel
