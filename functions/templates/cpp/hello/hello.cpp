// Greets a person: {"name": "Ada"} -> {"greeting": "Hello, Ada!"}.
#include <pelton/function.h>
#include <simdjson.h>

#include <string>

namespace {

pelton::Outcome handle(const pelton::Event& event, const pelton::Context&, pelton::Outputs& out) {
  static simdjson::dom::parser parser;
  const auto person = parser.parse(event.data().data(), event.data().size());
  std::string_view name;
  // A dead letter at once; an exception, or pelton::retry(), is tried again.
  if (person["name"].get(name) != simdjson::SUCCESS) return pelton::fail("this person has no name");
  out.add("{\"greeting\":\"Hello, " + std::string(name) + "!\"}");  // an event in the stream `to`
  return pelton::done();
}

}  // namespace

int main(int argc, char** argv) {
  return pelton::serve(argc, argv, handle);
}
