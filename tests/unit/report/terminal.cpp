// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit/report/terminal.hpp"

#include <array>
#include <pty.h>
#include <stdexcept>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

namespace kmodtest::report {

namespace {

// Written after everything else, to detect that all of it has arrived. A console never writes it: it is a control
// character.
constexpr char kSync = '\x1e';

constexpr std::array kColours = {"black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"};

winsize window(int columns, int rows) {
  winsize size{};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = static_cast<unsigned short>(rows);
  return size;
}

void append_utf8(std::string &text, std::uint32_t code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
    return;
  }
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  const std::uint32_t lead = more == 1 ? 0xc0U : more == 2 ? 0xe0U : 0xf0U;
  text += static_cast<char>(lead | (code >> (6U * static_cast<unsigned>(more))));
  for (int at = more - 1; at >= 0; --at) {
    text += static_cast<char>(0x80U | ((code >> (6U * static_cast<unsigned>(at))) & 0x3fU));
  }
}

/// Returns "bold red"; empty for the terminal's default.
std::string style_of(const VTermScreenCell &cell) {
  std::string style = cell.attrs.bold ? "bold" : "";
  const VTermColor &colour = cell.fg;
  if (!VTERM_COLOR_IS_DEFAULT_FG(&colour) && VTERM_COLOR_IS_INDEXED(&colour)) {
    style += (style.empty() ? "" : " ") + std::string(kColours.at(colour.indexed.idx % kColours.size()));
  }
  return style;
}

bool is_blank(const VTermScreenCell &cell) {
  return cell.chars[0] == 0 || (cell.chars[0] == ' ' && cell.chars[1] == 0);
}

std::string text_of(const std::vector<VTermScreenCell> &cells, bool colours) {
  std::size_t end = cells.size();
  while (end > 0 && is_blank(cells[end - 1])) --end;
  std::string text, style;
  for (std::size_t at = 0; at < end; ++at) {
    const VTermScreenCell &cell = cells[at];
    if (cell.chars[0] == static_cast<std::uint32_t>(-1)) continue;  // the right half of a wide character
    if (const std::string own = colours ? style_of(cell) : ""; own != style) {
      if (!style.empty()) text += "</>";
      if (!own.empty()) text += "<" + own + ">";
      style = own;
    }
    if (cell.chars[0] == 0) text += ' ';
    for (int part = 0; part < VTERM_MAX_CHARS_PER_CELL && cell.chars[part] != 0; ++part) {
      append_utf8(text, cell.chars[part]);
    }
  }
  return style.empty() ? text : text + "</>";
}

}  // namespace

Terminal::Terminal(int columns, int rows)
    : columns_(columns), rows_(rows), emulator_(vterm_new(rows, columns)), screen_(vterm_obtain_screen(emulator_)) {
  int slave = -1;
  const winsize size = window(columns, rows);
  if (::openpty(&master_, &slave, nullptr, nullptr, &size) != 0) throw std::runtime_error("openpty failed");
  out_ = ::fdopen(slave, "w");
  vterm_set_utf8(emulator_, 1);
  callbacks_.sb_pushline = push_line;
  vterm_screen_set_callbacks(screen_, &callbacks_, this);
  vterm_screen_reset(screen_, 1);
  reader_ = std::thread([this] { read_all(); });
}

Terminal::~Terminal() {
  std::fclose(out_);  // reading ends with the last writer
  reader_.join();
  ::close(master_);
  vterm_free(emulator_);
}

int Terminal::push_line(int columns, const VTermScreenCell *cells, void *self) {
  Cells line;
  for (int column = 0; column < columns; ++column) line.push_back(cells[column]);
  static_cast<Terminal *>(self)->above_.push_back(std::move(line));
  return 1;
}

void Terminal::resize(int columns, int rows) {
  take_all();
  const winsize size = window(columns, rows);
  ::ioctl(master_, TIOCSWINSZ, &size);
  columns_ = columns;
  rows_ = rows;
  vterm_set_size(emulator_, rows, columns);
}

void Terminal::read_all() {
  std::array<char, 4096> buffer{};
  for (ssize_t size = 0; (size = ::read(master_, buffer.data(), buffer.size())) > 0;) {
    const std::lock_guard lock(mutex_);
    for (const char letter : std::string_view(buffer.data(), static_cast<std::size_t>(size))) {
      if (letter == kSync) {
        ++syncs_;
      } else {
        arrived_ += letter;
      }
    }
    came_.notify_all();
  }
}

void Terminal::take_all() {
  std::unique_lock lock(mutex_);
  const std::size_t wanted = syncs_ + 1;
  lock.unlock();
  std::fputc(kSync, out_);
  std::fflush(out_);
  lock.lock();
  came_.wait(lock, [&] { return syncs_ == wanted; });
  vterm_input_write(emulator_, arrived_.data(), arrived_.size());
  arrived_.clear();
  vterm_screen_flush_damage(screen_);
}

Terminal::Cells Terminal::row(int number) const {
  Cells cells(static_cast<std::size_t>(columns_));
  for (int column = 0; column < columns_; ++column) {
    vterm_screen_get_cell(screen_, {number, column}, &cells[static_cast<std::size_t>(column)]);
  }
  return cells;
}

std::vector<std::string> Terminal::rows(bool colours) const {
  std::vector<std::string> all;
  for (int number = 0; number < rows_; ++number) all.push_back(text_of(row(number), colours));
  while (!all.empty() && all.back().empty()) all.pop_back();
  return all;
}

std::string Terminal::screen(bool colours) {
  take_all();
  std::string text;
  for (const std::string &line : rows(colours)) text += line + "\n";
  VTermPos cursor{};
  vterm_state_get_cursorpos(vterm_obtain_state(emulator_), &cursor);
  return text + "(cursor: row " + std::to_string(cursor.row + 1) + ", column " + std::to_string(cursor.col + 1) + ")\n";
}

std::string Terminal::everything(bool colours) {
  take_all();
  std::string text;
  for (const Cells &line : above_) text += text_of(line, colours) + "\n";
  for (const std::string &line : rows(colours)) text += line + "\n";
  return text;
}

}  // namespace kmodtest::report
