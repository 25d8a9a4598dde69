// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/histogram.h"
#include "engine/base/notices.h"
#include "engine/config/parts/route.h"
#include "engine/http/invoke/kept_calls.h"
#include "engine/http/lambda/functions.h"
#include "engine/net/message.h"
#include "engine/observe/status.h"
#include "engine/schema/codec.h"
#include "engine/stream/access.h"
#include "engine/stream/appender.h"

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace pelton::http {

// What was counted of a route. Thread-safe.
class RouteCounts {
 public:
  void answered(unsigned status, std::chrono::nanoseconds took);
  // A request under way: until it goes, answered or not.
  class UnderWay {
   public:
    explicit UnderWay(std::shared_ptr<RouteCounts> counts) : counts_(std::move(counts)) {}
    UnderWay(UnderWay&&) = default;
    ~UnderWay() {
      if (counts_) counts_->end();
    }

   private:
    // Shared with the route, which may leave before.
    std::shared_ptr<RouteCounts> counts_;
  };
  // Nothing: there are `most` already.
  static std::optional<UnderWay> begin(const std::shared_ptr<RouteCounts>& counts,
                                       std::optional<std::uint32_t> most);
  void report(observe::RouteStatus& into) const;

 private:
  void end();

  mutable std::mutex mutex_;
  std::map<unsigned, std::uint64_t> by_status_;  // guarded by mutex_
  Histogram durations_;                          // written with mutex_ held
  std::uint32_t under_way_ = 0;                  // guarded by mutex_
};

// A route in service, which requests under way keep when it is removed.
struct ServedRoute {
  config::Route settings;
  config::Exchange exchange = config::Exchange::native;
  // Of a stream, or of that of its durable calls. Shared with whoever else has the target that it
  // came in.
  std::shared_ptr<stream::Appender> appender{};
  // Its durable calls, shared with the binding that delivers them; null: calls are not stored.
  std::shared_ptr<KeptCalls> kept{};
  // Where their results are; shared with the reads under way.
  std::shared_ptr<stream::StreamReader> results{};
  // Of a source that it notifies, shared with that.
  std::shared_ptr<NoticeBox> notices{};
  // Of bodies; null: anything will do.
  std::shared_ptr<const schema::Codec> schema{};
  // Shared with the route of that name before and after a reload.
  std::shared_ptr<RouteCounts> counts = std::make_shared<RouteCounts>();
};
// Shared by the table and the requests that are under way.
using ServedRoutePtr = std::shared_ptr<const ServedRoute>;

// The routes of one listener, and the functions that it serves by AWS Lambda's API. Immutable.
class RouteTable {
 public:
  explicit RouteTable(std::vector<ServedRoutePtr> routes, LambdaFunctions functions = {});

  struct Match {
    ServedRoutePtr route;  // null: there is none
    config::PathPattern::Parameters parameters{};
    std::string allowed{};  // without a route: the methods that the path has, for `Allow`
  };
  // HEAD is served by the route for GET where it has none of its own.
  Match find(const std::string& method, const std::vector<std::string>& path) const;
  const std::vector<ServedRoutePtr>& routes() const { return routes_; }
  // Null: it does not serve that API.
  const LambdaFunctions& functions() const { return functions_; }

 private:
  const std::vector<ServedRoutePtr> routes_;  // the most specific first
  const LambdaFunctions functions_;
};
// Shared by the handler and the requests that look at it while it is replaced.
using RouteTablePtr = std::shared_ptr<const RouteTable>;

}  // namespace pelton::http
