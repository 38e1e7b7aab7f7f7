// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/module_lookup.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "text/module_name.hpp"

namespace kmodtest::plan {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestName = 55;  // MODULE_NAME_LEN of 64-bit kernels, without the final zero
constexpr std::size_t kLongestPath = 1024;

fs::path resolved(const fs::path &path) {
  std::error_code error;
  fs::path real = fs::weakly_canonical(path, error);
  // A path that cannot be resolved (a loop of links, a name too long) is in no folder.
  return error ? fs::path{} : real;
}

bool is_below(const fs::path &path, const fs::path &folder) {
  if (path.empty() || folder.empty()) return false;
  const auto [end, rest] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end() || (std::next(end) == folder.end() && end->empty());
}

bool is_there(const fs::path &path) {
  std::error_code error;
  return fs::exists(path, error) && !error;
}

bool is_folder(const fs::path &path) {
  std::error_code error;
  return fs::is_directory(path, error) && !error;
}

/// Returns modules/faulty for the plans in testplans/faulty. Empty if there is no such folder.
fs::path mirrored_modules(const Places &places) {
  fs::path mirrored = (places.folder / "../../modules" / places.folder.filename()).lexically_normal();
  return is_folder(mirrored) ? mirrored : fs::path{};
}

/// Returns the candidates in the order in which they are tried.
std::vector<fs::path> candidates(const std::string &text, const Places &places) {
  const fs::path given(text);
  if (given.is_absolute()) return {given};
  if (text.starts_with(".")) return {(places.folder / given).lexically_normal()};
  std::vector<fs::path> out;
  const bool file = module_file_stem(text).has_value();
  if (!file) out.push_back(places.folder / (text + ".ko"));
  out.push_back(places.folder / given);
  out.push_back(places.folder / "modules" / given);
  out.push_back((places.folder / ".." / "modules" / given).lexically_normal());
  if (const fs::path mirrored = mirrored_modules(places); !mirrored.empty()) out.push_back(mirrored / given);
  for (const fs::path &root : places.roots) {
    if (!file) out.push_back(root / (text + ".ko"));
    out.push_back(root / given);
  }
  return out;
}

/// Returns the path as a user would write it: relative to the plan's folder if it is near.
std::string shown(const fs::path &path, const Places &places) {
  const fs::path relative = path.lexically_relative(places.folder);
  const std::string text = relative.string();
  if (!text.empty() && !text.starts_with("../../")) return text.starts_with("../") ? text : "./" + text;
  return path.string();
}

/// The keys of a module that say how it is built.
struct BuildKeys {
  ModuleBuild wish;
  fs::path folder;      ///< `dir`: below the tree
  bool leaves = false;  ///< `dir` is not below it
};

BuildKeys read_build(MapReader &reader) {
  BuildKeys keys;
  if (reader.has("dir") && !reader.has("tree"))
    reader.error(Code::missing_key, "dir", "'dir' is a folder of a 'tree' (e.g. {tree: .., dir: drv})");
  if (reader.has("tree") && reader.has("path"))
    reader.error(Code::keys_exclude, "tree", "'tree' cannot be combined with 'path'");
  if (!reader.has("tree") && !reader.has("path"))
    reader.error(Code::missing_key, "path", "the key 'path' is missing (e.g. path: ../modules/my-driver)");
  if (const auto folder = reader.text("dir")) keys.folder = *folder;
  keys.leaves = keys.folder.is_absolute() || keys.folder.lexically_normal().string().starts_with("..");
  if (keys.leaves) reader.error(Code::outside_of_folder, "dir", "'dir' is not below the tree");
  for (const auto &[name, value] : reader.parameters("make")) keys.wish.make.push_back(name + "=" + value);
  keys.wish.target = reader.text("target").value_or("");
  keys.wish.before = reader.text("before").value_or("");
  return keys;
}

/// Returns the name of the only module in a makefile: "ex" for "obj-m := ex.o".
std::optional<std::string> only_object_of(const fs::path &makefile) {
  std::ifstream lines(makefile);
  std::vector<std::string> names;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    if (!word.starts_with("obj-")) continue;
    while (words >> word) {
      if (word.ends_with(".o")) names.push_back(word.substr(0, word.size() - 2));
    }
  }
  if (names.size() != 1 || !is_module_name(names.front())) return std::nullopt;
  return names.front();
}

/// Returns the name that a folder's module has if it cannot have the folder's.
std::optional<std::string> name_in_makefile(const fs::path &folder) {
  for (const char *name : {"Kbuild", "Makefile"})
    if (is_there(folder / name)) return only_object_of(folder / name);
  return std::nullopt;
}

bool can_be_built(const fs::path &folder) {
  return is_there(folder / "Kbuild") || is_there(folder / "Makefile") || is_there(folder / "makefile") ||
         is_there(folder / "dkms.conf");
}

/// Returns the name that a module has by its keys alone.
std::string name_by_keys(const std::string &path, const fs::path &folder, const std::optional<std::string> &name) {
  if (name) return text::lsmod_name(*name);
  const fs::path whole = (fs::path(path) / folder).lexically_normal();
  const std::string last = (whole.has_filename() ? whole : whole.parent_path()).filename().string();
  return text::lsmod_name(module_file_stem(last).value_or(last));
}

/// Returns the module of an implementation. What is wrong with it is not the plan's fault: its case tells.
ModuleSource stand_in(const Implementation &one, ModuleBuild build, Location where) {
  std::error_code error;
  ModuleSource module{.path = resolved(fs::absolute(one.path, error)), .name = one.module, .where = std::move(where)};
  module.kind = module_file_stem(one.path.filename().string()) ? ModuleSource::Kind::file : ModuleSource::Kind::folder;
  module.build = std::move(build);
  return module;
}

std::optional<ModuleSource> read_module(const Node &node, const Places &places, Scope &scope,
                                        const std::vector<Implementation> &instead) {
  Node wrapped;
  if (node.kind != Node::Kind::map && node.kind != Node::Kind::scalar) {
    const Key *key = plan_table().find("module");
    scope.problems.error(Code::wrong_type, node,
                         fmt::format("'module' takes {}, not {} (e.g. module: {})", type_phrase(*key),
                                     kind_phrase(node.kind), key->example));
    return std::nullopt;
  }
  wrapped = as_map(node, "path");
  MapReader reader(wrapped, module_table(), scope);
  const char *key = reader.has("tree") ? "tree" : "path";
  const auto text = reader.text(key);
  const auto name = reader.text("name");
  const bool name_given = reader.has("name");
  const auto build = read_build(reader);
  if (!text || (name_given && !name) || build.leaves) return std::nullopt;
  const Node &place = reader.place(key);
  if (text->empty() || text->size() > kLongestPath) {
    scope.problems.error(Code::bad_name, place,
                         text->empty() ? "the module's name is empty" : "the module's path is too long");
    return std::nullopt;
  }
  if (name_given && !is_module_name(*name)) {
    scope.problems.error(Code::bad_name, reader.place("name"),
                         fmt::format("{} cannot be the name of a module (letters, digits, '_' and '-', at most {})",
                                     quote(*name), kLongestName));
    return std::nullopt;
  }
  const std::string own_name = name_by_keys(*text, build.folder, name);
  for (const Implementation &one : instead)
    if (one.module == own_name) return stand_in(one, build.wish, scope.source.at(place));
  std::vector<std::string> tried;
  for (const fs::path &candidate : candidates(*text, places)) {
    if (!places.allow(candidate)) {
      scope.problems.error(Code::outside_of_folder, place,
                           fmt::format("the module {} is outside of the plan's folder and of the modules' folders "
                                       "(--modules DIR allows another one)",
                                       quote(*text)));
      return std::nullopt;
    }
    tried.push_back(shown(candidate, places));
    if (!is_there(candidate)) continue;
    const fs::path folder = key == std::string_view("tree") ? (candidate / build.folder).lexically_normal() : candidate;
    Value<ModuleSource> module = name_given ? named_module_at(folder, *name) : module_at(folder);
    if (!module.value) {
      scope.problems.error(module.code, place, module.error);
      return std::nullopt;
    }
    module.value->build = build.wish;
    if (key == std::string_view("tree")) module.value->build.tree = resolved(candidate);
    if (name_given) module.value->name = text::lsmod_name(*name);
    module.value->where = scope.source.at(place);
    return std::move(module.value);
  }
  scope.problems.error(Code::unknown_module, place,
                       fmt::format("unknown module {} (looked for {})", quote(*text), fmt::join(tried, ", ")));
  return std::nullopt;
}

std::vector<const Node *> items_of(const Node &node) {
  if (node.kind != Node::Kind::list) return {&node};
  std::vector<const Node *> items;
  for (const Node &item : node.items) items.push_back(&item);
  return items;
}

/// Returns the names of the modules that the key names, as far as no variable and no build decides them.
std::vector<std::string> plain_module_names(const Node &node) {
  std::vector<std::string> names;
  for (const Node *item : items_of(node)) {
    const Node map = as_map(*item, "path");
    const auto text_of = [&map](const char *key) -> std::optional<std::string> {
      const Node *found = map.find(key);
      if (found == nullptr || found->kind != Node::Kind::scalar || found->variables) return std::nullopt;
      return found->text;
    };
    const auto path = map.find("tree") != nullptr ? text_of("tree") : text_of("path");
    if (path) names.push_back(name_by_keys(*path, text_of("dir").value_or(""), text_of("name")));
  }
  return names;
}

}  // namespace

bool Places::allow(const fs::path &path) const {
  const fs::path real = resolved(path);
  if (is_below(real, resolved(folder)) || is_below(real, resolved(folder / ".." / "modules"))) return true;
  if (is_below(real, resolved(mirrored_modules(*this)))) return true;
  return std::any_of(roots.begin(), roots.end(), [&](const fs::path &root) { return is_below(real, resolved(root)); });
}

bool is_module_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName && std::all_of(name.begin(), name.end(), [](char c) {
    return c == '_' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

std::optional<std::string> module_file_stem(const std::string &file_name) {
  for (const std::string_view ending : {".ko", ".ko.xz", ".ko.zst", ".ko.gz"})
    if (file_name.size() > ending.size() && file_name.ends_with(ending))
      return file_name.substr(0, file_name.size() - ending.size());
  return std::nullopt;
}

Value<ModuleSource> named_module_at(const fs::path &path, const std::string &name) {
  using V = Value<ModuleSource>;
  ModuleSource module;
  module.path = resolved(path);
  module.name = text::lsmod_name(name);
  const std::string text = path.string();
  if (is_folder(module.path)) {
    if (!can_be_built(module.path))
      return V::bad(
          Code::bad_name,
          fmt::format("the folder {} has neither a Kbuild nor a Makefile to build a module with", quote(text)));
    module.kind = ModuleSource::Kind::folder;
    return V::of(std::move(module));
  }
  if (!module_file_stem(path.filename().string()))
    return V::bad(Code::bad_name,
                  fmt::format("the file {} is not a kernel module (its name does not end in .ko)", quote(text)));
  module.kind = ModuleSource::Kind::file;
  return V::of(std::move(module));
}

Value<ModuleSource> module_at(const fs::path &path) {
  // "." and "folder/" have no file name of their own.
  const fs::path real = resolved(path);
  std::string stem = real.filename().string();
  if (!is_folder(real)) stem = module_file_stem(path.filename().string()).value_or(stem);
  if (is_folder(real) && !is_module_name(stem)) stem = name_in_makefile(real).value_or(stem);
  Value<ModuleSource> module = named_module_at(path, stem);
  if (!module.value || is_module_name(stem)) return module;
  return Value<ModuleSource>::bad(
      Code::bad_name, fmt::format("{} cannot be the name of a module (letters, digits, '_' and '-', at most {}); write "
                                  "{{path: FOLDER, name: NAME}} if it has another one",
                                  quote(stem), kLongestName));
}

std::vector<std::vector<Implementation>> implementation_choices(const Node &node,
                                                                const std::vector<Implementation> &all) {
  std::vector<std::vector<Implementation>> choices{{}};
  for (const std::string &name : plain_module_names(node)) {
    std::vector<std::vector<Implementation>> longer;
    for (const Implementation &one : all) {
      if (one.module != name) continue;
      for (std::vector<Implementation> choice : choices) {
        choice.push_back(one);
        longer.push_back(std::move(choice));
      }
    }
    if (!longer.empty()) choices = std::move(longer);
  }
  return choices;
}

std::vector<ModuleSource> read_modules(const Node &node, const Places &places, Scope &scope,
                                       const std::vector<Implementation> &instead) {
  const std::vector<const Node *> nodes = items_of(node);
  if (nodes.empty()) scope.problems.error(Code::empty_value, node, "the list of modules is empty");
  std::vector<ModuleSource> out;
  for (const Node *item : nodes) {
    auto module = read_module(*item, places, scope, instead);
    if (!module) continue;
    const bool twice =
        std::any_of(out.begin(), out.end(), [&](const ModuleSource &m) { return m.name == module->name; });
    if (twice)
      scope.problems.error(
          Code::same_module_name, *item,
          fmt::format("two modules of this plan have the name '{}' (the kernel accepts each name only once)",
                      module->name));
    else
      out.push_back(std::move(*module));
  }
  return out;
}

}  // namespace kmodtest::plan
