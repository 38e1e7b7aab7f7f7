// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <map>
#include <string>

namespace kmodtest::kernel {

/// An entry of a newc archive.
struct CpioEntry {
  unsigned mode = 0;
  std::string content;
  std::string target;
  unsigned device_major = 0;
  unsigned device_minor = 0;
  long mtime = -1;
  long owner = -1;
};

/// Reads an archive; its entries by their paths.
inline std::map<std::string, CpioEntry> cpio_entries(const std::string &bytes) {
  std::map<std::string, CpioEntry> entries;
  archive *reader = archive_read_new();
  archive_read_support_format_cpio(reader);
  EXPECT_EQ(archive_read_open_memory(reader, bytes.data(), bytes.size()), ARCHIVE_OK);
  archive_entry *entry = nullptr;
  while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
    CpioEntry found;
    found.mode = archive_entry_mode(entry);
    found.content.resize(static_cast<std::size_t>(archive_entry_size(entry)));
    archive_read_data(reader, found.content.data(), found.content.size());
    if (const char *target = archive_entry_symlink(entry)) found.target = target;
    found.device_major = static_cast<unsigned>(archive_entry_rdevmajor(entry));
    found.device_minor = static_cast<unsigned>(archive_entry_rdevminor(entry));
    found.mtime = archive_entry_mtime(entry);
    found.owner = archive_entry_uid(entry);
    entries.emplace(archive_entry_pathname(entry), found);
  }
  archive_read_free(reader);
  return entries;
}

}  // namespace kmodtest::kernel
