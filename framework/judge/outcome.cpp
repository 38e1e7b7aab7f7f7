// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/outcome.hpp"

namespace kmodtest::judge {

const char *outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return "passed";
    case Outcome::failed:
      return "failed";
    case Outcome::crashed:
      return "crashed";
    case Outcome::hung:
      return "hung";
    case Outcome::leaked:
      return "leaked";
    case Outcome::errored:
      return "errored";
    case Outcome::skipped:
      return "skipped";
  }
  return "errored";
}

std::optional<Outcome> outcome_named(std::string_view name) {
  for (const Outcome outcome : {Outcome::passed, Outcome::failed, Outcome::crashed, Outcome::hung, Outcome::leaked,
                                Outcome::errored, Outcome::skipped}) {
    if (name == outcome_name(outcome)) return outcome;
  }
  return std::nullopt;
}

std::string outcome_word(Outcome outcome) {
  std::string word = outcome_name(outcome);
  word[0] = static_cast<char>(word[0] - 'a' + 'A');
  return word;
}

}  // namespace kmodtest::judge
