// SPDX-License-Identifier: GPL-2.0-or-later
// Asio's definitions, once for the whole program (BOOST_ASIO_SEPARATE_COMPILATION).
#include <boost/asio/impl/src.hpp>
