// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/modules/ready_build.hpp"

#include <fmt/format.h>

#include "kernel/kernel.hpp"
#include "kernel/modules/build_stamp.hpp"
#include "kernel/modules/module.hpp"
#include "storage/digest.hpp"

namespace kmodtest::kernel {

namespace {

namespace fs = std::filesystem;

constexpr const char *kContentRecipe = "1";  // raise it when builds change in a way that the key does not contain
constexpr const char *kReady = "ready";
constexpr std::size_t kDigits = 32;

}  // namespace

std::string content_key(const BuildWish &wish, const Kernel &kernel, const SourceTree &tree, const SourceFiles &sources,
                        const std::vector<fs::path> &symvers) {
  storage::Sha256 digest;
  digest.field(kContentRecipe).field(kernel.digest).field(kernel.release);
  for (const auto &argument : kernel.make_arguments) digest.field(argument);
  digest.field(tree.folder.lexically_relative(tree.root).string());
  digest.field(wish.target).field(wish.before).field(wish.scripts ? "scripts" : "");
  for (const auto &variable : wish.variables) digest.field(variable);
  digest.field("sources");
  for (const auto &[name, content] : sources) digest.field(name).field(content);
  digest.field("symbols");
  for (const auto &file : symvers) digest.field(storage::sha256_file(file));
  return digest.hex().substr(0, kDigits);
}

std::optional<std::vector<fs::path>> ready_modules(const fs::path &cache, const std::string &key) {
  const fs::path folder = cache / kReady / key;
  const Stamp stamp = read_stamp(folder / kStamp);
  if (stamp.content != key || !stamp.has_all_in(folder)) return std::nullopt;
  std::vector<fs::path> modules;
  for (const auto &module : stamp.modules) modules.push_back(folder / module);
  return modules;
}

std::optional<ReadyBuild> ready_build_of(const fs::path &ko) {
  std::error_code error;
  fs::path folder = ko.parent_path();
  while (!fs::exists(folder / kStamp, error)) {
    if (folder == folder.root_path() || folder.empty()) return std::nullopt;
    folder = folder.parent_path();
  }
  const Stamp stamp = read_stamp(folder / kStamp);
  if (stamp.content.empty() || !stamp.has_all_in(folder)) return std::nullopt;
  ReadyBuild build{.place = fmt::format("{}/{}", kReady, stamp.content), .folder = folder, .files = {kStamp}};
  for (const auto &module : stamp.modules) build.files.emplace_back(module);
  // Later builds use the exported symbols.
  for (auto entry = fs::recursive_directory_iterator(folder); entry != fs::recursive_directory_iterator(); ++entry) {
    if (entry->is_regular_file() && entry->path().filename() == "Module.symvers")
      build.files.push_back(entry->path().lexically_relative(folder));
  }
  return build;
}

}  // namespace kmodtest::kernel
