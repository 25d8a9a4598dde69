// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/filter_spec.h"

namespace pelton::config {

const std::vector<EventField>& event_fields() {
  using enum FieldRef::Kind;
  static const std::vector<EventField> fields{
      {"id", id, "The event's id."},
      {"source", source, "Where it came from."},
      {"type", type, "Its type."},
      {"subject", subject, "What it is about, such as a file's name."},
      {"key", key, "Its key, by which it is ordered."},
      {"time", time, "Its time, as text: RFC 3339 in UTC."},
      {"content_type", content_type, "The media type of its data."},
      {"headers.NAME", header, "The header of that name."},
      {"data", data, "Its data as text."},
      {"data.PATH", data, "A value inside JSON data; dots lead into objects: `data.order.total`."}};
  return fields;
}

const std::vector<FilterCondition>& filter_conditions() {
  using enum Matcher::Kind;
  static const std::vector<FilterCondition> conditions{
      {"equals", equals, "The value is this one. The same as the bare value.", "reading"},
      {"prefix", prefix, "The value begins with this text.", "photos/"},
      {"suffix", suffix, "The value ends with this text.", ".jpg"},
      {"glob", glob, "The value fits the pattern: `*`, `?`, `[a-z]`.", "photos/*.jpg"},
      {"exists", exists, "`true`: the field is there, whatever it holds; `false`: it is not.",
       "true"},
      {"above", range, "A number greater than this. Bounds can be combined.", "80"},
      {"at_least", range, "A number that is this or greater.", "80"},
      {"below", range, "A number less than this.", "80"},
      {"at_most", range, "A number that is this or less.", "80"}};
  return conditions;
}

}  // namespace pelton::config
