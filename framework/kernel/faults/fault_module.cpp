// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/faults/fault_module.hpp"

#include <string>

#include "base/embedded.hpp"
#include "storage/digest.hpp"
#include "storage/files.hpp"
#include "wire/faults.hpp"

namespace kmodtest::kernel {

/// The files of guest/kernel/faults (CMakeLists.txt).
base::EmbeddedFiles fault_module_files();

namespace fs = std::filesystem;

fs::path fault_module_folder(const fs::path &cache) {
  constexpr std::size_t kDigits = 12;
  storage::Sha256 digest;
  for (const auto &file : fault_module_files()) digest.field(file.path).field(file.text);
  const std::string key = digest.hex().substr(0, kDigits);
  fs::path folder = cache / "faults" / key / wire::kFaultModule;
  storage::make_folder(folder);
  storage::make_folder(cache / "locks");
  // A build copies the folder, so it must not begin while another thread or process still writes files there.
  const storage::FileLock lock(cache / "locks" / ("faults-" + key + ".lock"));
  for (const auto &file : fault_module_files()) {
    std::error_code error;
    const fs::path at = folder / file.path;
    if (!fs::exists(at, error)) storage::write_whole_file(at, file.text);
  }
  return folder;
}

}  // namespace kmodtest::kernel
