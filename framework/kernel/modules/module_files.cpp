// SPDX-License-Identifier: GPL-2.0-or-later
#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <memory>
#include <set>

#include "base/error.hpp"
#include "kernel/kernel.hpp"
#include "kernel/modules/module_index.hpp"
#include "storage/files.hpp"

namespace kmodtest::kernel {
namespace fs = std::filesystem;

std::vector<fs::path> modules_with_dependencies(const fs::path &modules_dir, const std::vector<std::string> &names) {
  const auto index = module_index(modules_dir);
  std::vector<fs::path> order;
  std::set<std::string> done;
  for (const auto &name : names) index->add(name, order, done);
  return order;
}

std::string read_module(const fs::path &file) {
  const auto extension = file.extension();
  auto bytes = storage::read_whole_file(file);
  if (extension != ".xz" && extension != ".zst" && extension != ".gz") return bytes;
  const std::unique_ptr<archive, decltype(&archive_read_free)> reader(archive_read_new(), archive_read_free);
  archive_read_support_filter_all(reader.get());
  archive_read_support_format_raw(reader.get());
  archive_entry *entry = nullptr;
  const auto fail = [&] {
    const char *reason = archive_error_string(reader.get());
    throw base::Error(base::Code::cannot_decompress,
                      fmt::format("cannot decompress {}: {}", file.string(), reason != nullptr ? reason : "no data"),
                      "fetch the kernel, or install its modules, again");
  };
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK ||
      archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK) {
    fail();
  }
  std::string result;
  std::string buffer(1 << 16, '\0');
  for (;;) {
    const auto count = archive_read_data(reader.get(), buffer.data(), buffer.size());
    if (count < 0) fail();
    if (count == 0) return result;
    result.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

std::vector<fs::path> channel_modules(const Kernel &kernel) {
  if (kernel.modules_dir.empty()) return {};
  const auto index = module_index(kernel.modules_dir);
  std::vector<std::string> names;
  for (const char *name : {"virtio_pci", "virtio_console"}) {
    if (index->loadable(name)) names.emplace_back(name);
  }
  return modules_with_dependencies(kernel.modules_dir, names);
}

std::vector<fs::path> machine_modules(const Kernel &kernel) {
  if (kernel.modules_dir.empty()) return {};
  const auto index = module_index(kernel.modules_dir);
  std::vector<std::string> names;
  // Since 5.14 "pvpanic" is only the common part of the drivers for the ISA and the PCI device.
  for (const char *name : {"pvpanic_mmio", "pvpanic"}) {
    if (names.empty() && index->loadable(name)) names.emplace_back(name);
  }
  // Gives QEMU the kernel's details that a dump of the guest's memory must contain.
  if (index->loadable("qemu_fw_cfg")) names.emplace_back("qemu_fw_cfg");
  return modules_with_dependencies(kernel.modules_dir, names);
}

bool has_virtio_console(const Kernel &kernel) {
  if (kernel.modules_dir.empty()) return false;
  const auto index = module_index(kernel.modules_dir);
  const auto has = [&](const char *name) { return index->loadable(name) || index->builtin(name); };
  return has("virtio_console") && has("virtio_pci");
}

}  // namespace kmodtest::kernel
