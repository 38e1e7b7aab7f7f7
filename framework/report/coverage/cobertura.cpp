// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <map>
#include <sstream>

#include <pugixml.hpp>

#include "report/coverage/coverage_files.hpp"
#include "text/escape.hpp"

namespace kmodtest::report {
namespace {

void put(pugi::xml_node node, const char *name, const std::string &value) {
  node.append_attribute(name).set_value(text::xml_text(value).c_str());
}

std::string rate(const observe::Share &share) {
  return fmt::format("{:.4f}", share.all == 0 ? 1.0 : static_cast<double>(share.done) / static_cast<double>(share.all));
}

void put_rates(pugi::xml_node node, const observe::CoverageTotals &totals) {
  put(node, "line-rate", rate(totals.lines));
  put(node, "branch-rate", rate(totals.branches));
}

void add_line(pugi::xml_node lines, std::uint32_t number, const observe::LineCount &line) {
  pugi::xml_node node = lines.append_child("line");
  put(node, "number", std::to_string(number));
  put(node, "hits", std::to_string(line.times));
  put(node, "branch", line.jumps.empty() ? "false" : "true");
  if (line.jumps.empty()) return;
  const observe::Share all = observe::branches_of(line);
  put(node, "condition-coverage", fmt::format("{}% ({}/{})", all.percent(), all.done, all.all));
  pugi::xml_node conditions = node.append_child("conditions");
  for (std::size_t i = 0; i < line.jumps.size(); ++i) {
    const observe::Share one = observe::branches_of({.times = 0, .jumps = {line.jumps[i]}});
    pugi::xml_node condition = conditions.append_child("condition");
    put(condition, "number", std::to_string(i));
    put(condition, "type", "jump");
    put(condition, "coverage", fmt::format("{}%", one.percent()));
  }
}

void add_file(pugi::xml_node classes, const std::string &path, const observe::FileCoverage &file) {
  pugi::xml_node node = classes.append_child("class");
  put(node, "name", path.substr(path.rfind('/') + 1));
  put(node, "filename", path);
  put_rates(node, observe::totals_of(file));
  put(node, "complexity", "0");
  pugi::xml_node methods = node.append_child("methods");
  for (const auto &[name, function] : file.functions) {
    pugi::xml_node method = methods.append_child("method");
    put(method, "name", name);
    put(method, "signature", "");
    put_rates(method, {.lines = {.done = function.times > 0 ? 1u : 0u, .all = 1}, .branches = {}, .functions = {}});
    put(method, "complexity", "0");
    add_line(method.append_child("lines"), function.line, {.times = function.times});
  }
  pugi::xml_node lines = node.append_child("lines");
  for (const auto &[number, line] : file.lines) add_line(lines, number, line);
}

}  // namespace

std::string cobertura_xml(const observe::Coverage &coverage, const std::string &folder, std::time_t now,
                          const std::string &version) {
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("coverage");
  const observe::CoverageTotals totals = observe::totals_of(coverage);
  put_rates(root, totals);
  put(root, "lines-covered", std::to_string(totals.lines.done));
  put(root, "lines-valid", std::to_string(totals.lines.all));
  put(root, "branches-covered", std::to_string(totals.branches.done));
  put(root, "branches-valid", std::to_string(totals.branches.all));
  put(root, "complexity", "0");
  put(root, "version", "kmodtest " + version);
  put(root, "timestamp", std::to_string(now));
  root.append_child("sources")
      .append_child("source")
      .append_child(pugi::node_pcdata)
      .set_value(text::xml_text(folder).c_str());
  std::map<std::string, observe::Coverage> folders;
  for (const auto &[path, file] : coverage.files) {
    const std::size_t slash = path.rfind('/');
    folders[slash == std::string::npos ? "." : path.substr(0, slash)].files.emplace(path, file);
  }
  pugi::xml_node packages = root.append_child("packages");
  for (const auto &[name, files] : folders) {
    pugi::xml_node package = packages.append_child("package");
    put(package, "name", name);
    put_rates(package, observe::totals_of(files));
    put(package, "complexity", "0");
    pugi::xml_node classes = package.append_child("classes");
    for (const auto &[path, file] : files.files) add_file(classes, path, file);
  }
  std::ostringstream text;
  document.save(text, "  ", pugi::format_default, pugi::encoding_utf8);
  return text.str();
}

}  // namespace kmodtest::report
