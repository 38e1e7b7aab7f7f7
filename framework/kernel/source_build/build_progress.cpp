// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/source_build/build_progress.hpp"

#include <fmt/format.h>

#include "text/words.hpp"

namespace kmodtest::kernel {
namespace {

constexpr int kParts = 20;

/// Returns whether this is Kbuild's line about a C or assembler file: "  CC      mm/slub.o", "  AS [M]  …".
bool is_compiled_file(std::string_view line) {
  return line.starts_with("  CC ") || line.starts_with("  AS ");
}

}  // namespace

BuildProgress::BuildProgress(int about, std::function<void(const std::string &)> say, Clock now)
    : about_(about), say_(std::move(say)), now_(std::move(now)), began_(now_()) {}

void BuildProgress::hear(std::string_view piece) {
  for (std::size_t end = 0; (end = piece.find('\n')) != std::string_view::npos; piece.remove_prefix(end + 1)) {
    begun_ += piece.substr(0, end);
    line(begun_);
    begun_.clear();
  }
  begun_ += piece;
}

void BuildProgress::line(std::string_view line) {
  if (!is_compiled_file(line)) return;
  ++files_;
  if (about_ <= 0 || files_ > about_) return;
  const int part = files_ * kParts / about_;
  if (part == said_) return;
  said_ = part;
  say_(fmt::format("compiled {} of about {} files, {}", files_, about_, text::wall_time(now_() - began_)));
}

}  // namespace kmodtest::kernel
