// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/trace.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "kernel/symbols.hpp"
#include "observe/reports_catalogue.hpp"

namespace kmodtest::run {
namespace {

using kernel::Address;
using kernel::CodePlace;
using kernel::SourceLine;

/// "ex_fault_write+0x1c" and the function's size.
CodePlace place_of(const observe::Frame &frame) {
  CodePlace place;
  const std::size_t plus = frame.place.find("+0x");
  place.function = frame.place.substr(0, plus);
  if (plus != std::string::npos) {
    const char *const end = frame.place.data() + frame.place.size();
    std::from_chars(frame.place.data() + plus + 3, end, place.offset, 16);
  }
  place.size = frame.size;
  return place;
}

/// A line of a report without what comes before the kernel's own words: "[    5.140900] ", "[<0>] ".
std::string_view words_of(std::string_view line) {
  if (!line.starts_with('[')) return line;
  const std::size_t end = line.find("] ");
  return end == std::string_view::npos ? line : line.substr(end + 2);
}

std::string_view without_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

/// A line that several stacks of one report are told apart by.
bool is_heading(std::string_view words) {
  return words.starts_with("CPU: ") || words.starts_with("Allocated by task ") || words.starts_with("Freed by task ") ||
         words.starts_with("Last potentially related work creation:");
}

class Tracer {
 public:
  Tracer(const judge::Observations &seen, const std::filesystem::path &headers) : seen_(seen), headers_(headers) {}

  std::vector<std::string> trace_of(const std::vector<std::string> &details) {
    lines_.clear();
    heading_.clear();
    faults_.clear();
    number_ = 0;
    told_heading_ = true;
    std::set<std::string> without_lines;
    for (const std::string &detail : details) {
      std::string_view rest = detail;
      while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        add(words_of(rest.substr(0, end)), without_lines);
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
    }
    for (const std::string &module : without_lines) {
      lines_.push_back(fmt::format("(no source lines: {}.ko has no debug information; build it with -g)", module));
    }
    return std::move(lines_);
  }

 private:
  /// One module under test; without symbols when its file could not be read.
  struct Module {
    std::string file_stem;
    std::unique_ptr<kernel::ModuleSymbols> symbols;
  };

  void add(std::string_view words, std::set<std::string> &without_lines) {
    if (is_heading(words)) {
      heading_ = words;
      if (number_ == 0) return;
      number_ = 0;
      told_heading_ = false;
      return;
    }
    const bool fault = words.starts_with("RIP: ");
    const std::string_view text = fault ? words : without_blanks(words);
    std::string shown;
    std::string name;
    std::optional<CodePlace> place;
    if (const auto frame = observe::parse_frame(text)) {
      if (frame->guessed || frame->module.empty() || (!fault && !text.starts_with(frame->place))) return;
      name = frame->module;
      shown = frame->place;
      place = place_of(*frame);
    } else if (const auto address = observe::parse_bare_address(words)) {
      const std::vector<observe::ModuleRange> loaded = seen_.loaded();
      const auto range = std::find_if(loaded.begin(), loaded.end(), [&](const observe::ModuleRange &one) {
        return *address >= one.address && *address - one.address < one.size;
      });
      if (range == loaded.end()) return;
      name = range->name;
      const Module *module = module_of(name);
      if (module != nullptr && module->symbols) place = module->symbols->place_of(*address, range->address);
      shown = fmt::format("{:#x}", *address);
      if (place) shown += fmt::format(": {}+{:#x}", place->function, place->offset);
    }
    Module *module = name.empty() ? nullptr : module_of(name);
    if (module == nullptr) return;
    // An oops shows where it happened a second time at its end.
    if (fault && !faults_.insert(shown).second) return;
    if (!told_heading_ && !lines_.empty() && number_ == 0) lines_.push_back(heading_);
    told_heading_ = true;
    tell(fmt::format("#{} {} [{}]", number_++, shown, name), *module, place,
         fault ? Address::exact : Address::returns_to);
    if (module->symbols && !module->symbols->has_lines()) without_lines.insert(module->file_stem);
  }

  void tell(const std::string &start, const Module &module, const std::optional<CodePlace> &place, Address address) {
    std::vector<SourceLine> lines;
    if (place && module.symbols) lines = module.symbols->lines_at(*place, address);
    if (lines.empty()) {
      lines_.push_back(start);
      return;
    }
    const bool inlined = lines.size() > 1;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      std::string text = i == 0 ? start + "  " : "     inlined into ";
      if (inlined) text += lines[i].function + "(), ";
      text += fmt::format("{}:{}", lines[i].file, lines[i].line);
      if (!lines[i].text.empty()) text += "  " + lines[i].text;
      lines_.push_back(std::move(text));
    }
  }

  Module *module_of(const std::string &name) {
    if (const auto known = modules_.find(name); known != modules_.end()) return &known->second;
    const auto info = std::find_if(seen_.modules.begin(), seen_.modules.end(), [&](const kernel::ModuleInfo &one) {
      std::string spelt = one.name;
      std::replace(spelt.begin(), spelt.end(), '-', '_');
      return spelt == name;
    });
    if (info == seen_.modules.end()) return nullptr;
    Module module{info->file.stem().string(), nullptr};
    try {
      std::vector<std::filesystem::path> folders{info->file.parent_path()};
      if (!headers_.empty()) folders.push_back(headers_.parent_path());
      module.symbols = std::make_unique<kernel::ModuleSymbols>(info->file, std::move(folders));
    } catch (const base::Error &) {
      // The frames are told without their source.
    }
    return &modules_.emplace(name, std::move(module)).first->second;
  }

  const judge::Observations &seen_;
  const std::filesystem::path &headers_;
  std::map<std::string, Module> modules_;
  std::vector<std::string> lines_;
  std::string heading_;
  bool told_heading_ = true;  ///< of the stack that is being told; the first needs none
  std::set<std::string> faults_;
  int number_ = 0;
};

}  // namespace

void add_traces(judge::Verdict &verdict, const judge::Observations &seen, const std::filesystem::path &headers) {
  Tracer tracer(seen, headers);
  for (judge::Evidence &evidence : verdict.evidence) {
    if (evidence.trace.empty()) evidence.trace = tracer.trace_of(evidence.details);
  }
}

}  // namespace kmodtest::run
