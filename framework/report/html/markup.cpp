// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/html/markup.hpp"

#include <fmt/format.h>

#include "text/utf8.hpp"

namespace kmodtest::report::html {

namespace {

/// Returns true for embeddings, overrides, isolates and marks (Unicode Bidirectional Algorithm, 2): they make a line
/// appear in another order than it has.
bool turns_direction(char32_t code) {
  return code == 0x61c || code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

bool is_control(char32_t code) {
  return (code < 0x20 && code != '\n' && code != '\t') || (code >= 0x7f && code < 0xa0) || code == 0xfeff ||
         code == 0x2028 || code == 0x2029;
}

std::string_view entity(char32_t code) {
  switch (code) {
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '&':
      return "&amp;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string safe;
  safe.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    const text::Character character = text::first_character(text);
    const std::string_view bytes = text.substr(0, character.bytes);
    const std::string_view replaced = character.well_formed ? entity(character.code) : std::string_view();
    if (!character.well_formed) {
      for (const char byte : bytes) safe += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    } else if (!replaced.empty()) {
      safe += replaced;
    } else if (is_control(character.code) && character.code < 0x100) {
      safe += fmt::format("\\x{:02x}", static_cast<unsigned>(character.code));
    } else if (is_control(character.code) || turns_direction(character.code)) {
      safe += fmt::format("\\u{{{:04x}}}", static_cast<unsigned>(character.code));
    } else {
      safe += bytes;
    }
    text.remove_prefix(character.bytes);
  }
  return safe;
}

void Markup::begin(const char *name, Attributes attributes) {
  text_ += '<';
  text_ += name;
  for (const Attribute &attribute : attributes) {
    text_ += ' ';
    text_ += attribute.name;
    text_ += "=\"";
    text_ += escaped(attribute.value);
    text_ += '"';
  }
}

Markup &Markup::open(const char *name, Attributes attributes) {
  begin(name, attributes);
  text_ += '>';
  open_.push_back(name);
  return *this;
}

Markup &Markup::close() {
  text_ += "</";
  text_ += open_.back();
  text_ += '>';
  open_.pop_back();
  return *this;
}

Markup &Markup::text(std::string_view text) {
  text_ += escaped(text);
  return *this;
}

Markup &Markup::element(const char *name, Attributes attributes, std::string_view content) {
  return open(name, attributes).text(content).close();
}

Markup &Markup::lone(const char *name, Attributes attributes) {
  begin(name, attributes);
  text_ += '>';
  return *this;
}

Markup &Markup::shape(const char *name, Attributes attributes) {
  begin(name, attributes);
  text_ += "/>";
  return *this;
}

Markup &Markup::add(const Markup &other) {
  text_ += other.text_;
  return *this;
}

Markup &Markup::add_taken(std::string_view taken) {
  text_ += taken;
  return *this;
}

Markup &Markup::raw(const char *name, Attributes attributes, std::string_view content) {
  open(name, attributes);
  text_ += content;
  return close();
}

}  // namespace kmodtest::report::html
