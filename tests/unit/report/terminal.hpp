// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>
#include <vector>
#include <vterm.h>

namespace kmodtest::report {

/// A pseudo-terminal with a terminal emulator (libvterm) at its other end: it shows what a user would see. libvterm
/// does not know faint text (SGR 2) and shows it as normal text.
class Terminal {
 public:
  Terminal(int columns, int rows);
  ~Terminal();
  Terminal(const Terminal &) = delete;
  Terminal &operator=(const Terminal &) = delete;

  /// Returns the end that replaces a program's standard output.
  std::FILE *out() const { return out_; }

  /// Resizes the window as a user does; the program can read the new size at once.
  void resize(int columns, int rows);

  /// Returns the screen once everything that was written has arrived: a line for each row up to the last one with text,
  /// and where the cursor is. With `colours`, colours appear as "<bold red>text</>".
  std::string screen(bool colours);

  /// Returns the lines that have left the screen above it, and the screen, without the cursor.
  std::string everything(bool colours);

 private:
  using Cells = std::vector<VTermScreenCell>;

  static int push_line(int columns, const VTermScreenCell *cells, void *self);
  void read_all();
  void take_all();
  Cells row(int number) const;
  std::vector<std::string> rows(bool colours) const;

  int master_ = -1;
  std::FILE *out_ = nullptr;
  int columns_, rows_;
  VTermScreenCallbacks callbacks_{};
  VTerm *emulator_;
  VTermScreen *screen_;
  std::vector<Cells> above_;  ///< lines that have left the screen

  // Read by a thread of its own: from 4 KiB on, a write waits for a reader.
  std::mutex mutex_;
  std::condition_variable came_;
  std::string arrived_;
  std::size_t syncs_ = 0;
  std::thread reader_;
};

}  // namespace kmodtest::report
