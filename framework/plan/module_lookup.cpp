// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/module_lookup.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string>
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

std::optional<ModuleSource> read_module(const Node &node, const Places &places, Scope &scope) {
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
  const auto text = reader.text("path");
  const auto name = reader.text("name");
  const bool name_given = reader.has("name");
  if (!text || (name_given && !name)) return std::nullopt;
  const Node &place = reader.place("path");
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
    Value<ModuleSource> module = module_at(candidate);
    if (!module.value) {
      scope.problems.error(module.code, place, module.error);
      return std::nullopt;
    }
    if (name_given) module.value->name = text::lsmod_name(*name);
    module.value->where = scope.source.at(place);
    return std::move(module.value);
  }
  scope.problems.error(Code::unknown_module, place,
                       fmt::format("unknown module {} (looked for {})", quote(*text), fmt::join(tried, ", ")));
  return std::nullopt;
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

Value<ModuleSource> module_at(const fs::path &path) {
  using V = Value<ModuleSource>;
  ModuleSource module;
  module.path = resolved(path);
  const std::string text = path.string();
  std::string stem;
  if (is_folder(module.path)) {
    if (!is_there(module.path / "Kbuild") && !is_there(module.path / "Makefile"))
      return V::bad(
          Code::bad_name,
          fmt::format("the folder {} has neither a Kbuild nor a Makefile to build a module with", quote(text)));
    module.kind = ModuleSource::Kind::folder;
    // "." and "folder/" have no file name of their own.
    stem = module.path.filename().string();
  } else {
    const auto file_stem = module_file_stem(path.filename().string());
    if (!file_stem)
      return V::bad(Code::bad_name,
                    fmt::format("the file {} is not a kernel module (its name does not end in .ko)", quote(text)));
    module.kind = ModuleSource::Kind::file;
    stem = *file_stem;
  }
  if (!is_module_name(stem))
    return V::bad(Code::bad_name,
                  fmt::format("{} cannot be the name of a module (letters, digits, '_' and '-', at most {})",
                              quote(stem), kLongestName));
  module.name = text::lsmod_name(stem);
  return V::of(std::move(module));
}

std::vector<ModuleSource> read_modules(const Node &node, const Places &places, Scope &scope) {
  std::vector<const Node *> nodes;
  if (node.kind == Node::Kind::list) {
    for (const Node &item : node.items) nodes.push_back(&item);
    if (nodes.empty()) scope.problems.error(Code::empty_value, node, "the list of modules is empty");
  } else {
    nodes.push_back(&node);
  }
  std::vector<ModuleSource> out;
  for (const Node *item : nodes) {
    auto module = read_module(*item, places, scope);
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
