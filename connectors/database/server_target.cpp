// SPDX-License-Identifier: Apache-2.0
#include "connectors/database/server_target.h"

#include <utility>

namespace pelton::database {

Result<TargetTable> ServerTarget::connect() {
  Status ready = connected_ ? Status{} : log_in();
  if (ready && !connected_) ready = create_table();
  auto table = ready ? read_table() : std::unexpected(std::move(ready).error());
  if (table && !connected_)
    if (auto prepared = prepare(); !prepared) table = std::unexpected(std::move(prepared).error());
  connected_ = table.has_value();
  if (!connected_) log_out();
  if (table) table_ = *table;
  return table;
}

void ServerTarget::close() {
  log_out();
  connected_ = false;
  hurry_ = false;
}

Status ServerTarget::probe() {
  if (auto in = log_in(); !in) return in;
  const auto there = find_table(options_.name);
  if (!there) return std::unexpected(there.error());
  if (!*there && !options_.create.empty()) return {};
  const auto table = read_table();
  return table ? Status{} : std::unexpected(table.error());
}

Status ServerTarget::prepare() {
  if (auto created = create_progress(); !created) return created;
  return forget_letters();
}

Result<TargetTable> ServerTarget::read_table() {
  const auto found = find_table(options_.name);
  if (!found) return std::unexpected(found.error());
  if (!*found)
    return fail(ErrorKind::invalid, "E7241", "there is no table {}", options_.name.text());
  if (!(*found)->unfit.empty())
    return fail(ErrorKind::invalid, "E7242", "table {} {}", options_.name.text(), (*found)->unfit);
  return read_columns(**found);
}

Status ServerTarget::create_table() {
  if (options_.create.empty()) return {};
  const auto there = find_table(options_.name);
  if (!there) return std::unexpected(there.error());
  return *there ? Status{} : execute(common().create_table);
}

// Asked for first: who may not create tables may still write to one that is there.
Status ServerTarget::create_progress() {
  const auto found = find_table(options_.progress_name);
  if (!found) return std::unexpected(found.error());
  if (*found && !(*found)->unfit.empty())
    return fail(ErrorKind::invalid, "E7243", "the table {} {}", options_.progress_name.text(),
                (*found)->unfit);
  if (*found) return {};
  const std::string create = common().create_progress;
  const auto created = execute(create);
  if (created || created.error().kind != ErrorKind::invalid) return created;
  return fail(ErrorKind::invalid, "E7243",
              "the table for the progress cannot be created: {}; run {}", created.error().message,
              create);
}

}  // namespace pelton::database
