// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "outcome/schedule_story.hpp"
#include "report/html/markup.hpp"

namespace kmodtest::report::html {

/// Renders what a schedule did: in words, then the run that fails next to the nearest one that passes, each as a
/// timeline with a lane for each thread and the source next to it.
Markup render_schedule(const outcome::ScheduleStory &story);

}  // namespace kmodtest::report::html
