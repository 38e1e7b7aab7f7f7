// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/pack_placer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/error.hpp"
#include "base/write_error.hpp"
#include "text/size.hpp"

namespace kmodtest::shards {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPage = 4096;

/// Returns how many bytes from `at` on are whole pages of zeros.
std::size_t zeros_at(std::string_view bytes, std::size_t at) {
  static constexpr std::array<char, kPage> kZeros{};
  std::size_t end = at;
  while (end + kPage <= bytes.size() && std::memcmp(bytes.data() + end, kZeros.data(), kPage) == 0) end += kPage;
  return end - at;
}

[[noreturn]] void fail_as_damaged(const std::string &what) {
  throw base::Error(base::Code::damaged_pack, what, "make the pack again, or copy it again from where it was made");
}

}  // namespace

PackPlacer::PackPlacer(fs::path cache, PackList list)
    : cache_(std::move(cache)), work_(cache_ / "unpacking"), list_(std::move(list)) {
  storage::make_folder(cache_ / "locks");
  lock_.emplace(cache_ / "locks" / "unpacking.lock");
  storage::remove_folder(work_);  // of a process that was killed
  std::erase_if(list_.entries, [this](const PackEntry &entry) { return has_entry(cache_, entry); });
  std::error_code error;
  const auto space = fs::space(cache_, error);
  if (!error && list_.disk_bytes() > space.available) {
    throw base::Error(base::Code::disk_full,
                      fmt::format("'{}' has {} of space, and {} are needed", cache_.string(),
                                  text::human_size(space.available), text::human_size(list_.disk_bytes())),
                      "free some space, or set KMODTEST_CACHE to a folder on another disk");
  }
  storage::make_folder(work_);
  for (const PackEntry &entry : list_.entries) {
    for (const PackFile &file : entry.files) {
      if (file.link.empty()) wanted_.insert(file.sha256);
    }
  }
}

PackPlacer::~PackPlacer() {
  std::error_code ignored;
  fs::remove_all(work_, ignored);
}

void PackPlacer::fail(int error) const {
  throw base::Error(base::code_of_write(error),
                    fmt::format("cannot write into '{}': {}", cache_.string(), base::reason_of_write(error)),
                    "free some space, or set KMODTEST_CACHE to a folder on another disk");
}

void PackPlacer::take(const std::string &sha256, std::string_view bytes) {
  if (!wanted_.contains(sha256) || arrived_.contains(sha256)) return;
  if (!open_ || open_->sha256 != sha256) {
    close();
    open_.emplace();
    open_->sha256 = sha256;
    open_->file =
        base::Descriptor(::open(object(sha256).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!open_->file) fail(errno);
  }
  open_->digest.update(bytes);
  write(bytes);
}

/// Writes at the end of the open file; whole pages of zeros become holes.
void PackPlacer::write(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t zeros = zeros_at(bytes, at);
    if (zeros > 0) {
      at += zeros;
      open_->size += zeros;
      continue;
    }
    const std::size_t length = std::min(kPage, bytes.size() - at);
    const ssize_t done = ::pwrite(open_->file.get(), bytes.data() + at, length, static_cast<off_t>(open_->size));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail(errno);
    at += static_cast<std::size_t>(done);
    open_->size += static_cast<std::uint64_t>(done);
  }
}

void PackPlacer::close() {
  if (!open_) return;
  if (::ftruncate(open_->file.get(), static_cast<off_t>(open_->size)) != 0 || open_->file.close() != 0) fail(errno);
  if (open_->digest.hex() != open_->sha256) fail_as_damaged("a file of the pack is damaged: its checksum differs");
  arrived_.insert(open_->sha256);
  open_.reset();
}

void PackPlacer::put_file(const PackFile &file, const fs::path &place) {
  std::error_code error;
  storage::make_folder(place.parent_path());
  if (!file.link.empty()) {
    fs::create_symlink(file.link, place, error);
    if (error) fail(error.value());
    return;
  }
  const auto [first, is_first] = placed_.emplace(file.sha256, place);
  if (is_first && arrived_.contains(file.sha256)) {
    fs::rename(object(file.sha256), place, error);
  } else if (is_first) {
    storage::write_whole_file(place, "");
  } else {
    fs::copy_file(first->second, place, error);
  }
  if (error) fail(error.value());
  if (::chmod(place.c_str(), file.mode) != 0) fail(errno);
}

void PackPlacer::lay_out(const PackEntry &entry, const fs::path &place) {
  for (const PackFile &file : entry.files) put_file(file, file.name.empty() ? place : place / file.name);
}

void PackPlacer::move_into_cache(const PackEntry &entry, const fs::path &place) const {
  const fs::path to = cache_ / entry.name;
  const fs::path old = work_ / "old";
  std::error_code error;
  storage::make_folder(to.parent_path());
  if (fs::exists(to, error)) fs::rename(to, old, error);
  if (!error) fs::rename(place, to, error);
  if (error) fail(error.value());
  fs::remove_all(old, error);
}

void PackPlacer::finish() {
  close();
  for (const PackEntry &entry : list_.entries) {
    for (const PackFile &file : entry.files) {
      if (file.link.empty() && file.size > 0 && !arrived_.contains(file.sha256))
        fail_as_damaged(fmt::format("the pack is cut off: it lacks a file of {}", entry.name));
    }
  }
  for (std::size_t index = 0; index < list_.entries.size(); ++index)
    lay_out(list_.entries[index], work_ / fmt::format("entry-{}", index));
  for (std::size_t index = 0; index < list_.entries.size(); ++index) {
    const fs::path place = work_ / fmt::format("entry-{}", index);
    // Snapshots are private to their user, as their store makes them.
    if (fs::is_directory(place) && list_.entries[index].name.starts_with("snapshots/")) ::chmod(place.c_str(), 0700);
    move_into_cache(list_.entries[index], place);
  }
}

}  // namespace kmodtest::shards
