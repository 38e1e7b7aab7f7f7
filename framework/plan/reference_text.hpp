// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/// The prose of testplans/README.md; the tables between come from the vocabulary.
namespace kmodtest::plan {

extern const char *const kReferenceIntroduction;
extern const char *const kReferenceModules;
extern const char *const kReferenceMatrix;
extern const char *const kReferenceExpect;
extern const char *const kReferenceSteps;
extern const char *const kReferenceValues;
extern const char *const kReferenceMeaning;

}  // namespace kmodtest::plan
