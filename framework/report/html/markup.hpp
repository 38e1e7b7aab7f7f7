// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

/// The report as one page of HTML. Whatever a guest, a plan or a compiler said goes through Markup, which escapes it.
namespace kmodtest::report::html {

/// Text as HTML may carry it, in content as well as in quoted attributes: markup is escaped; control characters but tab
/// and newline, malformed UTF-8 and the characters that turn the direction of writing are shown as \xNN or \u{NNNN}.
std::string escaped(std::string_view text);

/// Writes elements one after the other. Only names of elements and attributes, which are literals, are taken as they
/// are.
class Markup {
 public:
  struct Attribute {
    const char *name;
    std::string value;
  };
  using Attributes = std::initializer_list<Attribute>;

  Markup &open(const char *name, Attributes attributes = {});
  /// Ends the element that was opened last.
  Markup &close();
  Markup &text(std::string_view text);
  /// An element with nothing but a text in it.
  Markup &element(const char *name, Attributes attributes, std::string_view text);
  /// An element of HTML that has no end tag ("br", "meta").
  Markup &lone(const char *name, Attributes attributes = {});
  /// A shape in an <svg>.
  Markup &shape(const char *name, Attributes attributes);
  /// What another one wrote.
  Markup &add(const Markup &other);
  /// Style sheets, scripts and data that hold no "</". The element must be "style" or "script".
  Markup &raw(const char *name, Attributes attributes, std::string_view content);

  const std::string &str() const { return text_; }

 private:
  void begin(const char *name, Attributes attributes);

  std::string text_;
  std::vector<const char *> open_;
};

}  // namespace kmodtest::report::html
