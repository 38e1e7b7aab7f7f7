// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/live_results.hpp"

#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <utility>

#include "shards/layout.hpp"
#include "shards/manifest.hpp"

namespace kmodtest::shards {

namespace fs = std::filesystem;

bool LiveResults::complete() {
  if (complete_) return true;
  const fs::path file = folder_ / kManifestFile;
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return false;
  const Version version{status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  if (version == manifest_) return false;
  manifest_ = version;
  std::ifstream content(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(content), {}};
  const auto manifest = parse_manifest(text);
  complete_ = manifest && manifest->complete() && !manifest->interrupted;
  return complete_;
}

void LiveResults::read(const std::function<void(KeptCase)> &take) {
  std::error_code error;
  for (const auto &entry : fs::directory_iterator(folder_, error)) {
    if (!entry.path().filename().string().starts_with(kFinishedPrefix)) continue;
    Growing &file = files_[entry.path()];
    const auto size = entry.file_size(error);
    if (error || size <= file.read) continue;
    std::ifstream content(entry.path(), std::ios::binary);
    content.seekg(static_cast<std::streamoff>(file.read));
    std::string block(64 * 1024, '\0');
    while (content) {
      content.read(block.data(), static_cast<std::streamsize>(block.size()));
      const auto length = static_cast<std::size_t>(content.gcount());
      file.read += length;
      file.decoder.feed(std::string_view(block).substr(0, length));
      while (const auto record = file.decoder.next()) {
        if (record->kind != RecordKind::finished) continue;
        if (auto kept = decode_case(record->bytes)) take(std::move(*kept));
      }
    }
  }
}

}  // namespace kmodtest::shards
