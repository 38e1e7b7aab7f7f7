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
using ::testing::HasSubstr;
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

/// Completes with a tree of the real command line, and with names that are not looked up anywhere.
class Answers : public testing::Test {
 protected:
  Answers() { add_commands(app_, chosen_); }

  Completion complete(const Strings &words) {
    const auto kernels = [this] {
      ++lookups_;
      return std::vector<Candidate>{{"debian-6.1-cloud", "bookworm"}, {"debian-5.10-cloud", ""}, {"host", ""}};
    };
    const auto cases = [this](const std::vector<fs::path> &inputs) {
      ++lookups_;
      if (inputs != std::vector<fs::path>{"hello.yaml"}) return std::vector<Candidate>{};
      return std::vector<Candidate>{{"hello [cpus=1]", ""}, {"hello [cpus=4 mode=fast]", ""}};
    };
    return cli::complete(tree_of(app_), words, {kernels, cases});
  }

  /// Returns whole words, as a shell that only knows prefixes offers them.
  Strings words(const Strings &given) {
    const Completion completion = complete(given);
    Strings offered;
    for (const Candidate &candidate : completion.candidates) {
      const std::string word = completion.before + candidate.word;
      if (word.starts_with(given.back())) offered.push_back(word);
    }
    return offered;
  }

  FileNames file_names(const Strings &given) { return complete(given).file_names; }

  CLI::App app_{"", "kmodtest"};
  std::function<int()> chosen_;
  int lookups_ = 0;
};

TEST_F(Answers, KnowCommandsAndOptions) {
  EXPECT_THAT(words({"ru"}), ElementsAre("run"));
  EXPECT_THAT(words({""}), IsSupersetOf({"run", "explain", "doctor", "completions"}));
  EXPECT_THAT(words({"kernels", ""}), UnorderedElementsAre("list", "fetch", "build"));
  EXPECT_THAT(words({"run", "--ju"}), ElementsAre("--junit"));
  EXPECT_THAT(words({"cache", "clear", "--a"}), ElementsAre("--all"));
  EXPECT_THAT(words({"list", "--ju"}), ElementsAre());
  EXPECT_EQ(lookups_, 0);
}

TEST_F(Answers, HaveEveryCommandWithItsSummary) {
  const auto candidates = complete({""}).candidates;
  for (const Command &command : commands())
    EXPECT_THAT(candidates, Contains(Candidate{command.name, command.summary})) << command.name;
  EXPECT_EQ(candidates.size(), commands().size());  // the hidden one is not among them
  EXPECT_THAT(complete({"run", "--f"}).candidates,
              Contains(Candidate{"--fail-fast", "start no further case after one that did not pass"}));
}

TEST_F(Answers, LeaveOutOptionsThatAreAlreadyGiven) {
  EXPECT_THAT(words({"run", "--trace", "--tr"}), ElementsAre());
  EXPECT_THAT(words({"run", "-j", "4", "--jo"}), ElementsAre());
  EXPECT_THAT(words({"run", "--junit=x", "--ju"}), ElementsAre());
  EXPECT_THAT(words({"run", "--case", "x", "--cas"}), ElementsAre("--case"));  // can be repeated
}

TEST_F(Answers, KnowTheWordsOfAnOption) {
  EXPECT_THAT(words({"run", "--time", ""}), ElementsAre("virtual", "real", "deterministic"));
  EXPECT_THAT(words({"run", "--time=v"}), ElementsAre("--time=virtual"));
  EXPECT_THAT(words({"run", "--gdb="}), Contains("--gdb=wait"));
  EXPECT_EQ(file_names({"run", "--gdb", "hel"}), FileNames::plans);  // a value needs '='
  EXPECT_THAT(words({"explain", "K090"}), ElementsAre("K0901", "K0902", "K0903"));
  EXPECT_THAT(words({"completions", ""}), ElementsAre("bash", "zsh", "fish"));
  EXPECT_THAT(words({"completions", "bash", ""}), ElementsAre());
  EXPECT_THAT(words({"run", "--jobs", ""}), ElementsAre());
  EXPECT_THAT(words({"run", "--no-such-option=x"}), ElementsAre());
}

TEST_F(Answers, NameTheFilesThatAreTakenThere) {
  EXPECT_EQ(file_names({"run", "hel"}), FileNames::plans);
  EXPECT_EQ(file_names({"run", "-j", "4", "hel"}), FileNames::plans);
  EXPECT_EQ(file_names({"run", "--", "--x"}), FileNames::plans);
  EXPECT_EQ(file_names({"run", "--junit", "re"}), FileNames::files);
  EXPECT_EQ(file_names({"run", "--junit=re"}), FileNames::files);
  EXPECT_EQ(complete({"run", "--junit=re"}).before, "--junit=");
  EXPECT_EQ(file_names({"run", "--out", ""}), FileNames::folders);
  EXPECT_EQ(file_names({"rerun", ""}), FileNames::folders);
  EXPECT_EQ(file_names({"run", "--kernel", "debian-6"}), FileNames::none);
  EXPECT_EQ(file_names({"run", "--kernel", "/boot/v"}), FileNames::files);
  EXPECT_EQ(file_names({"run", "--ju"}), FileNames::none);
}

TEST_F(Answers, LookUpKernelsAndCases) {
  EXPECT_THAT(words({"run", "--kernel", "debian-6"}), ElementsAre("debian-6.1-cloud"));
  EXPECT_THAT(words({"run", "--kernel=debian-6"}), ElementsAre("--kernel=debian-6.1-cloud"));
  EXPECT_THAT(words({"run", "--kernel", "debian-6.1-cloud,ho"}), ElementsAre("debian-6.1-cloud,host"));
  EXPECT_THAT(words({"run", "--kernel", "host,"}), ElementsAre("host,debian-6.1-cloud", "host,debian-5.10-cloud"));
  EXPECT_THAT(words({"kernels", "fetch", "debian-5"}), ElementsAre("debian-5.10-cloud"));
  EXPECT_THAT(words({"run", "hello.yaml", "--case", "hello ["}),
              ElementsAre("hello [cpus=1]", "hello [cpus=4 mode=fast]"));
  EXPECT_THAT(words({"run", "hello.yaml", "--case=hello [cpus=1"}), ElementsAre("--case=hello [cpus=1]"));
  EXPECT_THAT(words({"run", "--case", "h"}), ElementsAre());  // no plan is named yet
}

TEST_F(Answers, AreALineForEachCandidate) {
  EXPECT_EQ(answer_text({FileNames::none, "", {}}), "words\t\n");
  EXPECT_EQ(answer_text({FileNames::files, "--junit=", {}}), "files\t--junit=\n");
  EXPECT_EQ(answer_text({FileNames::folders, "", {{"a b", ""}, {"c", "one\ttwo\nthree"}}}),
            "folders\t\na b\nc\tone two three\n");
  EXPECT_EQ(answer_text({FileNames::plans, "", {}}), "plans\t\n");
}

std::string single_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// Completions by the shells themselves, in a folder with some files, with the real kmodtest, two kernels and two
/// cases.
class Completions : public testing::Test {
 protected:
  Completions() {
    fs::create_directories(folder_ / "plans");
    for (const char *name : {"hello.ko", "hello.c", "report.xml"}) std::ofstream(folder_ / name) << "";
    scratch_.write("hello.yaml",
                   "name: hello\nmodule: hello\nguest: {cpus: [1, 4]}\nmatrix: {mode: [fast]}\nsteps:\n"
                   "  - load: {params: {mode: \"${mode}\"}}\n");
    fs::create_directories(folder_ / "bin");
    fs::create_symlink(KMODTEST_BINARY, folder_ / "bin" / "kmodtest");
    std::string catalogue = "kernels:\n";
    for (const char *name : {"debian-6.1-cloud", "debian-5.10-cloud"})
      catalogue +=
          fmt::format("  - {{name: {}, description: d, suite: s, image_package: i, headers_package: h}}\n", name);
    scratch_.write("bin/kernels.yaml", catalogue);
  }

  base::ProcessResult run(const Strings &words) const {
    const std::string path = (folder_ / "bin").string() + ":/usr/local/bin:/usr/bin:/bin";
    return base::run_process(words, {folder_,
                                     {{"PATH", path},
                                      {"HOME", folder_.string()},
                                      {"KMODTEST_DATA", (folder_ / "bin").string()},
                                      {"KMODTEST_CACHE", (folder_ / "cache").string()},
                                      {"LC_ALL", "C.UTF-8"}},
                                     false});
  }

  fs::path script(std::string_view text) {
    std::ofstream(folder_ / "script") << text;
    return folder_ / "script";
  }

  /// Returns what bash offers for these words from readline; the last one is being written.
  Strings bash(const Strings &words) {
    std::string driver = fmt::format("source {}\nCOMP_WORDS=(", script(bash_stub()).string());
    for (const std::string &word : words) driver += single_quoted(word) + " ";
    driver += fmt::format(")\nCOMP_CWORD={}\n_kmodtest\n", words.size() - 1);
    driver += "if [[ ${#COMPREPLY[@]} -gt 0 ]]; then printf '%s\\n' \"${COMPREPLY[@]}\"; fi\n";
    const base::ProcessResult result = run({"bash", "--norc", "--noprofile", "-c", driver});
    EXPECT_EQ(result.err, "");
    EXPECT_EQ(result.exit_code, 0);
    return lines_of(result.out);
  }

  /// Returns what fish offers for a line.
  Strings fish(const std::string &line) {
    const fs::path file = script(fish_stub());
    const base::ProcessResult result = run(
        {"fish", "--no-config", "-c", fmt::format("source {}; complete -C {}", file.string(), single_quoted(line))});
    EXPECT_EQ(result.err, "");
    Strings words;
    for (const std::string &offered : lines_of(result.out)) words.push_back(offered.substr(0, offered.find('\t')));
    return words;
  }

  /// Returns what the stub passes to the functions of zsh's completion for a line: the candidates of _describe,
  /// complete, and the calls of _files. Outside of a widget, zsh itself has no line.
  Strings zsh(const Strings &words) {
    std::string driver = fmt::format(
        "autoload -Uz compinit; compinit -D -u -d {}/dump; source {}\n"
        "compset() {{ before=${{PREFIX[1,${{#${{(Q)2}}}}]}}; PREFIX=${{PREFIX#$~2}} }}\n"
        "_describe() {{ for line in \"${{(@P)2}}\"; do [[ $line == ${{(Q)PREFIX}}* ]] && print -r -- "
        "$before${{line%%:*}}; done }}\n"
        "_files() {{ print -r -- _files $* $before }}\n"
        "words=(",
        folder_.string(), script(zsh_stub()).string());
    for (const std::string &word : words) driver += single_quoted(word) + " ";
    driver += fmt::format(")\nCURRENT={}; PREFIX=$words[-1]; before=''\n$_comps[kmodtest]\ntrue\n", words.size());
    const base::ProcessResult result = run({"zsh", "-f", "-c", driver});
    EXPECT_EQ(result.err, "");
    EXPECT_EQ(result.exit_code, 0);
    return lines_of(result.out);
  }

  const support::ScratchFolder scratch_;
  const fs::path folder_ = scratch_.path();
};

TEST_F(Completions, BashKnowsCommandsAndOptions) {
  EXPECT_THAT(bash({"kmodtest", "ru"}), ElementsAre("run"));
  EXPECT_THAT(bash({"kmodtest", ""}), IsSupersetOf({"run", "explain", "doctor", "completions"}));
  EXPECT_THAT(bash({"kmodtest", "kernels", ""}), UnorderedElementsAre("list", "fetch", "build"));
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
              ElementsAre("hello [cpus=1 mode=fast]", "hello [cpus=4 mode=fast]"));
  EXPECT_THAT(bash({"kmodtest", "run", "hello.yaml", "--case", "hello\\ \\[cpus", "=", "1"}),
              ElementsAre("1\\ mode=fast\\]"));
  EXPECT_THAT(bash({"kmodtest", "run", "hello.yaml", "--case", "h"}),
              ElementsAre("hello\\ \\[cpus=1\\ mode=fast\\]", "hello\\ \\[cpus=4\\ mode=fast\\]"));
  EXPECT_THAT(bash({"kmodtest", "run", "--case", "h"}), ElementsAre());  // no plan yet
}

TEST_F(Completions, FishCompletesTheSame) {
  if (!is_installed("fish")) GTEST_SKIP() << "fish is not installed";
  EXPECT_THAT(fish("kmodtest ru"), ElementsAre("run"));
  EXPECT_THAT(fish("kmodtest kernels "), UnorderedElementsAre("list", "fetch", "build"));
  EXPECT_THAT(fish("kmodtest run --ju"), ElementsAre("--junit"));
  EXPECT_THAT(fish("kmodtest list --ju"), Not(Contains("--junit")));
  EXPECT_THAT(fish("kmodtest run --time "), UnorderedElementsAre("virtual", "real", "deterministic"));
  EXPECT_THAT(fish("kmodtest run --time=v"), ElementsAre("--time=virtual"));
  EXPECT_THAT(fish("kmodtest run --kernel debian-6"), Contains("debian-6.1-cloud"));
  EXPECT_THAT(fish("kmodtest kernels fetch debian-5"), ElementsAre("debian-5.10-cloud"));
  EXPECT_THAT(fish("kmodtest run hello.yaml --case hello"),
              UnorderedElementsAre("hello [cpus=1 mode=fast]", "hello [cpus=4 mode=fast]"));
  EXPECT_THAT(fish("kmodtest run hel"), IsSupersetOf({"hello.yaml", "hello.ko"}));
  EXPECT_THAT(fish("kmodtest explain K090"), ElementsAre("K0901", "K0902", "K0903"));
}

TEST_F(Completions, ZshCompletesTheSame) {
  if (!is_installed("zsh")) GTEST_SKIP() << "zsh is not installed";
  const base::ProcessResult parsed = run({"zsh", "-n", script(zsh_stub()).string()});
  EXPECT_EQ(parsed.exit_code, 0) << parsed.err;
  EXPECT_THAT(zsh({"kmodtest", "ru"}), ElementsAre("run"));
  EXPECT_THAT(zsh({"kmodtest", "kernels", ""}), UnorderedElementsAre("list", "fetch", "build"));
  EXPECT_THAT(zsh({"kmodtest", "run", "--ju"}), ElementsAre("--junit"));
  EXPECT_THAT(zsh({"kmodtest", "list", "--ju"}), ElementsAre());
  EXPECT_THAT(zsh({"kmodtest", "run", "--time", ""}), ElementsAre("virtual", "real", "deterministic"));
  EXPECT_THAT(zsh({"kmodtest", "run", "--time=v"}), ElementsAre("--time=virtual"));
  EXPECT_THAT(zsh({"kmodtest", "run", "--kernel", "debian-6.1-cloud,ho"}), ElementsAre("debian-6.1-cloud,host"));
  EXPECT_THAT(zsh({"kmodtest", "kernels", "fetch", "debian-5"}), ElementsAre("debian-5.10-cloud"));
  EXPECT_THAT(zsh({"kmodtest", "run", "hello.yaml", "--case", "hello\\ "}),
              ElementsAre("hello [cpus=1 mode=fast]", "hello [cpus=4 mode=fast]"));
  EXPECT_THAT(zsh({"kmodtest", "run", "hel"}), ElementsAre("_files -g *.(yaml|yml|ko)(-.)"));
  EXPECT_THAT(zsh({"kmodtest", "run", "--junit=re"}), ElementsAre("_files --junit="));
  EXPECT_THAT(zsh({"kmodtest", "run", "--out", ""}), ElementsAre("_files -/"));
}

TEST_F(Completions, AskTheProgramThatIsWritten) {
  const fs::path other = folder_ / "other";
  scratch_.write("other", "#!/bin/sh\nprintf 'words\\t\\nother\\n'\n");
  fs::permissions(other, fs::perms::owner_all);
  EXPECT_THAT(bash({"./other", ""}), ElementsAre("other"));
  EXPECT_THAT(bash({"~/other", ""}), ElementsAre("other"));
  EXPECT_THAT(bash({"no-such-program", "ru"}), ElementsAre("run"));  // like an alias
}

TEST_F(Completions, AreSilentAboutPlansAndCataloguesWithErrors) {
  scratch_.write("broken.yaml", "name: [\n");
  scratch_.write("bin/kernels.yaml", "kernels: none\n");
  for (const Strings &words : {Strings{"run", "broken.yaml", "--case", ""},
                               {"run", "missing.yaml", "plans", "--case", ""},
                               {"run", "hello.c", "--case", ""},
                               {"no", "such", ""},
                               {"run", "--no-such-option", ""}}) {
    Strings line = {KMODTEST_BINARY, "__complete", "--"};
    line.insert(line.end(), words.begin(), words.end());
    const base::ProcessResult result = run(line);
    EXPECT_EQ(result.err, "");
    EXPECT_EQ(result.exit_code, 0);
  }
  EXPECT_EQ(run({KMODTEST_BINARY, "__complete"}).out, "words\t\n");
  EXPECT_EQ(run({KMODTEST_BINARY, "__complete", "--", "run", "--kernel", ""}).out,
            "words\t\nhost\tthe kernel of this machine\n");
  EXPECT_EQ(run({KMODTEST_BINARY, "__complete", "--", "run", "broken.yaml", "~/hello.yaml", "--case", ""}).out,
            "words\t\nhello [cpus=1 mode=fast]\nhello [cpus=4 mode=fast]\n");
  EXPECT_FALSE(fs::exists(folder_ / "cache"));
}

TEST_F(Completions, TheCommandThatAnswersIsHidden) {
  EXPECT_THAT(run({KMODTEST_BINARY, "--help"}).out, Not(HasSubstr("__complete")));
  EXPECT_THAT(run({KMODTEST_BINARY, "man"}).out, Not(HasSubstr("__complete")));
  EXPECT_THAT(run({KMODTEST_BINARY, "__complete", "--", "__"}).out, Not(HasSubstr("__complete")));
  for (const char *shell : {"bash", "zsh", "fish"})
    EXPECT_THAT(run({KMODTEST_BINARY, "completions", shell}).out, HasSubstr("__complete")) << shell;
}

}  // namespace
}  // namespace kmodtest::cli
