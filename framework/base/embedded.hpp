// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace kmodtest::base {

/// A text file of the source tree that is a part of the program (cmake/Embed.cmake).
struct EmbeddedFile {
  std::string_view path;  ///< below the folder that was embedded: "K0601.md"
  std::string_view text;
};

using EmbeddedFiles = std::span<const EmbeddedFile>;

/// Returns the text of one file. Throws std::logic_error when the build embedded no such file.
inline std::string_view embedded_text(EmbeddedFiles files, std::string_view path) {
  for (const EmbeddedFile &file : files) {
    if (file.path == path) return file.text;
  }
  throw std::logic_error("no file " + std::string(path) + " is embedded");
}

}  // namespace kmodtest::base
