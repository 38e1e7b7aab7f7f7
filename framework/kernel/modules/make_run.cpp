// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/modules/make_run.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <regex>
#include <string_view>
#include <thread>
#include <unistd.h>

#include "kernel/modules/dkms_conf.hpp"
#include "kernel/modules/makefiles.hpp"
#include "kernel/modules/shell_text.hpp"
#include "storage/files.hpp"
#include "text/module_name.hpp"
#include "text/replace.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

using Words = std::vector<std::string>;

/// What a build sees of this process's environment: where programs are, and who the user is.
constexpr std::array<std::string_view, 8> kKept{"PATH",  "HOME",   "USER",       "LOGNAME",
                                                "SHELL", "TMPDIR", "CCACHE_DIR", "LD_LIBRARY_PATH"};

/// Programs in the MAKE of a dkms.conf that only move what was built.
constexpr std::array<std::string_view, 8> kMovers{"find", "mv", "cp", "install", "echo", "true", "/bin/true", ":"};

void append(Words &words, const Words &more) {
  words.insert(words.end(), more.begin(), more.end());
}

/// Returns the compiler's flags that a module is built with on top of the kernel's: no jumps instead of a function's
/// last call, which would hide the function from kernel reports, and -g if the kernel's configuration does not ask for
/// debug information, from which frames in the module get their source lines.
std::string own_flags(const fs::path &configuration) {
  std::string flags = "KCFLAGS=-fno-optimize-sibling-calls";
  if (!text::contains("\n" + storage::read_whole_file(configuration), "\nCONFIG_DEBUG_INFO=y\n")) flags += " -g";
  return flags;
}

Words common_words(const BuildPlace &place) {
  Words words{"--no-print-directory", fmt::format("-j{}", std::max(1U, std::thread::hardware_concurrency()))};
  append(words, make_settings(*place.kernel));
  return words;
}

/// Returns the words for a makefile that is not read by Kbuild alone.
Words words_for_own_makefile(const BuildPlace &place) {
  Words words = common_words(place);
  append(words, read_makefiles(place.root).settings(place.kernel->headers.string(), place.kernel->release));
  return words;
}

Words kbuild_command(const BuildPlace &place, const BuildWish &wish) {
  Words words{"make", "-C", place.kernel->headers, "M=" + place.folder.string(), "ARCH=x86"};
  append(words, common_words(place));
  append(words, wish.variables);
  words.push_back(wish.target.empty() ? "modules" : wish.target);
  return words;
}

Words own_command(const BuildPlace &place, const BuildWish &wish) {
  Words words{"make"};
  append(words, words_for_own_makefile(place));
  append(words, wish.variables);
  if (!wish.target.empty()) words.push_back(wish.target);
  return words;
}

/// Returns how a command of this build is started in `directory`. A makefile that names its own symbol files keeps
/// them: make's command line would override those.
base::ProcessOptions options_in(const BuildPlace &place, const fs::path &directory) {
  auto options = options_of_build(directory);
  if (place.symvers.empty()) return options;
  // kernel: Documentation/kbuild/modules.rst, "Symbols From Another External Module"
  std::string files;
  for (const auto &file : place.symvers) files += file.string() + " ";
  options.environment.emplace_back("KBUILD_EXTRA_SYMBOLS", files);
  return options;
}

[[noreturn]] void refuse_script(const std::string &what) {
  throw base::UsageError(base::Code::build_needs_scripts, what + ", and nothing but make runs without being allowed",
                         "allow it with --build-scripts: it runs on this machine, in a copy of the folder");
}

/// Runs the parts of one build after each other.
class Build {
 public:
  Build(const BuildPlace &place, const BuildWish &wish) : place_(place), wish_(wish) {
    if (!wish.target.empty() || !wish.before.empty()) return;
    const fs::path file = place.folder / "dkms.conf";
    std::error_code error;
    if (!fs::exists(file, error)) return;
    conf_folder_ = place.folder;
    conf_.emplace(wish.scripts ? values_by_shell() : storage::read_whole_file(file), places());
  }

  const std::optional<DkmsConf> &conf() const { return conf_; }

  BuildEnd run() {
    if (!wish_.before.empty()) {
      if (!wish_.scripts) refuse_script(fmt::format("the build has to run '{}' first (before)", wish_.before));
      shell(wish_.before, place_.folder);
    }
    if (conf_) apply_patches();
    if (conf_) pre_build();
    if (!failed()) main_part();
    return std::move(result_);
  }

 private:
  DkmsPlaces places() const {
    return {
        .release = place_.kernel->release, .headers = place_.kernel->headers.string(), .folder = conf_folder_.string()};
  }

  /// Lets a shell read the dkms.conf, and returns one without any variables.
  std::string values_by_shell() const {
    const std::string script = fmt::format(
        "kernelver={} kernel_source_dir={} dkms_tree=/var/lib/dkms source_tree=/usr/src arch=x86_64; . ./dkms.conf "
        ">&2; "
        "for name in ${{!PACKAGE_*}} ${{!MAKE*}} ${{!BUILT_*}} ${{!PATCH*}} ${{!BUILD_*}} PRE_BUILD; do "
        "declare -n array=$name; for i in \"${{!array[@]}}\"; do "
        "printf \"%s[%s]='%s'\\n\" \"$name\" \"$i\" \"${{array[$i]}}\"; done; done",
        place_.kernel->release, place_.kernel->headers.string());
    auto options = options_of_build(conf_folder_);
    options.merge_output = false;
    return base::run_process({"bash", "-c", script}, options).out;
  }

  bool failed() const { return !result_.ok(); }

  void start(const Words &words, const base::ProcessOptions &options) {
    const auto result = base::run_process(words, options);
    result_.exit_code = result.exit_code;
    result_.out += result.out;
  }

  void shell(const std::string &text, const fs::path &folder) {
    auto options = options_of_build(folder);
    options.environment.emplace_back("kernelver", place_.kernel->release);
    options.environment.emplace_back("kernel_source_dir", place_.kernel->headers.string());
    start({"bash", "-c", text}, options);
  }

  std::string match_of(const char *array, int number) const {
    const auto all = conf_->values(array);
    const auto found = all.find(number);
    return found == all.end() ? std::string() : found->second;
  }

  bool is_for_kernel(const std::string &pattern) const {
    return pattern.empty() || std::regex_search(place_.kernel->release, std::regex(pattern, std::regex::egrep));
  }

  void apply_patches() {
    for (const auto &[number, name] : conf_->values("PATCH")) {
      if (failed() || !is_for_kernel(match_of("PATCH_MATCH", number))) continue;
      start({"patch", "-p1", "-i", conf_folder_ / "patches" / name}, options_of_build(conf_folder_));
    }
  }

  void pre_build() {
    const auto script = conf_->value("PRE_BUILD");
    if (failed() || (script && script->empty())) return;
    if (!wish_.scripts) refuse_script(fmt::format("dkms.conf runs '{}' before make (PRE_BUILD)", script.value_or("?")));
    shell(*script, conf_folder_);
  }

  /// Returns the MAKE of the dkms.conf for this kernel; empty if it has none.
  std::string make_of_conf() const {
    std::string chosen;
    for (const auto &[number, text] : conf_->values("MAKE")) {
      const std::string match = match_of("MAKE_MATCH", number);
      if (number == 0 || (!match.empty() && is_for_kernel(match))) chosen = text;
    }
    if (!conf_->value("MAKE[0]")) refuse_script("only a shell knows the MAKE of the dkms.conf");
    return chosen;
  }

  void main_part() {
    const std::string make = conf_ ? make_of_conf() : std::string();
    if (!make.empty()) {
      run_make_of_conf(make);
    } else if (conf_ || build_way_of(place_.folder) == BuildWay::kbuild) {
      result_.by_kbuild = wish_.target.empty() || wish_.target == "modules";
      start(result_.by_kbuild ? kbuild_command(place_, wish_) : own_command(place_, wish_),
            options_in(place_, place_.folder));
    } else {
      start(own_command(place_, wish_), options_in(place_, place_.folder));
    }
  }

  void run_make_of_conf(const std::string &text) {
    bool made = false;
    fs::path folder = conf_folder_;
    const bool names_release = text.starts_with("make");  // DKMS adds the release to these
    for (const auto &command : shell_commands(text)) {
      if (failed() && command.after_success) continue;
      const std::string program = fs::path(command.words.front()).filename();
      if (program == "make") {
        make_of_shell(command, folder, names_release);
        made = true;
      } else if (program == "cd" && command.words.size() == 2) {
        folder = (folder / command.words[1]).lexically_normal();
      } else if (wish_.scripts) {
        shell(text_of(command), folder);
      } else if (!made || std::find(kMovers.begin(), kMovers.end(), command.words.front()) == kMovers.end()) {
        refuse_script(fmt::format("the MAKE of the dkms.conf runs '{}'", text_of(command)));
      }
    }
  }

  static std::string text_of(const ShellCommand &command) {
    std::string text;
    for (const auto &word : command.words) {
      const bool bare = !word.empty() && (!command.plain || word.find_first_of(" \t'\"\\;()&") == std::string::npos);
      text += (text.empty() ? "" : " ") + (bare ? word : "'" + text::replaced(word, "'", "'\\''") + "'");
    }
    return text;
  }

  void make_of_shell(const ShellCommand &command, const fs::path &folder, bool names_release) {
    Words words{"make"};
    if (names_release) words.push_back("KERNELRELEASE=" + place_.kernel->release);
    append(words, words_for_own_makefile(place_));
    words.insert(words.end(), command.words.begin() + 1, command.words.end());
    append(words, wish_.variables);
    auto options = options_in(place_, folder);
    for (const auto &[name, value] : command.environment) options.environment.emplace_back(name, value);
    start(words, options);
  }

  const BuildPlace &place_;
  const BuildWish &wish_;
  fs::path conf_folder_;
  std::optional<DkmsConf> conf_;
  BuildEnd result_;
};

}  // namespace

fs::path configuration_of(const Kernel &kernel) {
  return kernel.headers / "include/config/auto.conf";
}

std::vector<std::string> make_settings(const Kernel &kernel) {
  std::vector<std::string> settings = kernel.make_arguments;
  const bool has_flags = std::any_of(settings.begin(), settings.end(),
                                     [](const std::string &setting) { return setting.starts_with("KCFLAGS="); });
  std::error_code error;
  const auto configuration = configuration_of(kernel);
  if (!has_flags && fs::exists(configuration, error)) settings.push_back(own_flags(configuration));
  return settings;
}

base::ProcessOptions options_of_build(const fs::path &directory) {
  base::ProcessOptions options;
  options.merge_output = true;
  options.directory = directory;
  for (char **entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string name(text.substr(0, text.find('=')));
    if (std::find(kKept.begin(), kKept.end(), name) == kKept.end())
      options.environment.emplace_back(name, std::nullopt);
  }
  options.environment.emplace_back("LC_ALL", "C");
  options.environment.emplace_back("PWD", directory.string());
  return options;
}

BuildEnd run_build(const BuildPlace &place, const BuildWish &wish) {
  return Build(place, wish).run();
}

BuildEnd run_kbuild_for_several(const BuildPlace &place) {
  Words words = kbuild_command(place, {});
  append(words, {"--keep-going", "--output-sync=target"});
  BuildEnd end;
  static_cast<base::ProcessResult &>(end) = base::run_process(words, options_in(place, place.folder));
  end.by_kbuild = true;
  return end;
}

std::optional<Exclusion> reason_to_skip(const BuildPlace &place, const BuildWish &wish) {
  const Build build(place, wish);
  if (!build.conf()) return std::nullopt;
  return dkms_exclusion(*build.conf(), place.kernel->release, read_kernel_config(*place.kernel));
}

std::vector<std::string> modules_of_dkms(const BuildPlace &place, const BuildWish &wish) {
  const Build build(place, wish);
  std::vector<std::string> names;
  if (!build.conf() || build.conf()->is_partly_unknown("BUILT_MODULE_NAME")) return names;
  for (const auto &[number, name] : build.conf()->values("BUILT_MODULE_NAME")) names.push_back(text::lsmod_name(name));
  return names;
}

}  // namespace kmodtest::kernel
