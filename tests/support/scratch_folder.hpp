// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>

/// Shared by the tests of several rooms: fakes, sample data, and the folders that they work in.
namespace kmodtest::support {

/// A folder that is removed after the test. Its path is short enough for sockets that lie below it, and other users
/// can reach it once it is opened to them, as QEMU has to when root runs the tests.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = "/tmp/kmodtest-test-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a folder in /tmp");
    path_ = pattern;
  }
  ScratchFolder(const ScratchFolder &) = delete;
  ScratchFolder &operator=(const ScratchFolder &) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path &path() const { return path_; }
  std::filesystem::path operator/(const std::string &name) const { return path_ / name; }

  /// Writes a file, with the folders above it, and returns its path.
  std::filesystem::path write(const std::string &name, const std::string &bytes) const {
    const auto file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
    return file;
  }

 private:
  std::filesystem::path path_;
};

/// Returns the content of a file; empty if there is no such file.
inline std::string read_file(const std::filesystem::path &file) {
  std::ostringstream content;
  content << std::ifstream(file, std::ios::binary).rdbuf();
  return content.str();
}

}  // namespace kmodtest::support
