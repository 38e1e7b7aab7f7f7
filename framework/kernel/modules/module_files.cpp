// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include "base/error.hpp"
#include "kernel/kernel.hpp"
#include "storage/files.hpp"
#include "text/module_name.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

/// Returns "virtio_console" for "kernel/drivers/char/virtio-console.ko.xz".
std::string module_name(const std::string &path) {
  const auto name = fs::path(path).filename().string();
  return text::lsmod_name(name.substr(0, name.find(".ko")));
}

/// modules.dep and modules.builtin of one kernel (modules.dep(5)).
class ModuleIndex {
 public:
  explicit ModuleIndex(const fs::path &folder) : folder_(folder) {
    std::istringstream lines(storage::read_whole_file(folder / "modules.dep"));
    for (std::string line; std::getline(lines, line);) {
      const auto colon = line.find(':');
      if (colon == std::string::npos) continue;
      Line entry{line.substr(0, colon), {}};
      std::istringstream words(line.substr(colon + 1));
      for (std::string word; words >> word;) entry.needs.push_back(module_name(word));
      lines_.emplace(module_name(entry.file), std::move(entry));
    }
    std::error_code error;
    if (!fs::exists(folder / "modules.builtin", error)) return;
    std::istringstream builtin(storage::read_whole_file(folder / "modules.builtin"));
    for (std::string line; std::getline(builtin, line);) {
      if (!line.empty()) builtin_.insert(module_name(line));
    }
  }

  bool loadable(const std::string &name) const { return lines_.contains(module_name(name)); }
  bool builtin(const std::string &name) const { return builtin_.contains(module_name(name)); }

  /// Adds a module after everything that it needs; each only once.
  void add(const std::string &name, std::vector<fs::path> &order, std::set<std::string> &done) const {
    if (builtin(name) || !done.insert(module_name(name)).second) return;
    const auto line = lines_.find(module_name(name));
    if (line == lines_.end()) {
      throw base::UsageError(base::Code::no_kernel_module,
                             fmt::format("the kernel has no module '{}' ({})", name, folder_.string()),
                             "correct the name in kernel_modules");
    }
    // In modules.dep, the module to load first comes last.
    for (auto need = line->second.needs.rbegin(); need != line->second.needs.rend(); ++need) add(*need, order, done);
    order.push_back(folder_ / line->second.file);
  }

 private:
  struct Line {
    std::string file;
    std::vector<std::string> needs;
  };
  fs::path folder_;
  std::map<std::string, Line> lines_;
  std::set<std::string> builtin_;
};

}  // namespace

std::vector<fs::path> modules_with_dependencies(const fs::path &modules_dir, const std::vector<std::string> &names) {
  const ModuleIndex index(modules_dir);
  std::vector<fs::path> order;
  std::set<std::string> done;
  for (const auto &name : names) index.add(name, order, done);
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
  const ModuleIndex index(kernel.modules_dir);
  std::vector<std::string> names;
  for (const char *name : {"virtio_pci", "virtio_console"}) {
    if (index.loadable(name)) names.emplace_back(name);
  }
  return modules_with_dependencies(kernel.modules_dir, names);
}

std::vector<fs::path> machine_modules(const Kernel &kernel) {
  if (kernel.modules_dir.empty()) return {};
  const ModuleIndex index(kernel.modules_dir);
  std::vector<std::string> names;
  // Since 5.14 "pvpanic" is only the common part of the drivers for the ISA and the PCI device.
  for (const char *name : {"pvpanic_mmio", "pvpanic"}) {
    if (names.empty() && index.loadable(name)) names.emplace_back(name);
  }
  // Gives QEMU the kernel's details that a dump of the guest's memory must contain.
  if (index.loadable("qemu_fw_cfg")) names.emplace_back("qemu_fw_cfg");
  return modules_with_dependencies(kernel.modules_dir, names);
}

bool has_virtio_console(const Kernel &kernel) {
  if (kernel.modules_dir.empty()) return false;
  const ModuleIndex index(kernel.modules_dir);
  const auto has = [&](const char *name) { return index.loadable(name) || index.builtin(name); };
  return has("virtio_console") && has("virtio_pci");
}

}  // namespace kmodtest::kernel
