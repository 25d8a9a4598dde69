// SPDX-License-Identifier: Apache-2.0
// Watches readings of devices, {"device": "boiler-1", "celsius": 71.5}, and emits an alert for each
// that is too hot.
#include <pelton/function.h>
#include <simdjson.h>

#include <string>

namespace {

constexpr double kTooHot = 80;

pelton::Outcome handle(const pelton::Event& event, const pelton::Context&, pelton::Outputs& out) {
  static simdjson::dom::parser parser;
  simdjson::dom::element reading;
  double celsius = 0;
  std::string_view device;
  if (parser.parse(event.data().data(), event.data().size()).get(reading) != simdjson::SUCCESS)
    return pelton::fail("the reading is not JSON");
  if (reading["celsius"].get(celsius) != simdjson::SUCCESS)
    return pelton::fail("the reading has no number `celsius`");
  if (reading["device"].get(device) != simdjson::SUCCESS)
    return pelton::fail("the reading has no text `device`");
  if (celsius <= kTooHot) return pelton::done();
  const std::string alert = "{\"device\":\"" + std::string(device) +
                            "\",\"celsius\":" + std::to_string(celsius) + ",\"alert\":\"too hot\"}";
  pelton::Output output{alert, {}, {}, {}, {}, {}, {}};
  output.type = "example.alert";
  output.content_type = "application/json";
  const std::string subject = "alert-" + std::string(device) + ".json";
  output.subject = subject;
  out.add(output);
  return pelton::done();
}

}  // namespace

int main(int argc, char** argv) {
  return pelton::serve(argc, argv, handle);
}
