// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <set>
#include <yaml-cpp/yaml.h>

#include "base/error.hpp"
#include "kernel/kernel.hpp"
#include "storage/files.hpp"

namespace kmodtest::kernel {
namespace {

constexpr std::array kKeys{"name",   "description",     "default",         "alias",          "fuller",
                           "suite",  "image_package",   "headers_package", "make_arguments", "source_package",
                           "config", "build_arguments", "compiled_files"};

/// Reads one file and names it in messages.
class CatalogueReader {
 public:
  explicit CatalogueReader(std::string file) : file_(std::move(file)) {}

  std::vector<CatalogueEntry> read(const YAML::Node &root) const {
    const YAML::Node list = root.IsMap() ? root["kernels"] : YAML::Node(YAML::NodeType::Undefined);
    if (!list.IsDefined() || !list.IsSequence() || list.size() == 0) {
      fail(root.Mark(), "the catalogue needs a list 'kernels' with at least one kernel");
    }
    std::vector<CatalogueEntry> entries;
    std::set<std::string> names;
    const CatalogueEntry *first_default = nullptr;
    entries.reserve(list.size());
    for (const auto &item : list) {
      entries.push_back(entry(item));
      const auto &added = entries.back();
      if (!names.insert(added.name).second) {
        fail(item["name"].Mark(), fmt::format("there are two kernels named '{}'", added.name));
      }
      if (added.is_default && first_default != nullptr) {
        fail(item["default"].Mark(),
             fmt::format("'{}' and '{}' are both the default", first_default->name, added.name));
      }
      if (added.is_default) first_default = &added;
    }
    for (std::size_t at = 0; at < entries.size(); ++at) {
      const std::string &fuller = entries[at].fuller;
      if (!fuller.empty() && names.count(fuller) == 0)
        fail(list[at]["fuller"].Mark(), fmt::format("there is no kernel '{}'", fuller));
    }
    return entries;
  }

  [[noreturn]] void fail(const YAML::Mark &mark, const std::string &message) const {
    // yaml-cpp counts from zero; a missing node has a null mark.
    throw base::UsageError(
        base::Code::bad_catalogue,
        fmt::format("{}:{}:{}: {}", file_, std::max(mark.line, 0) + 1, std::max(mark.column, 0) + 1, message),
        "correct it, or install kmodtest again");
  }

 private:
  CatalogueEntry entry(const YAML::Node &node) const {
    if (!node.IsMap()) fail(node.Mark(), "a kernel is a map of keys and values");
    for (const auto &pair : node) {
      const auto key = pair.first.as<std::string>("");
      if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
        fail(pair.first.Mark(), fmt::format("unknown key '{}'", key));
      }
    }
    CatalogueEntry result;
    result.name = text(node, "name", true);
    // The name becomes the name of a folder in the cache.
    if (result.name.find('/') != std::string::npos || result.name.starts_with('.') || result.name == "host") {
      fail(node["name"].Mark(), fmt::format("'{}' cannot be the name of a kernel", result.name));
    }
    result.description = text(node, "description", false);
    result.alias = text(node, "alias", false);
    result.fuller = text(node, "fuller", false);
    result.suite = text(node, "suite", true);
    result.source_package = text(node, "source_package", false);
    result.image_package = text(node, "image_package", !result.is_built());
    result.headers_package = text(node, "headers_package", !result.is_built());
    if (result.is_built()) read_build(node, result);
    if (const auto value = node["default"]) {
      if (!YAML::convert<bool>::decode(value, result.is_default)) {
        fail(value.Mark(), "'default' has to be true or false");
      }
    }
    result.make_arguments = words(node, "make_arguments");
    return result;
  }

  /// Reads what only a kernel that is built here has.
  void read_build(const YAML::Node &node, CatalogueEntry &entry) const {
    for (const char *key : {"image_package", "headers_package"}) {
      if (node[key]) fail(node[key].Mark(), fmt::format("a kernel with 'source_package' has no '{}'", key));
    }
    entry.config = words(node, "config");
    if (entry.config.empty()) fail(node.Mark(), "a kernel with 'source_package' needs a list 'config' of files");
    entry.build_arguments = words(node, "build_arguments");
    const auto files = node["compiled_files"];
    if (files && (!YAML::convert<int>::decode(files, entry.compiled_files) || entry.compiled_files < 0))
      fail(files.Mark(), "'compiled_files' has to be a number");
  }

  std::vector<std::string> words(const YAML::Node &node, const std::string &key) const {
    std::vector<std::string> words;
    const auto value = node[key];
    if (!value) return words;
    if (!value.IsSequence()) fail(value.Mark(), fmt::format("'{}' has to be a list of words", key));
    for (const auto &word : value) {
      if (!word.IsScalar()) fail(word.Mark(), fmt::format("'{}' has to be a list of words", key));
      words.push_back(word.Scalar());
    }
    return words;
  }

  std::string text(const YAML::Node &node, const std::string &key, bool required) const {
    const auto value = node[key];
    if (!value) {
      if (required) fail(node.Mark(), fmt::format("this kernel lacks the key '{}'", key));
      return {};
    }
    if (!value.IsScalar() || value.Scalar().empty()) fail(value.Mark(), fmt::format("'{}' has to be a text", key));
    return value.Scalar();
  }

  std::string file_;
};

}  // namespace

std::vector<CatalogueEntry> read_catalogue(const std::filesystem::path &file) {
  const CatalogueReader reader(file.string());
  const auto bytes = storage::read_whole_file(file);
  try {
    return reader.read(YAML::Load(bytes));
  } catch (const YAML::Exception &error) {
    reader.fail(error.mark, error.msg);
  }
}

}  // namespace kmodtest::kernel
