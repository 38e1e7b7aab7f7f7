// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/boot/cpio_writer.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <utility>

#include "base/error.hpp"

namespace kmodtest::kernel {

void CpioWriter::Free::operator()(archive *writer) const {
  archive_write_free(writer);
}

CpioWriter::CpioWriter() : archive_(archive_write_new()) {
  check(archive_write_set_format_cpio_newc(archive_.get()));
  check(archive_write_set_bytes_per_block(archive_.get(), 0));
  check(archive_write_open(archive_.get(), this, nullptr, &CpioWriter::append, nullptr));
}

void CpioWriter::folder(const std::string &path) {
  add(path, S_IFDIR | 0755, {}, {}, 0);
}

void CpioWriter::file(const std::string &path, const std::string &bytes, unsigned mode) {
  add(path, S_IFREG | mode, bytes, {}, 0);
}

void CpioWriter::link(const std::string &path, const std::string &target) {
  add(path, S_IFLNK | 0777, {}, target, 0);
}

void CpioWriter::device(const std::string &path, unsigned major_number, unsigned minor_number) {
  add(path, S_IFCHR | 0600, {}, {}, makedev(major_number, minor_number));
}

std::string CpioWriter::finish() {
  check(archive_write_close(archive_.get()));
  return std::move(bytes_);
}

ssize_t CpioWriter::append(archive *, void *self, const void *buffer, std::size_t count) {
  static_cast<CpioWriter *>(self)->bytes_.append(static_cast<const char *>(buffer), count);
  return static_cast<ssize_t>(count);
}

void CpioWriter::add(const std::string &path, unsigned mode, const std::string &bytes, const std::string &target,
                     dev_t device) {
  const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(), archive_entry_free);
  archive_entry_set_pathname(entry.get(), path.c_str());
  archive_entry_set_mode(entry.get(), mode);
  archive_entry_set_uid(entry.get(), 0);
  archive_entry_set_gid(entry.get(), 0);
  archive_entry_set_mtime(entry.get(), 0, 0);
  archive_entry_set_ino64(entry.get(), ++inode_);
  archive_entry_set_nlink(entry.get(), S_ISDIR(mode) ? 2 : 1);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes.size()));
  if (S_ISLNK(mode)) archive_entry_set_symlink(entry.get(), target.c_str());
  if (S_ISCHR(mode)) archive_entry_set_rdev(entry.get(), device);
  check(archive_write_header(archive_.get(), entry.get()));
  if (!bytes.empty() && archive_write_data(archive_.get(), bytes.data(), bytes.size()) < 0) check(ARCHIVE_FATAL);
}

void CpioWriter::check(int status) const {
  if (status >= ARCHIVE_WARN) return;
  const char *reason = archive_error_string(archive_.get());
  throw base::Error(base::Code::out_of_memory,
                    fmt::format("cannot write the initramfs: {}", reason != nullptr ? reason : "out of memory"),
                    "end other programs");
}

}  // namespace kmodtest::kernel
