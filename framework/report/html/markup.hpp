// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Writes the results as one page of HTML. All text of a guest, a plan or a compiler passes through Markup, which
/// escapes it.
namespace kmodtest::report::html {

/// Escapes text for HTML, for content as well as for quoted attributes. Control characters except for tab and newline,
/// malformed UTF-8, and characters that change the direction of writing become \xNN or \u{NNNN}.
std::string escaped(std::string_view text);

/// Writes elements one after the other. Only the names of elements and attributes, which are literals, are not escaped.
class Markup {
 public:
  struct Attribute {
    const char *name;
    std::string value;
  };
  using Attributes = std::initializer_list<Attribute>;

  Markup &open(const char *name, Attributes attributes = {});
  /// Ends the innermost open element.
  Markup &close();
  Markup &text(std::string_view text);
  /// Writes an element that contains only text.
  Markup &element(const char *name, Attributes attributes, std::string_view text);
  /// Writes an element of HTML without an end tag ("br", "meta").
  Markup &lone(const char *name, Attributes attributes = {});
  /// Writes a shape in an <svg>.
  Markup &shape(const char *name, Attributes attributes);
  /// Appends the elements of another Markup.
  Markup &add(const Markup &other);
  /// Writes style sheets, scripts or data without any "</". The element must be "style" or "script".
  Markup &raw(const char *name, Attributes attributes, std::string_view content);

  /// Appends what take() of another Markup returned.
  Markup &add_taken(std::string_view taken);

  const std::string &str() const { return text_; }
  /// Returns what was written since the last call; the open elements stay open.
  std::string take() { return std::exchange(text_, {}); }

 private:
  void begin(const char *name, Attributes attributes);

  std::string text_;
  std::vector<const char *> open_;
};

}  // namespace kmodtest::report::html
