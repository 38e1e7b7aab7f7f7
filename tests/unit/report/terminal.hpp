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

/// A pseudo-terminal with a terminal emulator (libvterm) at its other end: what a user would see of what is written to
/// it. libvterm does not know faint text (SGR 2); it shows it as any other.
class Terminal {
 public:
  Terminal(int columns, int rows);
  ~Terminal();
  Terminal(const Terminal &) = delete;
  Terminal &operator=(const Terminal &) = delete;

  /// The terminal of a program, as its standard output would be.
  std::FILE *out() const { return out_; }

  /// As a user does with the window; the program can ask for it at once.
  void resize(int columns, int rows);

  /// What is on the screen once all has arrived that was written: a line for each row up to the last one that has text,
  /// and where the cursor is. Colours as "<bold red>text</>", with `colours`.
  std::string screen(bool colours);

  /// The same with all lines that have left the screen above it, and without the cursor.
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

  // Read by a thread of its own: what is written waits for a reader from 4 KiB on.
  std::mutex mutex_;
  std::condition_variable came_;
  std::string arrived_;
  std::size_t syncs_ = 0;
  std::thread reader_;
};

}  // namespace kmodtest::report
