// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

namespace kmodtest::bench {

/// The output of one measurement. Every row has a cell for each column.
struct Table {
  std::string title;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  std::string note;  ///< a sentence below the rows; empty: none
};

enum class Format { text, markdown };

/// Renders the table. The first column is aligned to the left, all others, which are figures, to the right.
std::string render(const Table &table, Format format);

/// Cells. A ratio whose divisor is zero is "-".
std::string seconds(double value);             ///< "0.123"
std::string ratio(double value, double of);    ///< "1.50x"
std::string percent(double value, double of);  ///< "42 %"
std::string mib(double kib);                   ///< "12.3" MiB from KiB

}  // namespace kmodtest::bench
