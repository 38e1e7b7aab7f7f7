// SPDX-License-Identifier: GPL-2.0-or-later
#include "shared/entries.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <unordered_set>

namespace kmodtest::shared {
namespace {

constexpr std::size_t kPiece = 4096;

/// Returns whether a folder begins (or the list ends) there: no name is empty, so only a folder's end has two NULs.
bool is_border(std::string_view list, std::size_t at) {
  return at == 0 || (at >= 2 && list[at - 1] == '\0' && list[at - 2] == '\0');
}

/// Returns the size of the folders with which both lists begin.
std::size_t common_start(std::string_view a, std::string_view b) {
  const std::size_t most = std::min(a.size(), b.size());
  std::size_t at = 0;
  while (most - at >= kPiece && std::memcmp(a.data() + at, b.data() + at, kPiece) == 0) at += kPiece;
  while (at < most && a[at] == b[at]) ++at;
  while (!is_border(a, at)) --at;
  return at;
}

/// Returns the size of the folders with which both lists end.
std::size_t common_end(std::string_view a, std::string_view b) {
  const std::size_t most = std::min(a.size(), b.size());
  std::size_t size = 0;
  const auto piece = [](std::string_view list, std::size_t before) {
    return list.data() + list.size() - before - kPiece;
  };
  while (most - size >= kPiece && std::memcmp(piece(a, size), piece(b, size), kPiece) == 0) size += kPiece;
  while (size < most && a[a.size() - size - 1] == b[b.size() - size - 1]) ++size;
  while (size > 0 && !(is_border(a, a.size() - size) && is_border(b, b.size() - size))) --size;
  return size;
}

std::string_view take_name(std::string_view &list) {
  const std::size_t end = std::min(list.find('\0'), list.size());
  const std::string_view name = list.substr(0, end);
  list.remove_prefix(std::min(end + 1, list.size()));
  return name;
}

template <class Visit>
void for_each_path(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const std::string folder = std::string(take_name(list)) + '/';
    for (std::string_view name = take_name(list); !name.empty(); name = take_name(list))
      visit(folder + std::string(name));
  }
}

/// Returns the paths of `list` that are not in `other`.
std::vector<std::string> only_in(std::string_view list, std::string_view other) {
  std::unordered_set<std::string> known;
  for_each_path(other, [&](std::string path) { known.insert(std::move(path)); });
  std::vector<std::string> paths;
  for_each_path(list, [&](std::string path) {
    if (!known.contains(path)) paths.push_back(std::move(path));
  });
  return paths;
}

}  // namespace

EntryDifference compare_entries(std::string_view before, std::string_view after) {
  const std::size_t start = common_start(before, after);
  before.remove_prefix(start);
  after.remove_prefix(start);
  const std::size_t end = common_end(before, after);
  before.remove_suffix(end);
  after.remove_suffix(end);
  return {only_in(after, before), only_in(before, after)};
}

}  // namespace kmodtest::shared
