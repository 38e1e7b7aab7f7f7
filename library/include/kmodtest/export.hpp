// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/// The visible interface of the shared library; everything else in it is hidden.
#define KMODTEST_EXPORT __attribute__((visibility("default")))
