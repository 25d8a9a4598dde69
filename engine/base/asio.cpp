// SPDX-License-Identifier: Apache-2.0
// Boost.Asio's own functions, compiled once, in this file, instead of in every one that uses them.
#include <boost/asio/impl/src.hpp>
