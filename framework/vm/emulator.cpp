// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/emulator.hpp"

#include <fmt/format.h>
#include <string_view>
#include <unistd.h>
#include <vector>

#include "base/error.hpp"
#include "base/own_file.hpp"
#include "base/process.hpp"
#include "wire/emulator_library.hpp"

namespace kmodtest::vm {
namespace fs = std::filesystem;

namespace {

/// Returns a file that comes with this program: next to it, or where it is installed.
fs::path part_of_kmodtest(const char *name, int access) {
  const fs::path here = base::own_file().parent_path();
  std::vector<fs::path> folders = base::installed_folders("libexec/kmodtest");
  folders.insert(folders.begin(), here);
  folders.emplace_back(KMODTEST_LIBEXEC);
  for (const fs::path &folder : folders) {
    if (::access((folder / name).c_str(), access) == 0) return folder / name;
  }
  throw base::Error(base::Code::missing_part, fmt::format("{} not found next to {}", name, here.string()),
                    "build or install kmodtest as a whole");
}

/// Runs qemu-img with these arguments. Throws base::Error.
void make_image(const fs::path &file, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "qemu-img");
  const base::ProcessResult result = base::run_process(arguments);
  if (!result.ok()) {
    throw base::Error(base::Code::bad_runtime_folder,
                      fmt::format("cannot make the image {}: {}", file.string(), result.err),
                      "free some space, or set KMODTEST_RUNTIME to a folder on another disk");
  }
}

}  // namespace

fs::path qemu_path() {
  fs::path qemu = KMODTEST_QEMU;
  if (::access(qemu.c_str(), X_OK) != 0) {
    throw base::Error(base::Code::no_qemu, fmt::format("QEMU is not installed: {} cannot be run", qemu.string()),
                      "install it: apt install qemu-system-x86");
  }
  return qemu;
}

std::string parse_qemu_version(const std::string &output) {
  const std::string line = output.substr(0, output.find('\n'));
  constexpr std::string_view kBefore = "version ";
  const auto found = line.find(kBefore);
  return found == std::string::npos ? line : line.substr(found + kBefore.size());
}

std::string qemu_version(const fs::path &qemu) {
  const base::ProcessResult result = base::run_process({qemu.string(), "--version"});
  if (!result.ok() || result.out.empty()) {
    const std::string said = result.err.empty() ? result.out : result.err;
    throw base::Error(base::Code::qemu_broken,
                      fmt::format("{} --version failed: {}", qemu.string(), said.substr(0, said.find('\n'))),
                      "reinstall it: apt install --reinstall qemu-system-x86");
  }
  return parse_qemu_version(result.out);
}

void make_state_image(const fs::path &file) {
  // A state is stored after the disk and can be larger; an image in it cannot. Nothing is allocated.
  make_image(file, {"create", "-q", "-f", "qcow2", file.string(), "64G"});
}

void make_disk_image(const fs::path &file, std::uint64_t bytes) {
  make_image(file, {"create", "-q", "-f", "qcow2", file.string(), std::to_string(bytes)});
  make_image(file, {"snapshot", "-q", "-c", kStateName, file.string()});
}

fs::path emulator_wrapper() {
  return part_of_kmodtest(KMODTEST_EMULATOR_NAME, X_OK);
}

fs::path main_loop_gate_library() {
  return part_of_kmodtest(KMODTEST_GATE_NAME, R_OK);
}

std::string what_qemu_lacks(const fs::path &qemu, const fs::path &gate) {
  base::ProcessOptions options;
  options.environment = {{"LD_PRELOAD", gate.string()}, {wire::kSelfTest, "1"}};
  const base::ProcessResult result = base::run_process({qemu.string(), "--version"}, options);
  const std::string said = result.out.substr(0, result.out.find('\n'));
  if (said == wire::kSelfTestPassed) return {};
  // Without the library QEMU prints its version.
  return said.starts_with("QEMU has no ") ? said : "QEMU does not load " + gate.string();
}

}  // namespace kmodtest::vm
