// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <sys/types.h>

struct archive;

namespace kmodtest::kernel {

/// Writes a newc archive (kernel: Documentation/driver-api/early-userspace/buffer-format.rst) into memory. Every entry
/// belongs to root and has the epoch as its time. Paths are relative to the guest's /; a folder comes before what is in
/// it. Throws base::Error if there is no memory.
class CpioWriter {
 public:
  CpioWriter();
  void folder(const std::string &path);
  void file(const std::string &path, const std::string &bytes, unsigned mode);
  void link(const std::string &path, const std::string &target);
  void device(const std::string &path, unsigned major_number, unsigned minor_number);
  /// Ends the archive and returns its bytes.
  std::string finish();

 private:
  struct Free {
    void operator()(archive *writer) const;
  };
  static ssize_t append(archive *, void *self, const void *buffer, std::size_t count);
  void add(const std::string &path, unsigned mode, const std::string &bytes, const std::string &target, dev_t device);
  void check(int status) const;

  std::unique_ptr<archive, Free> archive_;
  std::string bytes_;
  std::int64_t inode_ = 0;
};

}  // namespace kmodtest::kernel
