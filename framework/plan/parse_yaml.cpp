// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/parse_yaml.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace kmodtest::plan {
namespace {

/// Ends the reading; the problem has been reported.
struct Stop {};

/// Builds the tree from yaml-cpp's events, which (unlike YAML::Load) show duplicate keys and let us stop at any depth.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const Source &source, Problems &problems) : source_(source), problems_(problems) {}

  bool complete() const { return complete_; }
  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark &) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark &mark, YAML::anchor_t anchor) override { leaf(make(Node::Kind::null, mark), anchor); }
  void OnScalar(const YAML::Mark &mark, const std::string &tag, YAML::anchor_t anchor,
                const std::string &value) override {
    Node node = make(Node::Kind::scalar, mark);
    node.text = value;
    node.quoted = tag == "!";
    node.variables = value.find("${") != std::string::npos;
    node.weight += value.size();
    leaf(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark &mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) stop(mark, Code::not_yaml, "an alias cannot be inside the node that it names");
    leaf(known->second, 0, &mark);
  }
  void OnSequenceStart(const YAML::Mark &mark, const std::string &, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make(Node::Kind::list, mark), anchor, mark);
  }
  void OnMapStart(const YAML::Mark &mark, const std::string &, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(Node::Kind::map, mark), anchor, mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
    std::optional<Node> key = {};  ///< of a map: read, but its value is not yet
    std::set<std::string> keys = {};
  };

  Node make(Node::Kind kind, const YAML::Mark &mark) const {
    Node node;
    node.kind = kind;
    node.line = mark.line + 1;  // yaml-cpp counts both from zero, columns in bytes
    node.column = source_.column_of_byte(node.line, mark.column);
    node.weight = 64;
    return node;
  }
  [[noreturn]] void stop(const YAML::Mark &mark, Code code, std::string message) {
    const Node node = make(Node::Kind::null, mark);
    problems_.error(code, node, std::move(message));
    throw Stop{};
  }
  void open(Node node, YAML::anchor_t anchor, const YAML::Mark &mark) {
    if (open_.size() >= static_cast<std::size_t>(kDeepestNesting))
      stop(mark, Code::plan_too_large, fmt::format("the plan is nested more than {} levels deep", kDeepestNesting));
    open_.push_back({.node = std::move(node), .anchor = anchor});
  }
  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    leaf(std::move(done.node), done.anchor);
  }
  void leaf(Node node, YAML::anchor_t anchor, const YAML::Mark *alias = nullptr) {
    if (alias != nullptr) {
      const Node here = make(node.kind, *alias);
      node.line = here.line;
      node.column = here.column;
      aliased_ += node.weight;
      if (aliased_ > kLargestTree) stop(*alias, Code::plan_too_large, "the aliases of this plan unfold to too much");
      if (static_cast<int>(open_.size()) + node.depth > kDeepestNesting)
        stop(*alias, Code::plan_too_large, fmt::format("the plan is nested more than {} levels deep", kDeepestNesting));
    }
    if (anchor != 0) {
      aliased_ += node.weight;
      if (aliased_ <= kLargestTree) anchors_[anchor] = node;
    }
    if (open_.empty()) {
      root_ = std::move(node);
      complete_ = true;
      return;
    }
    Open &parent = open_.back();
    parent.node.weight += node.weight;
    parent.node.variables = parent.node.variables || node.variables;
    parent.node.depth = std::max(parent.node.depth, node.depth + 1);
    if (parent.node.kind == Node::Kind::list) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      if (node.kind != Node::Kind::scalar) {
        problems_.error(Code::not_yaml, node, fmt::format("a key has to be a word, not {}", kind_phrase(node.kind)));
        throw Stop{};
      }
      if (!parent.keys.insert(node.text).second) {
        const Node *first = nullptr;
        for (const auto &entry : parent.node.entries)
          if (entry.first.text == node.text) first = &entry.first;
        problems_.error(Code::duplicate_key, node,
                        fmt::format("the key {} appears twice (first in line {})", quote(node.text),
                                    first != nullptr ? first->line : node.line));
      }
      parent.key = std::move(node);
    } else {
      // yaml-cpp places a missing value at the next token.
      if (node.kind == Node::Kind::null && alias == nullptr) {
        node.line = parent.key->line;
        node.column = parent.key->column;
      }
      parent.node.entries.push_back({std::move(*parent.key), std::move(node)});
      parent.key.reset();
    }
  }

  const Source &source_;
  Problems &problems_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Node> anchors_;
  std::size_t aliased_ = 0;
  Node root_;
  bool complete_ = false;
};

/// Returns the position of the first byte that is not UTF-8 or is a control character; npos if there is none.
std::size_t first_bad_byte(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\n' || byte == '\r' || byte == '\t' || (byte >= 0x20 && byte < 0x7F)) {
      ++i;
      continue;
    }
    const int more = byte >= 0xC2 && byte < 0xE0   ? 1
                     : byte >= 0xE0 && byte < 0xF0 ? 2
                     : byte >= 0xF0 && byte < 0xF5 ? 3
                                                   : 0;
    if (more == 0) return i;
    for (int k = 1; k <= more; ++k)
      if (i + static_cast<std::size_t>(k) >= text.size() ||
          (static_cast<unsigned char>(text[i + static_cast<std::size_t>(k)]) & 0xC0u) != 0x80u)
        return i;
    i += static_cast<std::size_t>(more) + 1;
  }
  return std::string_view::npos;
}

void report_syntax_error(const YAML::Exception &error, const Source &source, Problems &problems) {
  int line = error.mark.line + 1;
  int column = 1;
  if (error.mark.is_null())
    line = 1;
  else
    column = source.column_of_byte(line, error.mark.column);
  std::string hint;
  const std::string &text = source.line(line);
  const std::size_t variable = text.find("${");
  if (text.find_first_not_of(" \t") != std::string::npos &&
      text.substr(0, text.find_first_not_of(" \t")).find('\t') != std::string::npos)
    hint = " (indent with spaces: YAML does not allow tabs)";
  else if (variable != std::string::npos && (variable == 0 || text[variable - 1] != '"'))
    hint = " (inside {…} and […], write \"${name}\" in quotes)";
  else if (error.msg == YAML::ErrorMsg::END_OF_MAP_FLOW || error.msg == YAML::ErrorMsg::END_OF_SEQ_FLOW)
    hint = " (is a bracket not closed? inside {…} and […], a text with any of , [ ] { } needs quotes)";
  problems.error_at(Code::not_yaml, line, column, 1, fmt::format("this is not YAML: {}{}", printable(error.msg), hint));
}

}  // namespace

std::optional<Node> parse_yaml(const std::string &text, const Source &source, Problems &problems) {
  if (text.size() > kLargestFile) {
    problems.error_at(Code::plan_too_large, 0, 0, 1,
                      fmt::format("the file has more than {} KiB, too much for a plan", kLargestFile / 1024));
    return std::nullopt;
  }
  std::string_view body = text;
  if (body.substr(0, 3) == "\xEF\xBB\xBF") body.remove_prefix(3);
  if (const std::size_t bad = first_bad_byte(body); bad != std::string_view::npos) {
    const std::string_view before = body.substr(0, bad);
    const int line = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1;
    const std::size_t start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    problems.error_at(Code::not_yaml, line, characters(before.substr(start)) + 1, 1,
                      fmt::format("byte 0x{:02x} does not belong in a text file (a plan is UTF-8 text)",
                                  static_cast<unsigned>(static_cast<unsigned char>(body[bad]))));
    return std::nullopt;
  }
  std::istringstream stream{std::string(body)};
  TreeBuilder builder(source, problems);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder) || !builder.complete()) {
      problems.error_at(Code::not_a_plan, 0, 0, 1, "the plan is empty (a plan needs at least 'module' and 'steps')");
      return std::nullopt;
    }
    TreeBuilder second(source, problems);
    if (parser.HandleNextDocument(second)) {
      problems.error_at(Code::not_a_plan, 0, 0, 1, "the file holds several YAML documents (write one plan per file)");
      return std::nullopt;
    }
  } catch (const Stop &) {
    return std::nullopt;
  } catch (const YAML::Exception &error) {
    report_syntax_error(error, source, problems);
    return std::nullopt;
  }
  return builder.take();
}

}  // namespace kmodtest::plan
