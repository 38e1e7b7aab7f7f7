// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace kmodtest::storage {

/// SHA-256 (FIPS 180-4), fed in pieces; computed by OpenSSL's libcrypto. Throws base::Error when there is no memory.
class Sha256 {
 public:
  Sha256();
  Sha256 &update(std::string_view bytes);
  /// Adds a text, preceded by its length, so that no other sequence of texts gives the same bytes.
  Sha256 &field(std::string_view text);
  /// Ends the message and returns 64 lower-case hex digits. Must be called only once.
  std::string hex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st *context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

std::string sha256(std::string_view bytes);
/// Returns the SHA-256 of a file. Throws base::Error that names the file if it cannot be read.
std::string sha256_file(const std::filesystem::path &file);

}  // namespace kmodtest::storage
