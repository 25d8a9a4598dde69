// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/object.hpp>

// The answers of `plan` and `reload` (config::Review as JSON) for people.
namespace pelton::cli {

// The problems of the file, a line each, to standard error.
void print_problems(const boost::json::object& review);
// The parts that change, each with its options, and how many of which kind. Nothing when none does.
void print_changes(const boost::json::object& review);
// What a running engine cannot change, to standard error.
void print_refusals(const boost::json::object& review);
// All of these, and the error of a reload that failed.
void print_review(const boost::json::object& review);
// That a reload changed nothing, to standard error.
void note_not_reloaded();
// How the command ends: kConfigInvalid, kConflict where a restart is needed, kFailure, or kOk.
int exit_code_of(const boost::json::object& review);

}  // namespace pelton::cli
