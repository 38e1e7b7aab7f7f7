// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/source_frames.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "judge/evidence.hpp"
#include "judge/observations.hpp"
#include "kernel/symbols/symbols.hpp"
#include "observe/reports/reports_catalogue.hpp"
#include "run/postmortem/opened_symbols.hpp"
#include "text/module_name.hpp"
#include "text/number.hpp"

namespace kmodtest::run {
namespace {

using kernel::Address;
using kernel::CodePlace;
using kernel::SourceLine;

/// Returns "ex_fault_write+0x1c" and the function's size.
CodePlace place_of(const observe::Frame &frame) {
  CodePlace place;
  const std::size_t plus = frame.place.find("+0x");
  place.function = frame.place.substr(0, plus);
  if (plus != std::string::npos) {
    const std::string_view digits = std::string_view(frame.place).substr(plus + 3);
    place.offset = text::leading_number<decltype(place.offset)>(digits, 16).value_or(0);
  }
  place.size = frame.size;
  return place;
}

/// Returns a line of a report without the prefixes of the kernel's text: "[    5.140900] ", "[<0>] ".
std::string_view words_of(std::string_view line) {
  if (!line.starts_with('[')) return line;
  const std::size_t end = line.find("] ");
  return end == std::string_view::npos ? line : line.substr(end + 2);
}

std::string_view without_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

/// Returns whether a line describes one of the two accesses of a data race.
bool is_access(std::string_view words) {
  return words.ends_with(':') &&
         (words.starts_with("read of ") || words.starts_with("write of ") || words.starts_with("free of "));
}

/// Returns whether a line separates several stacks of one report.
bool is_heading(std::string_view words) {
  for (const std::string_view start : {"CPU: ", "Allocated by task ", "Freed by task ", "Allocated in ", "Freed in ",
                                       "Last potentially related work creation:"}) {
    if (words.starts_with(start)) return true;
  }
  if (is_access(words)) return true;
  // "'abba_a' (pid 86), state D:" of a hang's autopsy.
  return words.starts_with('\'') && words.ends_with(':') && words.find("(pid ") != std::string_view::npos;
}

/// Calls `take` with the words of each line; a text can have several lines.
template <class Take>
void for_each_line(const std::vector<std::string> &texts, Take take) {
  for (std::string_view rest : texts) {
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      take(words_of(rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
}

/// Returns the modules in "Modules linked in: ex(OE-) virtio_console", those that were loaded when the report was made.
std::set<std::string> modules_listed(const std::vector<std::string> &report) {
  constexpr std::string_view kStart = "Modules linked in:";
  std::set<std::string> names;
  for_each_line(report, [&](std::string_view words) {
    if (!words.starts_with(kStart)) return;
    words = words.substr(kStart.size(), words.find('[') - kStart.size());  // "[last unloaded: …]"
    while (!(words = without_blanks(words)).empty()) {
      const std::string_view name = words.substr(0, words.find(' '));
      names.emplace(name.substr(0, name.find('(')));
      words.remove_prefix(name.size());
    }
  });
  return names;
}

class SourceFrames {
 public:
  SourceFrames(const judge::Observations &seen, const std::filesystem::path &headers)
      : seen_(seen), loaded_(seen.loaded()), gone_(seen.unloaded()), headers_(headers) {}

  std::vector<std::string> frames_of(const std::vector<std::string> &details) {
    frames_ = {};
    for_each_line(details, [this](std::string_view words) { add(words); });
    end_repetition();
    for (const std::string &file : frames_.without_lines) {
      frames_.lines.push_back(fmt::format("(no source lines: {} has no debug information; build it with -g)", file));
    }
    return std::move(frames_.lines);
  }

  /// Names the addresses in the lines that were in a module before it was unloaded: "RDI, CR2: 0xffffffffc0203100 was
  /// my_timer+0x0 [ex], which is unloaded".
  /// Leaves out those that the trace names already, and those of modules that the report lists: they were still there.
  std::vector<std::string> gone_in(const std::vector<std::string> &details, const std::vector<std::string> &trace) {
    std::vector<std::pair<std::uint64_t, std::vector<std::string>>> found;
    if (gone_.empty()) return {};
    for (const std::string &detail : details) note_gone(detail, found);
    std::vector<std::string> lines;
    const std::set<std::string> listed = modules_listed(details);
    for (const auto &[address, names] : found) {
      const std::string was = listed.contains(module_at(address)) ? std::string() : name_of_gone(address);
      const auto has_it = [shown = fmt::format("{:#x}", address)](const std::string &line) {
        return line.find(shown) != std::string::npos;
      };
      if (was.empty() || std::any_of(trace.begin(), trace.end(), has_it)) continue;
      const std::string where = fmt::format("{}", fmt::join(names, ", "));
      lines.push_back(
          fmt::format("{}{}{:#x} was {}, which is unloaded", where, where.empty() ? "" : ": ", address, was));
    }
    return lines;
  }

  /// Adds " (was timer_fires+0x0)" to a summary that has only an address of a module.
  void name_gone(std::string &summary) {
    for (const observe::ModuleRange &range : gone_) {
      const std::size_t end = summary.find(fmt::format(" [{}]", range.name));
      const std::size_t begin = end == std::string::npos ? end : summary.rfind(" 0x", end - 1);
      if (begin == std::string::npos) continue;
      const auto address =
          text::whole_number<std::uint64_t>(std::string_view(summary).substr(begin + 3, end - begin - 3), 16);
      const std::string was = address ? name_of_gone(*address) : std::string();
      if (was.empty()) continue;
      summary.insert(end + range.name.size() + 3, fmt::format(" (was {})", was.substr(0, was.find(' '))));
      return;
    }
  }

 private:
  using Named = std::vector<std::pair<std::uint64_t, std::vector<std::string>>>;

  /// Returns the unloaded module that had this address; empty if none had it.
  std::string module_at(std::uint64_t address) const {
    const auto range = std::find_if(gone_.begin(), gone_.end(),
                                    [address](const auto &one) { return address - one.address < one.size; });
    return range == gone_.end() ? std::string() : range->name;
  }

  /// Returns "timer_fires+0x0 [ex]"; empty if the address was in no unloaded module, or has no name there.
  std::string name_of_gone(std::uint64_t address) {
    for (const observe::ModuleRange &range : gone_) {
      if (address - range.address >= range.size) continue;
      const Module *module = module_of(range.name);
      const auto place =
          module != nullptr && module->symbols ? module->symbols->nearest(address, range.address) : std::nullopt;
      if (place) return fmt::format("{}+{:#x} [{}]", place->function, place->offset, range.name);
    }
    return {};
  }

  /// Notes the addresses of unloaded modules in a text, each with the words before it: a register, "address".
  void note_gone(std::string_view text, Named &found) const {
    constexpr std::string_view kBlank = " \t\n()[]";
    constexpr std::size_t kDigits = 16;
    std::string_view before;
    while (!text.empty()) {
      const std::size_t begin = std::min(text.find_first_not_of(kBlank), text.size());
      const std::size_t end = std::min(text.find_first_of(kBlank, begin), text.size());
      const std::string_view word = text.substr(begin, end - begin);
      text.remove_prefix(end);
      std::string_view digits = word.substr(word.find_last_of(':') + 1);  // "0010:0xffffffffc0201068"
      if (digits.starts_with("0x")) digits.remove_prefix(2);
      const auto address = digits.size() == kDigits ? text::whole_number<std::uint64_t>(digits, 16) : std::nullopt;
      if (address && !module_at(*address).empty()) note(*address, before, found);
      before = word;
    }
  }

  static void note(std::uint64_t address, std::string_view before, Named &found) {
    auto known = std::find_if(found.begin(), found.end(), [address](const auto &one) { return one.first == address; });
    if (known == found.end()) known = found.insert(found.end(), {address, {}});
    if (!before.ends_with(':')) return;
    const std::string name(before.substr(0, before.size() - 1));
    if (std::find(known->second.begin(), known->second.end(), name) == known->second.end()) {
      known->second.push_back(name);
    }
  }

  /// A module under test; without symbols if its file could not be read.
  struct Module {
    std::string file;
    std::unique_ptr<kernel::ModuleSymbols> symbols;
  };
  /// A frame in a module under test.
  struct ModuleFrame {
    Module *module = nullptr;
    std::string shown;  ///< "ex_fault_write+0x1c [faulty_oops]"
    std::optional<CodePlace> place = {};
    Address address = Address::returns_to;
  };
  /// The frames found so far in one piece of evidence.
  struct Frames {
    std::vector<std::string> lines;
    std::string heading;  ///< of the current stack
    bool heading_written = true;
    int number = 0;                   ///< of the next frame
    std::optional<ModuleFrame> last;  ///< the frame before
    int repeated = 0;                 ///< how often it was repeated
    std::set<std::string> faults;
    std::set<std::string> without_lines;
  };

  void add(std::string_view words) {
    if (is_heading(words)) {
      frames_.heading = words;
      end_repetition();
      if (is_access(words)) frames_.faults.clear();  // both can be in one place
      // The first stack needs no heading, unless it is not the current one.
      if (frames_.lines.empty() && words.starts_with("CPU: ")) return;
      frames_.number = 0;
      frames_.heading_written = false;
      return;
    }
    const auto found = frame_in(words);
    if (!found) return;
    // An oops shows its place a second time at its end.
    if (found->address == Address::exact && !frames_.faults.insert(found->shown).second) return;
    if (frames_.last && frames_.last->shown == found->shown && frames_.last->address == found->address) {
      ++frames_.number;
      ++frames_.repeated;
      return;
    }
    end_repetition();
    if (!frames_.heading_written && frames_.number == 0) frames_.lines.push_back(frames_.heading);
    frames_.heading_written = true;
    write(fmt::format("#{} {}", frames_.number++, found->shown), *found);
    frames_.last = found;
    if (found->module->symbols && !found->module->symbols->has_lines())
      frames_.without_lines.insert(found->module->file);
  }

  void end_repetition() {
    if (frames_.repeated == 1) frames_.lines.emplace_back("     … repeated once more");
    if (frames_.repeated > 1) frames_.lines.push_back(fmt::format("     … repeated {} times more", frames_.repeated));
    frames_.repeated = 0;
    frames_.last.reset();
  }

  std::optional<ModuleFrame> frame_in(std::string_view words) {
    const bool fault = words.starts_with("RIP: ") || words.starts_with("  at ");
    const std::string_view text = fault ? words : without_blanks(words);
    if (const auto frame = observe::parse_frame(text)) {
      if (frame->guessed || frame->module.empty() || (!fault && !text.starts_with(frame->place))) return std::nullopt;
      Module *module = module_of(frame->module);
      if (module == nullptr) return std::nullopt;
      return ModuleFrame{.module = module,
                         .shown = fmt::format("{} [{}]", frame->place, frame->module),
                         .place = place_of(*frame),
                         .address = fault ? Address::exact : Address::returns_to};
    }
    const auto address = observe::parse_bare_address(words);
    return address ? frame_in_gone_code(*address) : std::nullopt;
  }

  /// Returns a frame for an address in code that is gone. Such code cannot continue: something returned to the address,
  /// even in RIP.
  std::optional<ModuleFrame> frame_in_gone_code(std::uint64_t address) {
    const auto range = std::find_if(loaded_.begin(), loaded_.end(), [&](const observe::ModuleRange &one) {
      return address >= one.address && address - one.address < one.size;
    });
    Module *module = range == loaded_.end() ? nullptr : module_of(range->name);
    if (module == nullptr) return std::nullopt;
    ModuleFrame found{.module = module, .shown = fmt::format("{:#x}", address)};
    if (module->symbols) found.place = module->symbols->place_of(address, range->address);
    if (found.place) found.shown += fmt::format(": {}+{:#x}", found.place->function, found.place->offset);
    found.shown += fmt::format(" [{}]", range->name);
    return found;
  }

  void write(const std::string &start, const ModuleFrame &found) {
    std::vector<SourceLine> lines;
    if (found.place && found.module->symbols) lines = found.module->symbols->lines_at(*found.place, found.address);
    if (lines.empty()) {
      frames_.lines.push_back(start);
      return;
    }
    const bool inlined = lines.size() > 1;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      std::string text = i == 0 ? start + "  " : "     inlined into ";
      if (inlined) text += lines[i].function + "(), ";
      text += fmt::format("{}:{}", lines[i].file, lines[i].line);
      if (!lines[i].text.empty()) text += "  " + lines[i].text;
      frames_.lines.push_back(std::move(text));
    }
  }

  Module *module_of(const std::string &name) {
    if (const auto known = modules_.find(name); known != modules_.end()) return &known->second;
    const auto info = std::find_if(seen_.modules.begin(), seen_.modules.end(),
                                   [&](const kernel::ModuleInfo &one) { return text::lsmod_name(one.name) == name; });
    if (info == seen_.modules.end()) return nullptr;
    // Without symbols, frames are listed without source lines.
    Module module{info->file.filename().string(), open_symbols(info->file, headers_)};
    return &modules_.emplace(name, std::move(module)).first->second;
  }

  const judge::Observations &seen_;
  std::vector<observe::ModuleRange> loaded_, gone_;
  const std::filesystem::path &headers_;
  std::map<std::string, Module> modules_;
  Frames frames_;
};

}  // namespace

void add_source_frames(judge::Verdict &verdict, const judge::Observations &seen, const std::filesystem::path &headers) {
  SourceFrames source_frames(seen, headers);
  for (judge::Evidence &evidence : verdict.evidence) {
    if (evidence.trace.empty()) evidence.trace = source_frames.frames_of(evidence.details);
    std::vector<std::string> gone = source_frames.gone_in(evidence.details, evidence.trace);
    std::move(gone.begin(), gone.end(), std::back_inserter(evidence.trace));
    source_frames.name_gone(evidence.summary);
  }
}

}  // namespace kmodtest::run
