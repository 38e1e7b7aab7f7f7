// SPDX-License-Identifier: GPL-2.0-or-later
#include "storage/digest.hpp"

#include <array>
#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/error.hpp"
#include "storage/files.hpp"

namespace kmodtest::storage {
namespace {

void check_digest(bool done) {
  if (!done) throw base::Error(base::Code::out_of_memory, "no memory for a SHA-256 digest", "end other programs");
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st *context) const {
  EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  check_digest(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

Sha256 &Sha256::update(std::string_view bytes) {
  check_digest(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
  return *this;
}

Sha256 &Sha256::field(std::string_view text) {
  return update(fmt::format("{}:", text.size())).update(text);
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned bytes = 0;
  check_digest(EVP_DigestFinal_ex(context_.get(), sum.data(), &bytes) == 1);
  std::string digits;
  for (unsigned i = 0; i < bytes; ++i) digits += fmt::format("{:02x}", sum[i]);
  return digits;
}

std::string sha256(std::string_view bytes) {
  return Sha256().update(bytes).hex();
}

std::string sha256_file(const std::filesystem::path &file) {
  return sha256(read_whole_file(file));
}

}  // namespace kmodtest::storage
