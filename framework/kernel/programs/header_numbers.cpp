// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/programs/header_numbers.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/process.hpp"
#include "kernel/boot/elf_file.hpp"
#include "kernel/kernel.hpp"
#include "kernel/modules/module.hpp"
#include "storage/digest.hpp"
#include "storage/files.hpp"
#include "text/json.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRecipe = "1";  // raise it when the way to compile changes
constexpr std::string_view kSection = ".kmodtest_number";

/// Headers that are for the kernel alone, and that `make headers_install` takes out of those for programs
/// (kernel: scripts/headers_install.sh).
constexpr std::array kLeftOut{"linux/compiler.h", "linux/compiler_types.h"};

bool is_of_system(std::string_view header) {
  return header.starts_with('<');
}

fs::path kept_file(const std::string &header, const std::string &expression, const Kernel &kernel,
                   const fs::path &cache) {
  storage::Sha256 digest;
  digest.field(kRecipe).field(expression).field(kernel.digest);
  digest.field(is_of_system(header) ? header : storage::sha256_file(header));
  return cache / "numbers" / (digest.hex().substr(0, 32) + ".json");
}

/// Returns a number that was kept, if the files that it was read from are still the same. Their paths are relative to
/// the header's folder: another machine has them elsewhere.
std::optional<std::uint64_t> read_kept(const fs::path &file, const std::string &header) {
  std::error_code error;
  if (!fs::exists(file, error)) return std::nullopt;
  const auto json = text::Json::parse(storage::read_whole_file(file), nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto number = json.find("number"), files = json.find("files");
  if (number == json.end() || !number->is_number_unsigned() || files == json.end() || !files->is_object())
    return std::nullopt;
  for (const auto &[name, digest] : files->items()) {
    const fs::path path = fs::path(header).parent_path() / name;
    if (!fs::is_regular_file(path, error) || digest != storage::sha256_file(path)) return std::nullopt;
  }
  return number->get<std::uint64_t>();
}

/// Returns the prerequisites in the rule of a makefile, as `gcc -MMD` writes it.
std::vector<fs::path> files_of_rule(const std::string &rule) {
  std::istringstream words(rule.substr(std::min(rule.size(), rule.find(": ") + 2)));
  std::vector<fs::path> files;
  std::string name;
  for (std::string word; words >> word;) {
    if (word == "\\") continue;
    name += word;
    // A blank of a name has a backslash before it.
    if (name.ends_with('\\')) {
      name.back() = ' ';
      continue;
    }
    files.emplace_back(std::exchange(name, {}));
  }
  return files;
}

std::string compiler_for(const Kernel &kernel) {
  const std::string own = compiler_of(kernel);
  for (const std::string &name : {own, std::string("gcc"), std::string("cc"), std::string("clang")})
    if (base::program_in_path(name)) return name;
  throw base::UsageError(base::Code::no_compiler, fmt::format("the compiler '{}' is missing", own),
                         fmt::format("install the package {}, or write the number into the plan", own));
}

/// Returns the folders of a kernel's headers. What Debian has for all flavours of a version is in a folder next to that
/// of the flavour, whose Makefile includes the other one's; a tree that was built elsewhere has a link to its source.
std::vector<fs::path> trees_of(const Kernel &kernel) {
  if (kernel.headers.empty()) return {};
  std::vector<fs::path> trees{kernel.headers, kernel.headers / "source"};
  std::error_code error;
  const fs::path makefile = kernel.headers / "Makefile";
  if (!fs::exists(makefile, error)) return trees;
  std::istringstream lines(storage::read_whole_file(makefile));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("include ") || !line.ends_with("/Makefile")) continue;
    const fs::path other = fs::path(line.substr(std::strlen("include "))).parent_path();
    trees.push_back(kernel.headers.parent_path() / other.filename());
  }
  return trees;
}

/// Returns where a kernel has its headers for programs.
std::vector<fs::path> folders_for_programs(const Kernel &kernel) {
  std::error_code error;
  std::vector<fs::path> folders;
  for (const fs::path &tree : trees_of(kernel)) {
    for (const char *part :
         {"include/uapi", "include/generated/uapi", "arch/x86/include/uapi", "arch/x86/include/generated/uapi"}) {
      if (fs::is_directory(tree / part, error)) folders.push_back(tree / part);
    }
  }
  return folders;
}

/// Compiles one expression in a folder of its own, which is gone afterwards.
class Compilation {
 public:
  Compilation(const std::string &header, const std::string &expression, const Kernel &kernel, fs::path folder)
      : header_(header), expression_(expression), kernel_(kernel), folder_(std::move(folder)) {
    storage::make_folder(folder_);
  }
  Compilation(const Compilation &) = delete;
  Compilation &operator=(const Compilation &) = delete;
  ~Compilation() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  std::uint64_t number() {
    for (const char *name : kLeftOut) {
      storage::make_folder((folder_ / "left-out" / name).parent_path());
      storage::write_whole_file(folder_ / "left-out" / name, "");
    }
    storage::write_whole_file(folder_ / "number.c", source());
    const auto result = base::run_process(
        command(),
        {.directory = folder_, .environment = {{"LC_ALL", "C"}, {"CPATH", std::nullopt}}, .merge_output = true});
    if (!result.ok()) refuse(result.out);
    return read_object();
  }

  /// Returns the user's files that were read, by their paths relative to the header's folder, with their digests.
  text::Json files() const {
    text::Json files = text::Json::object();
    if (is_of_system(header_)) return files;
    for (const fs::path &file : files_of_rule(storage::read_whole_file(folder_ / "number.d"))) {
      if (!file.is_absolute()) continue;
      files[file.lexically_relative(fs::path(header_).parent_path()).string()] = storage::sha256_file(file);
    }
    return files;
  }

 private:
  std::string source() const {
    const std::string included = is_of_system(header_) ? header_ : fmt::format("\"{}\"", header_);
    return fmt::format(
        "#include <stddef.h>\n#include <linux/ioctl.h>\n#include <linux/types.h>\n#include {}\n"
        "__attribute__((section(\"{}\"), used)) const unsigned long long kmodtest_number =\n"
        "#line 1 \"plan\"\n(unsigned long long)({});\n",
        included, kSection, expression_);
  }

  std::vector<std::string> command() const {
    std::vector<std::string> words{compiler_for(kernel_),
                                   "-c",
                                   "-w",
                                   "-O0",
                                   "-m64",
                                   "-MMD",
                                   "number.c",
                                   "-o",
                                   "number.o",
                                   "-fno-lto",
                                   "-D__user=",
                                   "-D__force=",
                                   "-D__EXPORTED_HEADERS__",
                                   "-isystem",
                                   "left-out"};
    for (const fs::path &folder : folders_for_programs(kernel_))
      words.insert(words.end(), {"-isystem", folder.string()});
    if (!is_of_system(header_)) words.push_back("-I" + fs::path(header_).parent_path().string());
    return words;
  }

  std::uint64_t read_object() const {
    const std::string object = storage::read_whole_file(folder_ / "number.o");
    const auto bytes = ElfFile(object).section(kSection);
    std::uint64_t number = 0;
    if (bytes.size() != sizeof number)
      throw base::Error(base::Code::header_number, fmt::format("the compiler's file has no number for {}", expression_),
                        "write the number into the plan");
    std::memcpy(&number, bytes.data(), sizeof number);
    return number;
  }

  /// Throws the compiler's first error.
  [[noreturn]] void refuse(const std::string &output) const {
    std::istringstream lines(output);
    std::string first;
    for (std::string line; std::getline(lines, line) && first.empty();) {
      if (const auto at = line.find("error: "); at != std::string::npos)
        first = line.substr(at + std::strlen("error: "));
    }
    throw base::UsageError(
        base::Code::header_number,
        fmt::format("{} has no value with {}: {}", expression_, header_, first.empty() ? output : first),
        "name a header that programs can include too, or write the number itself");
  }

  const std::string &header_;
  const std::string &expression_;
  const Kernel &kernel_;
  fs::path folder_;
};

}  // namespace

HeaderNumber number_in_header(const std::string &header, const std::string &expression, const Kernel &kernel,
                              const fs::path &cache) {
  HeaderNumber found{.number = 0, .kept = kept_file(header, expression, kernel, cache)};
  storage::make_folder(found.kept.parent_path());
  const storage::FileLock lock(fs::path(found.kept).replace_extension(".lock"));
  if (const auto known = read_kept(found.kept, header)) {
    found.number = *known;
    return found;
  }
  Compilation compilation(header, expression, kernel, fs::path(found.kept).replace_extension(".partial"));
  found.number = compilation.number();
  storage::write_whole_file(found.kept,
                            text::json_text(text::Json{{"number", found.number}, {"files", compilation.files()}}));
  return found;
}

}  // namespace kmodtest::kernel
