// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/target.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pelton::database {

// A server with one table, as it would look to everybody: rows are "name=value ..." texts. It
// outlives its targets.
struct FakeServer {
  TargetTable table{{{"id", "int8", ColumnForm::number, ColumnForm::text, false},
                     {"item", "text", ColumnForm::text, ColumnForm::text, false}},
                    {"id"}};
  std::vector<std::string> rows;                  // committed
  std::map<std::string, Progress> progress;       // committed
  std::set<std::string> refused;                  // values of `id` of which no row is taken
  std::vector<std::size_t> statements;            // how many rows each had that was done
  std::optional<Error> failing_run, failing_end;  // once
  bool lose_answer = false;                       // of the next commit, which is done
};

class FakeTarget final : public Target {
 public:
  explicit FakeTarget(FakeServer& server) : server_(server) {}

  Result<TargetTable> connect() override { return server_.table; }
  Result<Progress> begin(const std::string& place, bool careful) override {
    careful_ = careful;
    failed_ = false;
    rows_.clear();
    return server_.progress[place];
  }
  Result<std::optional<Error>> run(const Statement& statement) override {
    if (auto error = std::exchange(server_.failing_run, {})) return std::unexpected(*error);
    if (failed_) return fail(ErrorKind::invalid, "", "the transaction has failed");
    std::vector<std::string> texts;
    for (const auto& row : statement.rows) {
      std::string text = statement.remove ? "delete" : "";
      for (const std::size_t column : statement.columns) {
        const Value& value = row[column];
        if (!text.empty()) text += ' ';
        text += server_.table.columns[column].name + "=" +
                (value.state == Value::State::null ? "NULL" : std::string(value.text));
        if (column == 0 && server_.refused.contains(std::string(value.text))) {
          failed_ = !careful_;
          return Error{ErrorKind::invalid, "E7244", "refused"};
        }
      }
      texts.push_back(std::move(text));
    }
    server_.statements.push_back(texts.size());
    rows_.insert(rows_.end(), texts.begin(), texts.end());
    return std::nullopt;
  }
  Status end(const std::string& place, const std::optional<Progress>& progress) override {
    if (auto error = std::exchange(server_.failing_end, {})) return std::unexpected(*error);
    if (!progress) return {};
    server_.progress[place] = *progress;
    server_.rows.insert(server_.rows.end(), rows_.begin(), rows_.end());
    if (std::exchange(server_.lose_answer, false))
      return fail(ErrorKind::unavailable, "E7081", "the connection is lost");
    return {};
  }
  void close() override {}
  void hurry() override {}

 private:
  FakeServer& server_;
  bool careful_ = false, failed_ = false;
  std::vector<std::string> rows_;  // of the transaction
};

}  // namespace pelton::database
