// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/html/packed.hpp"

#include <cstddef>
#include <limits>
#include <zlib.h>

#include "base/error.hpp"
#include "storage/digest.hpp"

namespace kmodtest::report::html {

namespace {

unsigned digit(char hex) {
  return static_cast<unsigned>(hex <= '9' ? hex - '0' : hex - 'a' + 10);
}

}  // namespace

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t there = std::min<std::size_t>(3, bytes.size() - at);
    unsigned group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (i < there ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) text += i <= there ? kDigits[group >> (18 - 6 * i) & 63U] : '=';
  }
  return text;
}

std::string packed(std::string_view bytes) {
  z_stream stream{};
  constexpr int kRaw = -15, kMemory = 8;  // no header; zlib's own default
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRaw, kMemory, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw base::Error(base::Code::out_of_memory, "cannot compress the data of the page: zlib has no memory",
                      "end other programs, or leave out --html");
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  // zlib does not write to its input; its interface is older than const.
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data()));
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max()));
  stream.next_out = reinterpret_cast<Bytef *>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END)
    throw base::Error(base::Code::out_of_memory, "cannot compress the data of the page",
                      "leave out --html, and please report this");
  return base64(out);
}

std::string policy_hash(std::string_view content) {
  const std::string hex = storage::sha256(content);
  std::string bytes;
  for (std::size_t at = 0; at + 1 < hex.size(); at += 2) {
    bytes += static_cast<char>(digit(hex[at]) << 4 | digit(hex[at + 1]));
  }
  return "'sha256-" + base64(bytes) + "'";
}

}  // namespace kmodtest::report::html
