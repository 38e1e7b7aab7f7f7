// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include "judge/steps/reading.hpp"
#include "shared/kmsg.hpp"

/// repeat: whether each round loaded and unloaded. The always-on checks judge what grew meanwhile (growth.cpp).
namespace kmodtest::judge {

namespace {

Reading refused(const StepView &view, const std::string &what, int error, std::size_t round) {
  Reading reading = reading_broken(fmt::format("{} gave {} in round {}", what, errno_words(error), round));
  reading.expected = fmt::format("{} in each round", errno_words(0));
  reading.seen = errno_words(error);
  const auto log = view.own_log();
  constexpr std::size_t kMostLines = 20;
  for (std::size_t i = log.size() > kMostLines ? log.size() - kMostLines : 0; i < log.size(); ++i) {
    reading.details.push_back(shared::render_dmesg(log[i]));
  }
  return reading;
}

}  // namespace

Reading read(const StepView &view, const wire::Repeat &repeat) {
  const std::size_t wanted = std::size_t{repeat.warm_up} + repeat.times;
  std::size_t loads = 0;
  std::size_t unloads = 0;
  if (repeat.added && view.of<wire::Loaded>().empty()) return reading_held();  // left out; notes.cpp says why
  const std::size_t modules = repeat.modules.empty() ? 1 : repeat.modules.size();
  for (const auto &message : view.all.seen.messages) {
    if (const auto *loaded = std::get_if<wire::Loaded>(&message); loaded && loaded->step == view.index) {
      if (loaded->error != 0) return refused(view, "loading " + loaded->module, loaded->error, loads / modules + 1);
      ++loads;
    }
    if (const auto *unloaded = std::get_if<wire::Unloaded>(&message); unloaded && unloaded->step == view.index) {
      if (unloaded->error != 0)
        return refused(view, "unloading " + unloaded->module, unloaded->error, unloads / modules + 1);
      ++unloads;
    }
  }
  if (unloads < wanted * modules) {
    return reading_unknown(fmt::format("round {} of {} did not finish", unloads / modules + 1, wanted));
  }
  const auto counted = view.of<wire::MemoryCounted>();
  if (counted.empty() || counted.back()->rounds != repeat.times) {
    return reading_unknown("the memory in use after the last round was not counted");
  }
  return reading_held();
}

}  // namespace kmodtest::judge
