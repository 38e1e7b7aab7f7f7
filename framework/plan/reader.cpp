// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/reader.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>
#include <string>
#include <utility>

namespace kmodtest::plan {
namespace {

constexpr std::size_t kLongestText = 64u << 10;

bool is_name_character(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

std::optional<std::string> Scope::fill(const Node &scalar) {
  if (!scalar.variables) return scalar.text;
  std::string out;
  bool bad = false;
  const std::string &text = scalar.text;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 3, "$${") == 0) {
      out += "${";
      i += 2;
      continue;
    }
    if (text.compare(i, 2, "${") != 0) {
      out += text[i];
      continue;
    }
    const std::size_t end = text.find('}', i);
    if (end == std::string::npos) {
      problems.error(Code::bad_variable, scalar, "'${' has no '}' (write '$${' for a plain '${')");
      return std::nullopt;
    }
    const std::string name = text.substr(i + 2, end - i - 2);
    const auto known = std::find_if(variables.begin(), variables.end(), [&](const auto &v) { return v.first == name; });
    if (known == variables.end()) {
      std::vector<std::string> names;
      for (const auto &variable : variables) names.push_back(variable.first);
      problems.error(
          Code::unknown_variable, scalar,
          fmt::format("unknown variable '${{{}}}'{}", printable(cut(name, 60), '?'), suggestion(name, names)));
      bad = true;
    } else {
      out += known->second;
      used.insert(name);
    }
    if (out.size() > kLongestText) {
      problems.error(Code::plan_too_large, scalar, "with its variables filled in, this text is longer than 64 KiB");
      return std::nullopt;
    }
    i = end;
  }
  if (bad) return std::nullopt;
  return out;
}

std::optional<std::string> beyond_guest(std::uint64_t cpus, const Scope &scope) {
  if (scope.cpus <= 0 || scope.cpus >= 64) return std::nullopt;
  const std::uint64_t beyond = cpus >> scope.cpus << scope.cpus;
  if (beyond == 0) return std::nullopt;
  return scope.cpus == 1
             ? fmt::format("the guest of this case has no CPU {} (it has 1 CPU: 0)", format_cpu_list(beyond))
             : fmt::format("the guest of this case has no CPU {} (it has {} CPUs: 0-{})", format_cpu_list(beyond),
                           scope.cpus, scope.cpus - 1);
}

MapReader::MapReader(const Node &map, const Table &table, Scope &scope) : map_(map), table_(table), scope_(scope) {
  for (const auto &[name, value] : map_.entries) {
    if (table_.find(name.text) == nullptr) {
      scope_.problems.error(Code::unknown_key, name,
                            fmt::format("unknown key {}{}", quote(name.text), suggestion(name.text, table_.names())));
    }
  }
  for (const Key &wanted : table_.keys)
    if (wanted.required && !has(wanted.name))
      scope_.problems.error(
          Code::missing_key, map_,
          fmt::format("the key '{}' is missing (e.g. {}: {})", wanted.name, wanted.name, wanted.example));
}

const Key &MapReader::key(const std::string &name, Type type) const {
  const Key *found = table_.find(name);
  if (found == nullptr || found->type != type) throw std::logic_error(table_.name + " has no such key: " + name);
  return *found;
}

const Node *MapReader::find(const std::string &name, Type type) const {
  key(name, type);
  return map_.find(name);
}

const Node &MapReader::place(const std::string &name) const {
  const Node *value = map_.find(name);
  return value != nullptr ? *value : map_;
}

void MapReader::wrong_type(const Key &wanted, const Node &node) {
  const std::string hint = node.kind == Node::Kind::null ? "; a text such as null or ~ needs quotes" : "";
  scope_.problems.error(Code::wrong_type, node,
                        fmt::format("'{}' takes {}, not {} (e.g. {}: {}{})", wanted.name, type_phrase(wanted),
                                    kind_phrase(node.kind), wanted.name, wanted.example, hint));
}

std::optional<std::string> MapReader::scalar(const Key &wanted, const Node &node) {
  if (node.kind != Node::Kind::scalar) {
    wrong_type(wanted, node);
    return std::nullopt;
  }
  return scope_.fill(node);
}

template <class T>
std::optional<T> MapReader::settle(const Node &node, Value<T> value) {
  if (!value.value) scope_.problems.error(value.code, node, std::move(value.error));
  return std::move(value.value);
}

template <class T>
std::optional<T> MapReader::convert(const std::string &name, Type type, Value<T> (*parse)(std::string_view)) {
  const Key &wanted = key(name, type);
  const Node *node = map_.find(name);
  if (node == nullptr) return std::nullopt;
  const auto filled = scalar(wanted, *node);
  if (!filled) return std::nullopt;
  return settle(*node, parse(*filled));
}

std::optional<std::string> MapReader::text(const std::string &name) {
  const Key &wanted = key(name, Type::text);
  const Node *node = map_.find(name);
  if (node == nullptr) return std::nullopt;
  return scalar(wanted, *node);
}

std::vector<std::string> MapReader::texts(const std::string &name, std::vector<const Node *> *places) {
  const Key &wanted = key(name, Type::texts);
  const Node *node = map_.find(name);
  std::vector<std::string> out;
  if (node == nullptr) return out;
  for (const Node *item : one_or_each(*node)) {
    if (auto filled = scalar(wanted, *item)) {
      out.push_back(std::move(*filled));
      if (places != nullptr) places->push_back(item);
    }
  }
  return out;
}

std::optional<bool> MapReader::boolean(const std::string &name) {
  return convert<bool>(
      name, Type::boolean, +[](std::string_view text) {
        if (text == "true") return Value<bool>::of(true);
        if (text == "false") return Value<bool>::of(false);
        return Value<bool>::bad(Code::unknown_word, fmt::format("{} is neither true nor false", quote(text)));
      });
}

std::optional<std::int64_t> MapReader::integer(const std::string &name, std::int64_t least, std::int64_t most) {
  const auto value = convert<std::int64_t>(name, Type::integer, &parse_integer);
  if (value && (*value < least || *value > most)) {
    error(Code::out_of_range, name, fmt::format("'{}' has to be from {} to {}, not {}", name, least, most, *value));
    return std::nullopt;
  }
  return value;
}

std::optional<wire::Microseconds> MapReader::duration(const std::string &name) {
  return convert<wire::Microseconds>(name, Type::duration, &parse_duration);
}

std::optional<std::uint64_t> MapReader::size(const std::string &name) {
  return convert<std::uint64_t>(name, Type::size, &parse_size);
}

std::optional<wire::Range> MapReader::range(const std::string &name) {
  const Key *wanted = table_.find(name);
  if (wanted != nullptr && wanted->type == Type::size_range)
    return convert<wire::Range>(
        name, Type::size_range, +[](std::string_view text) { return parse_range(text, true); });
  return convert<wire::Range>(
      name, Type::range, +[](std::string_view text) { return parse_range(text, false); });
}

std::optional<Span> MapReader::interval(const std::string &name) {
  return convert<Span>(name, Type::interval, &parse_interval);
}

std::optional<wire::Pattern> MapReader::pattern(const std::string &name) {
  return convert<wire::Pattern>(name, Type::pattern, &parse_pattern);
}

std::vector<wire::Pattern> MapReader::patterns(const std::string &name, std::vector<const Node *> *places) {
  const Key &wanted = key(name, Type::patterns);
  const Node *node = map_.find(name);
  std::vector<wire::Pattern> out;
  if (node == nullptr) return out;
  for (const Node *item : one_or_each(*node)) {
    const auto filled = scalar(wanted, *item);
    if (!filled) continue;
    if (auto pattern = settle(*item, parse_pattern(*filled))) {
      out.push_back(std::move(*pattern));
      if (places != nullptr) places->push_back(item);
    }
  }
  return out;
}

bool MapReader::has_cpus(const Node &node, std::uint64_t cpus) {
  auto problem = beyond_guest(cpus, scope_);
  if (problem) scope_.problems.error(Code::no_such_cpu, node, std::move(*problem));
  return !problem;
}

std::optional<std::uint64_t> MapReader::cpus(const std::string &name) {
  const Key &wanted = key(name, Type::cpu_list);
  const Node *node = map_.find(name);
  if (node == nullptr) return std::nullopt;
  if (node->kind == Node::Kind::list && node->items.empty()) return settle(*node, parse_cpu_list(""));
  std::uint64_t all = 0;
  for (const Node *item : one_or_each(*node)) {
    const auto filled = scalar(wanted, *item);
    if (!filled) return std::nullopt;
    const auto cpus = settle(*item, parse_cpu_list(*filled));
    if (!cpus || !has_cpus(*item, *cpus)) return std::nullopt;
    all |= *cpus;
  }
  return all;
}

std::optional<wire::Microseconds> MapReader::limit(const std::string &name) {
  return convert<wire::Microseconds>(name, Type::limit, &parse_limit);
}

std::vector<std::pair<std::uint64_t, wire::Range>> MapReader::shares(const std::string &name) {
  const Key &wanted = key(name, Type::shares);
  const Node *node = map_.find(name);
  std::vector<std::pair<std::uint64_t, wire::Range>> out;
  if (node == nullptr) return out;
  if (node->kind != Node::Kind::map || node->entries.empty()) {
    wrong_type(wanted, *node);
    return out;
  }
  for (const auto &[cpu, percent] : node->entries) {
    const auto text = scope_.fill(cpu);
    if (!text) continue;
    std::string_view list = *text;
    if (!list.starts_with("cpu")) {
      scope_.problems.error(Code::bad_cpu_list, cpu,
                            fmt::format("{} is not a CPU (write it like 'cpu 2' or 'cpu 0-3')", quote(*text)));
      continue;
    }
    list.remove_prefix(list.starts_with("cpus") ? 4 : 3);
    const auto cpus = settle(cpu, parse_cpu_list(list));
    const auto filled = scalar(wanted, percent);
    if (!cpus || !filled || !has_cpus(cpu, *cpus)) continue;
    if (const auto range = settle(percent, parse_share(*filled))) out.emplace_back(*cpus, *range);
  }
  return out;
}

std::optional<std::string> MapReader::guest_path(const std::string &name) {
  return convert<std::string>(
      name, Type::guest_path, +[](std::string_view text) {
        bool below = false;
        for (const std::string_view root : {"/proc/", "/sys/", "/dev/", "/tmp/"})
          below = below || text.starts_with(root);
        if (!below)
          return Value<std::string>::bad(
              Code::bad_text,
              fmt::format("the path {} is not below /proc, /sys, /dev or /tmp of the guest", quote(text)));
        const std::string whole = std::string(text) + "/";
        if (whole.find("/../") != std::string::npos)
          return Value<std::string>::bad(
              Code::bad_text, fmt::format("the path {} contains '..' (write the resolved path)", quote(text)));
        if (text.size() > 4095) return Value<std::string>::bad(Code::bad_text, "the path is longer than 4095 bytes");
        return Value<std::string>::of(std::string(text));
      });
}

std::optional<std::int32_t> MapReader::errno_value(const std::string &name) {
  return convert<std::int32_t>(name, Type::errno_name, &parse_errno);
}

std::optional<std::string> MapReader::choice(const std::string &name) {
  const Key &wanted = key(name, Type::choice);
  const Node *node = map_.find(name);
  if (node == nullptr) return std::nullopt;
  auto filled = scalar(wanted, *node);
  if (!filled) return std::nullopt;
  if (std::find(wanted.allowed.begin(), wanted.allowed.end(), *filled) != wanted.allowed.end()) return filled;
  scope_.problems.error(Code::unknown_word, *node,
                        fmt::format("'{}' cannot be {}{}", name, quote(*filled), suggestion(*filled, wanted.allowed)));
  return std::nullopt;
}

std::vector<std::string> MapReader::choices(const std::string &name) {
  const Key &wanted = key(name, Type::choices);
  const Node *node = map_.find(name);
  std::vector<std::string> out;
  if (node == nullptr) return out;
  for (const Node *item : one_or_each(*node)) {
    auto filled = scalar(wanted, *item);
    if (!filled) continue;
    if (std::find(wanted.allowed.begin(), wanted.allowed.end(), *filled) != wanted.allowed.end())
      out.push_back(std::move(*filled));
    else
      scope_.problems.error(
          Code::unknown_word, *item,
          fmt::format("'{}' cannot be {}{}", name, quote(*filled), suggestion(*filled, wanted.allowed)));
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> MapReader::parameters(const std::string &name) {
  const Key &wanted = key(name, Type::parameters);
  const Node *node = map_.find(name);
  std::vector<std::pair<std::string, std::string>> out;
  if (node == nullptr) return out;
  if (node->kind != Node::Kind::map) {
    wrong_type(wanted, *node);
    return out;
  }
  for (const auto &[parameter, value] : node->entries) {
    if (value.kind != Node::Kind::scalar) {
      scope_.problems.error(Code::wrong_type, value,
                            fmt::format("the parameter {} takes a single value, not {} (write '' for an empty one)",
                                        quote(parameter.text), kind_phrase(value.kind)));
      continue;
    }
    if (parameter.text.empty() || !std::all_of(parameter.text.begin(), parameter.text.end(), is_name_character)) {
      scope_.problems.error(Code::bad_name, parameter,
                            fmt::format("{} cannot be the name of a module parameter", quote(parameter.text)));
      continue;
    }
    if (auto filled = scope_.fill(value)) out.emplace_back(parameter.text, std::move(*filled));
  }
  return out;
}

std::vector<const Node *> MapReader::maps(const std::string &name) {
  const Key &wanted = key(name, Type::maps);
  const Node *node = map_.find(name);
  std::vector<const Node *> out;
  if (node == nullptr) return out;
  for (const Node *item : one_or_each(*node)) {
    if (item->kind == Node::Kind::map)
      out.push_back(item);
    else
      wrong_type(wanted, *item);
  }
  return out;
}

const Node *MapReader::map(const std::string &name) {
  const Key &wanted = key(name, Type::map);
  const Node *node = map_.find(name);
  if (node == nullptr || node->kind == Node::Kind::map) return node;
  wrong_type(wanted, *node);
  return nullptr;
}

}  // namespace kmodtest::plan
