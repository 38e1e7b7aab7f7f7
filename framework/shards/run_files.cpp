// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/run_files.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "base/write_error.hpp"
#include "shards/archive.hpp"
#include "shards/layout.hpp"
#include "storage/files.hpp"

namespace kmodtest::shards {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPart = 256 * 1024;

/// Returns whether a file is replaced as a whole, and so read as a whole.
bool is_replaced(const std::string &name) {
  const fs::path file = fs::path(name).filename();
  return file == kManifestFile || file == kListFile;
}

void check_name(const std::string &name) {
  const fs::path path = name;
  const bool leads_out = std::any_of(path.begin(), path.end(), [](const fs::path &part) { return part == ".."; });
  if (!name.empty() && !path.is_absolute() && !leads_out) return;
  throw base::Error(base::Code::host_lost, fmt::format("it sends a file with the name '{}'", name));
}

[[noreturn]] void fail_to_write_part(const fs::path &file, int error) {
  throw base::Error(base::code_of_write(error),
                    fmt::format("cannot write '{}': {}", file.string(), base::reason_of_write(error)),
                    "free some space there");
}

}  // namespace

std::string results_name(int shard) {
  return fmt::format("shard-{}", shard);
}
std::string log_name(int shard) {
  return fmt::format("shard-{}.log", shard);
}
std::string script_name(int shard) {
  return fmt::format("shard-{}.sh", shard);
}

void write_part(const fs::path &folder, const HostMessage &message) {
  check_name(message.name);
  const fs::path file = folder / message.name;
  storage::make_folder(file.parent_path());
  if (is_replaced(message.name) && message.offset == 0 && message.bytes.size() == message.number)
    return storage::write_whole_file(file, message.bytes);
  const base::Descriptor output(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!output) fail_to_write_part(file, errno);
  if (message.offset == 0 && ::ftruncate(output.get(), 0) != 0) fail_to_write_part(file, errno);
  for (std::size_t at = 0; at < message.bytes.size();) {
    const ssize_t done = ::pwrite(output.get(), message.bytes.data() + at, message.bytes.size() - at,
                                  static_cast<off_t>(message.offset + at));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail_to_write_part(file, errno);
    at += static_cast<std::size_t>(done);
  }
  ::fchmod(output.get(), message.mode & 0777U);
}

void FileSender::send_whole(const fs::path &file, const std::string &name) {
  std::ifstream content(file, std::ios::binary);
  struct stat facts {};
  if (!content || ::stat(file.c_str(), &facts) != 0)
    throw base::Error(base::Code::cannot_read, fmt::format("cannot read '{}'", file.string()));
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  HostMessage message{.kind = HostMessage::Kind::file, .name = name, .number = size, .mode = facts.st_mode & 0777U};
  std::string block(kPart, '\0');
  do {
    content.read(block.data(), static_cast<std::streamsize>(block.size()));
    message.bytes = block.substr(0, static_cast<std::size_t>(content.gcount()));
    send_(message);
    message.offset += message.bytes.size();
  } while (content && message.offset < size);
}

void FileSender::send_growth(const std::string &name) {
  std::ifstream content(folder_ / name, std::ios::binary);
  const auto known = sent_.find(name);
  std::uint64_t at = known == sent_.end() ? 0 : known->second;
  content.seekg(static_cast<std::streamoff>(at));
  std::string block(kPart, '\0');
  bool first = known == sent_.end();
  while (content) {
    content.read(block.data(), static_cast<std::streamsize>(block.size()));
    const std::string bytes = block.substr(0, static_cast<std::size_t>(content.gcount()));
    if (bytes.empty() && !first) break;
    first = false;
    send_({.kind = HostMessage::Kind::file, .name = name, .number = at + bytes.size(), .offset = at, .bytes = bytes});
    at += bytes.size();
  }
  sent_[name] = at;
}

void FileSender::send_text(const std::string &name, const std::string &text) {
  std::string &sent = texts_[name];
  if (text.empty() || sent == text) return;
  send_({.kind = HostMessage::Kind::file, .name = name, .number = text.size(), .bytes = text});
  sent = text;
}

void FileSender::send_news_of(int shard) {
  const std::string results = results_name(shard);
  const fs::path manifest = folder_ / results / kManifestFile;
  std::error_code none;
  // Read first: what it counts is in the other files by now.
  const std::string text = fs::exists(manifest, none) ? storage::read_whole_file(manifest) : "";
  if (fs::exists(folder_ / log_name(shard), none)) send_growth(log_name(shard));
  for (const fs::path &file : files_below(folder_ / results)) {
    const std::string name = results + "/" + file.string();
    if (file == kManifestFile || file.extension() == ".partial") continue;
    if (file == kListFile) {
      send_text(name, storage::read_whole_file(folder_ / name));
    } else {
      send_growth(name);
    }
  }
  send_text(results + "/" + kManifestFile, text);
}

}  // namespace kmodtest::shards
