// SPDX-License-Identifier: GPL-2.0-or-later
#include "shared/entries.hpp"

#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

namespace kmodtest::shared {
namespace {

using Folders = std::vector<std::pair<std::string, std::vector<std::string>>>;
using Paths = std::vector<std::string>;

std::string list_of(const Folders &folders) {
  std::string list;
  for (const auto &[path, names] : folders) {
    list += path + '\0';
    for (const std::string &name : names) list += name + '\0';
    list += '\0';
  }
  return list;
}

std::set<std::string> paths_of(const Folders &folders) {
  std::set<std::string> paths;
  for (const auto &[path, names] : folders)
    for (const std::string &name : names) paths.insert(path + '/' + name);
  return paths;
}

TEST(Entries, EqualListsHaveNoDifference) {
  for (const Folders &folders :
       {Folders{}, Folders{{"/sys", {}}}, Folders{{"/proc", {"a", "b"}}, {"/dev", {"null"}}}}) {
    const EntryDifference difference = compare_entries(list_of(folders), list_of(folders));
    EXPECT_EQ(difference.added, Paths{});
    EXPECT_EQ(difference.lost, Paths{});
  }
}

TEST(Entries, NewAndLostOnesAreInTheOrderOfTheirList) {
  const std::string before = list_of({{"/proc", {"b", "z"}}, {"/dev", {"null", "zero"}}, {"/sys", {"module"}}});
  const std::string after = list_of({{"/proc", {"z", "y", "b", "a"}}, {"/dev", {"zero"}}, {"/sys", {"module"}}});
  const EntryDifference difference = compare_entries(before, after);
  EXPECT_EQ(difference.added, (Paths{"/proc/y", "/proc/a"}));
  EXPECT_EQ(difference.lost, (Paths{"/dev/null"}));
}

TEST(Entries, ANameBelongsToItsFolder) {
  const EntryDifference difference =
      compare_entries(list_of({{"/a", {"x"}}, {"/b", {}}}), list_of({{"/a", {}}, {"/b", {"x"}}}));
  EXPECT_EQ(difference.added, (Paths{"/b/x"}));
  EXPECT_EQ(difference.lost, (Paths{"/a/x"}));
}

TEST(Entries, AFolderCanAppearOrDisappearAtEitherEnd) {
  const Folders all = {{"/a", {"x"}}, {"/aa", {"x"}}, {"/b", {"x"}}};
  for (std::size_t gone = 0; gone < all.size(); ++gone) {
    Folders rest = all;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(gone));
    const Paths path = {all[gone].first + "/x"};
    EXPECT_EQ(compare_entries(list_of(rest), list_of(all)).added, path);
    EXPECT_EQ(compare_entries(list_of(rest), list_of(all)).lost, Paths{});
    EXPECT_EQ(compare_entries(list_of(all), list_of(rest)).lost, path);
    EXPECT_EQ(compare_entries(list_of(all), list_of(rest)).added, Paths{});
  }
}

TEST(Entries, AListThatWasCutIsReadAsFarAsItGoes) {
  EXPECT_EQ(compare_entries(std::string("/a\0x\0\0", 6), std::string("/a\0x\0y", 6)).added, (Paths{"/a/y"}));
  EXPECT_EQ(compare_entries("", "/a").added, Paths{});
}

// Against sets, with lists that are longer than what is compared at once.
TEST(Entries, RandomListsDifferAsTheirSetsDo) {
  std::mt19937 random(7);
  const auto below = [&](unsigned limit) { return static_cast<std::size_t>(random() % limit); };
  for (int round = 0; round < 60; ++round) {
    Folders before;
    for (std::size_t i = 0; i < 40 + below(60); ++i) {
      before.push_back({"/folder/" + std::to_string(i), {}});
      for (std::size_t j = below(30); j > 0; --j) before.back().second.push_back("entry" + std::to_string(j));
    }
    Folders after = before;
    for (std::size_t changes = below(4); changes > 0; --changes) {
      const std::size_t at = below(static_cast<unsigned>(after.size()));
      switch (below(4)) {
        case 0:
          after[at].second.insert(after[at].second.begin(), "new" + std::to_string(changes));
          break;
        case 1:
          after[at].second.clear();
          break;
        case 2:
          after.erase(after.begin() + static_cast<std::ptrdiff_t>(at));
          break;
        default:
          after.insert(after.begin() + static_cast<std::ptrdiff_t>(at), {"/new" + std::to_string(changes), {"x"}});
      }
    }
    const std::set<std::string> old_paths = paths_of(before);
    const std::set<std::string> new_paths = paths_of(after);
    std::set<std::string> added;
    std::set<std::string> lost;
    std::set_difference(new_paths.begin(), new_paths.end(), old_paths.begin(), old_paths.end(),
                        std::inserter(added, added.end()));
    std::set_difference(old_paths.begin(), old_paths.end(), new_paths.begin(), new_paths.end(),
                        std::inserter(lost, lost.end()));
    const EntryDifference difference = compare_entries(list_of(before), list_of(after));
    EXPECT_EQ(std::set<std::string>(difference.added.begin(), difference.added.end()), added) << round;
    EXPECT_EQ(std::set<std::string>(difference.lost.begin(), difference.lost.end()), lost) << round;
  }
}

}  // namespace
}  // namespace kmodtest::shared
