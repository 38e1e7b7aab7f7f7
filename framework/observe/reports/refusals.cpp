// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/reports/refusals.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>

namespace kmodtest::observe {
namespace {

constexpr std::size_t kMostParts = 4;
using Parts = std::array<std::string, kMostParts>;

/// A message with which the loader refuses a module. In `line` each "{}" stands for a part; in the other texts "{0}",
/// "{1}"… stand for those parts.
struct Rule {
  std::string_view line;
  std::string_view reason;
  std::string_view why;
};

// kernel: kernel/module/main.c, version.c, signing.c (kernel/module.c before 5.19), kernel/params.c,
// security/lockdown/lockdown.c. The first match counts.
constexpr Rule kRules[] = {
    {"{}: version magic '{}' should be '{}'", "it was built for another kernel", ""},
    {"{}: disagrees about version of symbol module_layout", "it was built for another kernel",
     "the module's format differs from the kernel's: build it against the headers of exactly this kernel"},
    {"{}: disagrees about version of symbol {}", "another version of symbol '{1}'",
     "the types that '{1}' uses have changed since the module was built: build it against the headers of exactly this "
     "kernel"},
    {"{}: no symbol version for {}", "no version of symbol '{1}'",
     "the module has no symbol versions, and this kernel requires them: build it with the Module.symvers of the "
     "kernel's headers"},
    {"{}: Unknown symbol {} (err -2)", "unknown symbol '{1}'",
     "no loaded code exports '{1}', or only for GPL modules, and this is not one: first load the module that has it "
     "(kernel_modules, module)"},
    {"{}: Unknown symbol {} (err {})", "symbol '{1}' may not be used",
     "'{1}' exists, but the kernel does not allow this module to use it (error {2})"},
    {"{}: module uses symbol ({}) from namespace {}, but does not import it.", "the namespace {2} is not imported",
     "'{1}' is exported in the namespace {2}: add MODULE_IMPORT_NS({2})"},
    {"{}: module using GPL-only symbols uses symbols {} from proprietary module {}.",
     "GPL-only and proprietary symbols together",
     "the module uses symbols that are for GPL modules only, and '{1}' of '{2}', which is proprietary"},
    {"{}: module using GPL-only symbols uses symbols from proprietary module {}.",
     "GPL-only and proprietary symbols together",
     "the module uses symbols that are for GPL modules only, and symbols of '{1}', which is proprietary"},
    {"{}: exports duplicate symbol {} (owned by {})", "symbol '{1}' exists already",
     "'{2}' exports '{1}' already, and a name can only be exported once: rename it, or make it static"},
    {"Loading of unsigned module is rejected", "it is not signed",
     "this kernel only loads signed modules (module.sig_enforce, or lockdown): sign it with a key that the kernel has"},
    {"Loading of module with unavailable key is rejected", "it is signed with an unknown key",
     "this kernel only loads modules signed with one of its keys, and this key is not one of them"},
    {"Loading of {} is rejected", "its signature is rejected",
     "this kernel only loads signed modules, and found a {0}"},
    {"Lockdown: {}: unsigned module loading is restricted; {}", "it is not signed, and the kernel is locked down",
     "a kernel that is locked down only loads signed modules: boot it without lockdown=, or sign the module"},
    {"{}: `{}' invalid for parameter `{}'", "'{1}' is not a valid value for the parameter '{2}'",
     "the parameter's type does not accept '{1}'"},
    {"{}: `{}' too large for parameter `{}'", "'{1}' is too large for the parameter '{2}'",
     "the parameter's type or array is too small for it"},
    {"{}: Unknown parameter `{}'", "unknown parameter '{1}'", "the module has no parameter '{1}'"},
    {"module {}: .gnu.linkonce.this_module section size must match {}", "it was built for another kernel",
     "the kernel's struct module has another size: build it against the headers of exactly this kernel"},
    {"{}: section size must match the kernel's built struct module size at run time", "it was built for another kernel",
     "the kernel's struct module has another size: build it against the headers of exactly this kernel"},
    {"Module {} is blacklisted", "it is blacklisted", "the kernel's command line has module_blacklist={0}"},
    {"failed to validate module [{}] BTF: {}", "its type information does not fit the kernel's",
     "its BTF was made for another kernel: build it against this one, or without CONFIG_DEBUG_INFO_BTF_MODULES"},
    {"{}: Could not allocate {} bytes percpu data", "no memory for its per-CPU data",
     "its static per-CPU variables take {1} bytes, and the kernel reserves few for modules: allocate them "
     "(alloc_percpu)"},
    {"{}: No module found in object", "the file is not a module",
     "the file has no .gnu.linkonce.this_module: use the .ko that Kbuild made"},
    {"No module found in object", "the file is not a module",
     "the file has no .gnu.linkonce.this_module: use the .ko that Kbuild made"},
    {"Invalid ELF {}", "the file is not a module", "it is not an ELF file of this machine: {0}"},
    {"Module len {} truncated", "the file is cut short", "the file has {0} bytes, fewer than its header says"},
    {"{}: Module has no symbols{}", "the file has no symbols", "it was stripped of symbols that the loader needs"},
};

/// Matches the whole text, with the parts as short as possible.
std::optional<Parts> match(std::string_view rule, std::string_view text) {
  constexpr std::string_view kPart = "{}";
  Parts parts;
  std::size_t count = 0;
  const std::size_t first = std::min(rule.find(kPart), rule.size());
  if (!text.starts_with(rule.substr(0, first))) return std::nullopt;
  text.remove_prefix(first);
  rule.remove_prefix(first);
  while (!rule.empty() && count < kMostParts) {
    rule.remove_prefix(kPart.size());
    const std::string_view literal = rule.substr(0, rule.find(kPart));
    const std::size_t end = rule.size() == literal.size() && text.ends_with(literal) ? text.size() - literal.size()
                            : rule.size() == literal.size()                          ? std::string_view::npos
                                                                                     : text.find(literal);
    if (end == std::string_view::npos) return std::nullopt;
    parts[count++] = std::string(text.substr(0, end));
    text.remove_prefix(end + literal.size());
    rule.remove_prefix(literal.size());
  }
  return text.empty() && rule.empty() ? std::optional(std::move(parts)) : std::nullopt;
}

std::string fill(std::string_view words, const Parts &parts) {
  return fmt::format(fmt::runtime(words), parts[0], parts[1], parts[2], parts[3]);
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

}  // namespace

std::string compare_version_magic(std::string_view module, std::string_view kernel) {
  std::vector<std::string_view> theirs = words_of(module);
  std::vector<std::string_view> ours = words_of(kernel);
  std::vector<std::string> differences;
  if (!theirs.empty() && !ours.empty()) {
    if (theirs.front() != ours.front())
      differences.push_back(fmt::format("the module is for {}, the kernel is {}", theirs.front(), ours.front()));
    theirs.erase(theirs.begin());
    ours.erase(ours.begin());
  }
  const auto only_in = [&differences](const auto &these, const auto &those, const char *whose) {
    for (const std::string_view word : these)
      if (std::find(those.begin(), those.end(), word) == those.end())
        differences.push_back(fmt::format("only the {} has '{}'", whose, word));
  };
  only_in(theirs, ours, "module");
  only_in(ours, theirs, "kernel");
  return differences.empty() ? "they differ in order or spaces" : fmt::format("{}", fmt::join(differences, ", "));
}

std::vector<Refusal> explain_refusals(const std::vector<wire::KernelLogLine> &log) {
  std::vector<Refusal> refusals;
  std::vector<std::string> explained;  // symbols that an earlier line explained in more detail
  for (const auto &line : log) {
    if (line.facility != 0) continue;
    for (const auto &rule : kRules) {
      const auto parts = match(rule.line, line.text);
      if (!parts) continue;
      const std::string &symbol = (*parts)[1];
      const bool again = rule.line.find("Unknown symbol") != std::string_view::npos &&
                         std::find(explained.begin(), explained.end(), symbol) != explained.end();
      explained.push_back(symbol);
      if (again) break;
      Refusal refusal{.reason = fill(rule.reason, *parts), .why = fill(rule.why, *parts)};
      if (refusal.why.empty()) refusal.why = compare_version_magic((*parts)[1], (*parts)[2]);
      const auto same = [&](const Refusal &one) { return one.reason == refusal.reason && one.why == refusal.why; };
      if (std::none_of(refusals.begin(), refusals.end(), same)) refusals.push_back(std::move(refusal));
      break;
    }
  }
  return refusals;
}

}  // namespace kmodtest::observe
