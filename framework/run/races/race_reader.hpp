// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "judge/observations.hpp"
#include "kernel/symbols/kernel_image.hpp"
#include "kernel/symbols/symbols.hpp"
#include "observe/races.hpp"
#include "run/coverage/loads.hpp"
#include "run/races/happens_before.hpp"
#include "run/races/held_locks.hpp"
#include "run/races/marked_access.hpp"
#include "run/races/race_file.hpp"

namespace kmodtest::run {

/// Decides which of the accesses that QEMU saw are data races, and describes these. Knows modules, sources and stacks.
class RaceReader {
 public:
  /// `loads`: of the case. `kernel`: null if nothing is known of it. `headers`: the kernel's, whose sources may be
  /// read; empty: none.
  RaceReader(const judge::Observations &seen, const std::vector<LoadEvent> &loads, const kernel::KernelImage *kernel,
             const std::filesystem::path &headers);

  /// Returns the races whose `reports` is less than `until`; later ones depend on when the guest was paused.
  /// `report_bytes`: the agent's messages.
  observe::RacesSeen read(const RacesFound &found, std::string_view report_bytes, std::uint64_t until);

 private:
  struct Module {
    std::string name;  ///< as lsmod prints it
    std::string init_function, exit_function;
    std::unique_ptr<kernel::ModuleSymbols> symbols;
    Names volatile_names;
  };
  /// A part of a module in the guest's memory, and between which numbers of bytes of agent messages it was there.
  struct Part {
    Module *module = nullptr;
    kernel::ModuleSymbols::Part kind = kernel::ModuleSymbols::Part::kept;
    std::uint64_t base = 0;
    std::uint64_t from = 0, until = UINT64_MAX;
  };
  /// An address in a module's code.
  struct Place {
    Module *module = nullptr;
    kernel::CodePlace code;
  };
  /// One access with what its source says.
  struct Access {
    Place place;
    std::string where;                ///< "adds (ex.c:31)"
    std::optional<bool> marked = {};  ///< nothing: its source cannot be read
    SequenceSection section = SequenceSection::none;
  };
  using Lines = std::vector<std::string>;
  /// A function that has called another one.
  struct Frame {
    std::string text;  ///< "adds+0x21/0x60 [ex]"
    bool certain = true;
    std::optional<Place> place;  ///< if it is in a module
  };

  void add_entries(const std::vector<std::uint64_t> &entries);
  std::optional<Place> place_of(std::uint64_t address, std::uint64_t reports) const;
  /// Returns the start and the text of the function that contains an address.
  std::optional<std::pair<std::uint64_t, Frame>> function_at(std::uint64_t address, std::uint64_t reports) const;
  bool is_thunk(std::uint64_t address) const;
  std::vector<Frame> frames_of(const wire::AccessSeen &seen, std::uint64_t reports) const;
  const Access &source_of(const Place &place);
  std::optional<Access> access_of(const wire::AccessSeen &seen, std::uint64_t reports);
  EntryKind entry_at(const wire::RaceEvent &event) const;
  OrderRules order_rules();
  std::vector<wire::RaceSeen> unordered(const RacesFound &found);
  std::string line_of_call(const wire::RaceEvent &call);
  SequenceSection section_of(const Place &place, kernel::Address address);
  std::string object_at(std::uint64_t address) const;
  void describe(const wire::AccessSeen &seen, const Access &access, Lines &lines);
  void describe_callers(const wire::AccessSeen &seen, std::uint64_t reports, Lines &lines) const;
  void describe_beginning(const RacesFound &found, const wire::AccessSeen &seen, std::uint64_t events, Lines &lines);
  void describe_locks(const RacesFound &found, std::uint32_t thread, std::uint64_t events, Lines &lines);
  void describe_allocation(const RacesFound &found, const wire::RaceSeen &race, Lines &lines);

  const judge::Observations &seen_;
  const kernel::KernelImage *kernel_;
  SyncFunctions functions_;
  std::map<std::tuple<const Module *, std::string, std::uint64_t>, Access> sources_;
  std::vector<std::unique_ptr<Module>> modules_;
  std::vector<Part> parts_;
};

}  // namespace kmodtest::run
