// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/// What the shared library shows of itself; all else in it is hidden.
#define KMODTEST_EXPORT __attribute__((visibility("default")))
