// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "storage/output_file.hpp"

namespace kmodtest::storage {

/// A file that is written piece by piece and appears as a whole: it is written next to the old one, which it replaces
/// in commit(). Without commit(), nothing changes. Anything but a regular file is written to directly.
class WholeFile {
 public:
  /// Throws base::Error that names the file, as the other functions do.
  explicit WholeFile(std::filesystem::path path);
  ~WholeFile();
  WholeFile(const WholeFile &) = delete;
  WholeFile &operator=(const WholeFile &) = delete;

  void write(std::string_view data) { file_->write(data); }
  void commit();

 private:
  std::filesystem::path path_, partial_;  ///< `partial_` is empty if there is none
  std::optional<OutputFile> file_;
};

}  // namespace kmodtest::storage
