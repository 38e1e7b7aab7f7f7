// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace kmodtest::storage {

/// SHA-256 (FIPS 180-4), fed in pieces.
class Sha256 {
 public:
  Sha256 &update(std::string_view bytes);
  /// Adds a text so that no other sequence of texts gives the same bytes: its length first.
  Sha256 &field(std::string_view text);
  /// Ends the message; 64 lower-case hex digits. Call it once.
  std::string hex();

 private:
  void block(const std::uint8_t *bytes);

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> pending_{};
  std::size_t pending_bytes_ = 0;
  std::uint64_t total_bytes_ = 0;
};

std::string sha256(std::string_view bytes);
/// Throws base::Error that names the file when it cannot be read.
std::string sha256_file(const std::filesystem::path &file);

}  // namespace kmodtest::storage
