// SPDX-License-Identifier: GPL-2.0-or-later
// Follows docs/guide/tutorial.md like a reader: writes the files that it shows, types its commands, and compares the
// output with what it prints.
//
// A fence of `console` has commands after "$ " and their output. A comment above a fence marks other kinds: <!-- write
// FILE --> (the fence is the file's content) and <!-- watch --> (the fence is the next output of `kmodtest watch`,
// which was started before). `<!-- watch ends -->` presses Ctrl-C there. All other fences are only for the reader. In
// shown output, a line "…" matches any number of lines, and "…" in a line matches any text; seconds, pids and addresses
// can differ.
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <sstream>

#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

using Lines = std::vector<std::string>;

struct Part {
  std::size_t line = 0;  ///< of the document
  std::string script;    ///< commands for bash
  Lines shown;           ///< the expected output
};

constexpr const char *kDots = "…";
constexpr const char *kMark = "@@@ part ";

Lines lines_of(const std::string &text) {
  Lines lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

std::string typed(const std::string &command) {
  if (command.rfind("kmodtest watch", 0) != 0) return "{ " + command + "\n} 2>&1";
  return command + " > ../watched.out 2>&1 < /dev/null &\nwatcher=$!\nwatch_next";
}

std::vector<Part> parts_of(const fs::path &document) {
  std::vector<Part> parts;
  std::ifstream file(document);
  std::string comment, fence;
  Part part;
  std::size_t number = 0;
  const std::regex begins("<!-- (.*) -->");
  for (std::string line; std::getline(file, line);) {
    ++number;
    std::smatch match;
    if (fence.empty() && std::regex_match(line, match, begins)) {
      comment = match[1];
      if (comment == "watch ends") parts.push_back({number, "kill -INT $watcher\nwait $watcher", {}});
    } else if (fence.empty() && line.rfind("```", 0) == 0) {
      fence = line.size() > 3 ? line.substr(3) : "text";
      part = {number, "", {}};
      if (comment.rfind("write ", 0) == 0) part.script = "cat > " + comment.substr(6) + " <<'END OF FILE'\n";
      if (comment == "watch") part.script = "watch_next";
    } else if (!fence.empty() && line == "```") {
      if (comment.rfind("write ", 0) == 0) part.script += "END OF FILE";
      if (!part.script.empty()) parts.push_back(part);
      fence.clear();
      comment.clear();
    } else if (!fence.empty() && comment.rfind("write ", 0) == 0) {
      part.script += line + "\n";
    } else if (!fence.empty() && fence == "console" && line.rfind("$ ", 0) == 0) {
      if (!part.script.empty()) parts.push_back(part);
      part = {number, typed(line.substr(2)), {}};
    } else if (!fence.empty()) {
      part.shown.push_back(line);
    } else if (!line.empty()) {
      comment.clear();
    }
  }
  return parts;
}

/// Replaces everything that differs between runs, and between machines.
std::string settled(std::string line) {
  static const std::pair<std::regex, const char *> kRules[] = {
      {std::regex("[0-9]+\\.[0-9]+"), "#"},
      {std::regex("\\[ *# s\\]"), "[# s]"},
      {std::regex("\\[ *#\\]"), "[#]"},
      {std::regex("\\(pid [0-9]+\\)"), "(pid #)"},
      {std::regex("\\([0-9]+\\)( ran on|: CPU)"), "(#)$1"},
      {std::regex("0x[0-9a-f]{8,}"), "0x#"},
      {std::regex("/tmp/kmt-e2e-[A-Za-z0-9]+"), "/tmp"},
      {std::regex("[0-9]+ (times|wake-ups)"), "# $1"},
      {std::regex("^Crashed (.*) cpu=[0-9]+\\]"), "Crashed $1 cpu=#]"},  // several crash, and any can be the first
      {std::regex(" +$"), ""},
  };
  for (const auto &[what, with] : kRules) line = std::regex_replace(line, what, with);
  return line;
}

bool fits(const std::string &shown, const std::string &real) {
  std::string pattern;
  const std::string wanted = settled(shown);
  for (std::size_t at = 0; at < wanted.size(); ++at) {
    if (wanted.compare(at, 3, kDots) == 0) {
      pattern += ".*";
      at += 2;
    } else if (std::string("^$\\.*+?()[]{}|/").find(wanted[at]) != std::string::npos) {
      pattern += std::string("\\") + wanted[at];
    } else {
      pattern += wanted[at];
    }
  }
  return std::regex_match(settled(real), std::regex(pattern));
}

/// Sorts the lines of finished cases: if several cases run at once, they end in any order.
void sort_finished(Lines &lines) {
  const auto finished = [](const std::string &line) { return line.find(" s] ") != std::string::npos; };
  const auto name = [](const std::string &line) { return line.substr(line.find(" s] ")); };
  for (auto at = lines.begin(); at != lines.end(); ++at) {
    auto end = std::find_if_not(at, lines.end(), finished);
    std::sort(at, end, [&](const std::string &left, const std::string &right) { return name(left) < name(right); });
    if (end == lines.end()) break;
    at = end;
  }
}

bool fit(const Lines &shown, std::size_t first, const Lines &real, std::size_t from) {
  if (first == shown.size()) return from == real.size();
  if (shown[first] == kDots) {
    for (std::size_t next = from; next <= real.size(); ++next) {
      if (fit(shown, first + 1, real, next)) return true;
    }
    return false;
  }
  return from < real.size() && fits(shown[first], real[from]) && fit(shown, first + 1, real, from + 1);
}

TEST(Tutorial, WhatItSaysIsWhatHappens) {
  const std::vector<Part> parts = parts_of(source_folder() / "docs/guide/tutorial.md");
  ASSERT_GT(parts.size(), 10u) << "the tutorial is not read as it should be";
  const ScratchFolder scratch, runtime;
  fs::permissions(runtime.path(), fs::perms::others_exec, fs::perm_options::add);
  std::string script = fmt::format(
      "cd {}\nexport PATH={}:$PATH NO_COLOR=1 KMODTEST_RUNTIME={} COLUMNS=100\n"
      "rounds=0; seen=0\n"
      "watch_next() {{\n"
      "  rounds=$((rounds + 1))\n"
      "  for i in $(seq 3000); do\n"
      "    [ \"$(grep -c 'Watching ' ../watched.out)\" -ge $rounds ] && break\n"
      "    sleep 0.02\n"
      "  done\n"
      "  tail -c +$((seen + 1)) ../watched.out; seen=$(stat -c %s ../watched.out)\n"
      "}}\n",
      scratch.path().string(), fs::path(KMODTEST_BINARY).parent_path().string(), runtime.path().string());
  for (std::size_t index = 0; index < parts.size(); ++index) {
    script += fmt::format("echo; echo '{}{}'\n{}\n", kMark, index, parts[index].script);
  }
  const fs::path file = runtime.path() / "script", out = runtime.path() / "out";
  std::ofstream(file) << script;
  EXPECT_EQ(std::system(fmt::format("bash {} > {} 2>&1 < /dev/null", file.string(), out.string()).c_str()) & 0x7f, 0);

  const std::string all = read_file(out);
  for (std::size_t index = 0; index < parts.size(); ++index) {
    const std::string mark = fmt::format("\n{}{}\n", kMark, index);
    const std::size_t begin = all.find(mark);
    ASSERT_NE(begin, std::string::npos) << all;
    const std::size_t end = std::min(all.find(fmt::format("\n{}{}\n", kMark, index + 1)), all.size());
    const std::string text = all.substr(begin + mark.size(), end > begin + mark.size() ? end - begin - mark.size() : 0);
    Lines real = lines_of(text), shown = parts[index].shown;
    while (!shown.empty() && shown.back().empty()) shown.pop_back();
    sort_finished(real);
    sort_finished(shown);
    EXPECT_TRUE(fit(shown, 0, real, 0)) << "docs/guide/tutorial.md:" << parts[index].line << ": " << parts[index].script
                                        << "\nprints:\n"
                                        << text;
  }
}

}  // namespace
}  // namespace kmodtest::e2e
