// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/completions/completions.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

#include "base/error.hpp"
#include "base/process.hpp"
#include "cli/command.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::UnorderedElementsAre;
using Strings = std::vector<std::string>;

namespace fs = std::filesystem;

bool is_installed(const std::string &shell) {
  try {
    return base::run_process({shell, "--version"}).ok();
  } catch (const base::Error &) {
    return false;
  }
}

Strings lines_of(const std::string &text) {
  Strings lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// The shells themselves complete, in a folder with some files, with a kmodtest that knows two kernels and two cases.
class Completions : public testing::Test {
 protected:
  Completions() {
    fs::create_directories(folder_ / "plans");
    for (const char *name : {"hello.yaml", "hello.ko", "hello.c", "report.xml"}) std::ofstream(folder_ / name) << "";
    const fs::path tool = folder_ / "bin" / "kmodtest";
    fs::create_directories(tool.parent_path());
    std::ofstream(tool)
        << "#!/bin/sh\n"
           "case \"$1 $2\" in\n"
           "  'kernels list') printf 'debian-6.1-cloud   6.1.0  bookworm\\ndebian-5.10-cloud  not fetched\\n' ;;\n"
           "  'list hello.yaml') printf 'hello [cpus=1]\\nhello [cpus=4 mode=fast]\\n' ;;\n"
           "esac\n";
    fs::permissions(tool, fs::perms::owner_all);
    add_commands(app_, chosen_);
  }

  CommandTree tree() const { return tree_of(app_); }

  base::ProcessResult run(const Strings &words) const {
    const std::string path = (folder_ / "bin").string() + ":/usr/local/bin:/usr/bin:/bin";
    return base::run_process(words,
                             {folder_, {{"PATH", path}, {"HOME", folder_.string()}, {"LC_ALL", "C.UTF-8"}}, false});
  }

  fs::path script(const std::string &text) {
    std::ofstream(folder_ / "script") << text;
    return folder_ / "script";
  }

  /// What bash offers for the words that readline would give; the last one is being written.
  Strings bash(const Strings &words) {
    std::string driver = fmt::format("source {}\nCOMP_WORDS=(", script(bash_completion(tree())).string());
    for (const std::string &word : words) driver += single_quoted(word) + " ";
    driver += fmt::format(")\nCOMP_CWORD={}\n_kmodtest\n", words.size() - 1);
    driver += "if [[ ${#COMPREPLY[@]} -gt 0 ]]; then printf '%s\\n' \"${COMPREPLY[@]}\"; fi\n";
    const base::ProcessResult result = run({"bash", "--norc", "--noprofile", "-c", driver});
    EXPECT_EQ(result.err, "");
    EXPECT_EQ(result.exit_code, 0);
    return lines_of(result.out);
  }

  /// What fish offers for a line.
  Strings fish(const std::string &line) {
    const fs::path file = script(fish_completion(tree()));
    const base::ProcessResult result = run(
        {"fish", "--no-config", "-c", fmt::format("source {}; complete -C {}", file.string(), single_quoted(line))});
    EXPECT_EQ(result.err, "");
    Strings words;
    for (const std::string &offered : lines_of(result.out)) words.push_back(offered.substr(0, offered.find('\t')));
    return words;
  }

  const kernel::testing::ScratchFolder scratch_;
  const fs::path folder_ = scratch_.path();
  CLI::App app_{"", "kmodtest"};
  std::function<int()> chosen_;
};

TEST_F(Completions, BashKnowsCommandsAndOptions) {
  EXPECT_THAT(bash({"kmodtest", "ru"}), ElementsAre("run"));
  EXPECT_THAT(bash({"kmodtest", ""}), IsSupersetOf({"run", "explain", "doctor", "completions"}));
  EXPECT_THAT(bash({"kmodtest", "kernels", ""}), UnorderedElementsAre("list", "fetch"));
  EXPECT_THAT(bash({"kmodtest", "run", "--ju"}), ElementsAre("--junit"));
  EXPECT_THAT(bash({"kmodtest", "cache", "clear", "--a"}), ElementsAre("--all"));
  EXPECT_THAT(bash({"kmodtest", "list", "--ju"}), ElementsAre());
}

TEST_F(Completions, BashKnowsTheWordsOfAnOption) {
  EXPECT_THAT(bash({"kmodtest", "run", "--time", ""}), ElementsAre("virtual", "real", "deterministic"));
  EXPECT_THAT(bash({"kmodtest", "run", "--time", "=", "v"}), ElementsAre("virtual"));
  EXPECT_THAT(bash({"kmodtest", "run", "--gdb", "="}), Contains("wait"));
  EXPECT_THAT(bash({"kmodtest", "run", "--gdb", "hel"}), UnorderedElementsAre("hello.yaml", "hello.ko"));
  EXPECT_THAT(bash({"kmodtest", "explain", "K090"}), ElementsAre("K0901", "K0902", "K0903"));
  EXPECT_THAT(bash({"kmodtest", "completions", ""}), ElementsAre("bash", "zsh", "fish"));
}

TEST_F(Completions, BashKnowsFilesByWhatIsTakenThere) {
  EXPECT_THAT(bash({"kmodtest", "run", "hel"}), UnorderedElementsAre("hello.yaml", "hello.ko"));
  EXPECT_THAT(bash({"kmodtest", "run", "p"}), ElementsAre("plans"));
  EXPECT_THAT(bash({"kmodtest", "run", "-j", "4", "hel"}), UnorderedElementsAre("hello.yaml", "hello.ko"));
  EXPECT_THAT(bash({"kmodtest", "run", "--junit", "re"}), ElementsAre("report.xml"));
  EXPECT_THAT(bash({"kmodtest", "run", "--out", ""}), UnorderedElementsAre("plans", "bin"));
}

TEST_F(Completions, BashAsksForKernelsAndCases) {
  EXPECT_THAT(bash({"kmodtest", "run", "--kernel", "debian-6"}), ElementsAre("debian-6.1-cloud"));
  EXPECT_THAT(bash({"kmodtest", "run", "--kernel", "debian-6.1-cloud,ho"}), ElementsAre("debian-6.1-cloud,host"));
  EXPECT_THAT(bash({"kmodtest", "kernels", "fetch", "debian-5"}), ElementsAre("debian-5.10-cloud"));
  EXPECT_THAT(bash({"kmodtest", "run", "hello.yaml", "--case", "'hello ["}),
              ElementsAre("hello [cpus=1]", "hello [cpus=4 mode=fast]"));
  EXPECT_THAT(bash({"kmodtest", "run", "hello.yaml", "--case", "hello\\ \\[cpus", "=", "1"}), ElementsAre("1\\]"));
  EXPECT_THAT(bash({"kmodtest", "run", "hello.yaml", "--case", "h"}),
              ElementsAre("hello\\ \\[cpus=1\\]", "hello\\ \\[cpus=4\\ mode=fast\\]"));
  EXPECT_THAT(bash({"kmodtest", "run", "--case", "h"}), ElementsAre());  // of no plan yet
}

TEST_F(Completions, FishCompletesTheSame) {
  if (!is_installed("fish")) GTEST_SKIP() << "fish is not installed";
  EXPECT_THAT(fish("kmodtest ru"), ElementsAre("run"));
  EXPECT_THAT(fish("kmodtest kernels "), UnorderedElementsAre("list", "fetch"));
  EXPECT_THAT(fish("kmodtest run --ju"), ElementsAre("--junit"));
  EXPECT_THAT(fish("kmodtest list --ju"), Not(Contains("--junit")));
  EXPECT_THAT(fish("kmodtest run --time "), UnorderedElementsAre("virtual", "real", "deterministic"));
  EXPECT_THAT(fish("kmodtest run --time=v"), ElementsAre("--time=virtual"));
  EXPECT_THAT(fish("kmodtest run --kernel debian-6"), Contains("debian-6.1-cloud"));
  EXPECT_THAT(fish("kmodtest kernels fetch debian-5"), ElementsAre("debian-5.10-cloud"));
  EXPECT_THAT(fish("kmodtest run hello.yaml --case hello"),
              UnorderedElementsAre("hello [cpus=1]", "hello [cpus=4 mode=fast]"));
  EXPECT_THAT(fish("kmodtest run hel"), IsSupersetOf({"hello.yaml", "hello.ko"}));
  EXPECT_THAT(fish("kmodtest explain K090"), ElementsAre("K0901", "K0902", "K0903"));
}

TEST_F(Completions, ZshTakesTheScript) {
  if (!is_installed("zsh")) GTEST_SKIP() << "zsh is not installed";
  const fs::path file = script(zsh_completion(tree()));
  const base::ProcessResult parsed = run({"zsh", "-n", file.string()});
  EXPECT_EQ(parsed.exit_code, 0) << parsed.err;
  // compadd is what offers words in the end; here it says which.
  const std::string driver = fmt::format(
      "autoload -Uz compinit; compinit -D -u -d {0}/dump; source {1}; print -r -- $_comps[kmodtest]; "
      "functions -- _kmodtest_run _kmodtest_kernels_fetch >/dev/null && print -r -- defined",
      folder_.string(), file.string());
  const base::ProcessResult loaded = run({"zsh", "-f", "-c", driver});
  EXPECT_EQ(loaded.out, "_kmodtest\ndefined\n") << loaded.err;
}

TEST_F(Completions, EveryCommandIsInEachScript) {
  const std::string bash = bash_completion(tree()), zsh = zsh_completion(tree()), fish = fish_completion(tree());
  for (const Command &command : commands()) {
    for (const std::string *text : {&bash, &zsh, &fish})
      EXPECT_NE(text->find(command.name), std::string::npos) << command.name;
  }
}

}  // namespace
}  // namespace kmodtest::cli
