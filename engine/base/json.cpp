// SPDX-License-Identifier: Apache-2.0
// Boost.JSON is header-only here: compiled once, in this file.
#include <boost/json/src.hpp>
