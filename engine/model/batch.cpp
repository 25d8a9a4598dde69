// SPDX-License-Identifier: Apache-2.0
#include "engine/model/batch.h"

#include "engine/model/wire.h"

namespace pelton::model {
namespace {

constexpr std::size_t kMaxEvents = 1U << 24;

template <typename Column>
bool set_column(Column& column, std::string_view value, std::size_t width) {
  column.start = value.data();
  column.count = value.size() / width;
  return value.size() % width == 0;
}

bool decode_header(std::string_view in, Header& header) {
  header = {};
  wire::Field field;
  while (!in.empty()) {
    if (!wire::get_field(in, field)) return false;
    if (field.number == 1) header.name = field.bytes;
    if (field.number == 2) header.value = field.bytes;
  }
  return true;
}

// Calls visit(header) for each header until it returns false. Malformed bytes end the walk.
template <typename Visit>
void walk_headers(std::string_view in, Visit visit) {
  wire::Field field;
  Header header;
  while (!in.empty() && wire::get_field(in, field)) {
    if (field.number != 1 || field.type != wire::delimited) continue;
    if (!decode_header(field.bytes, header) || !visit(header)) return;
  }
}

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorKind::corrupt, "E4001", "malformed event batch: {}", what);
}

}  // namespace

Result<BatchPtr> Batch::parse(std::string bytes) {
  return read(std::move(bytes));
}

Result<std::shared_ptr<Batch>> Batch::read(std::string bytes) {
  // Not make_shared: the constructor is private.
  std::shared_ptr<Batch> batch(new Batch(std::move(bytes)));
  if (auto ok = batch->index(); !ok) return std::unexpected(ok.error());
  if (auto ok = batch->check(); !ok) return std::unexpected(ok.error());
  return batch;
}

const Error* Batch::fault(std::size_t i) const {
  const auto at = std::ranges::lower_bound(faults_, i, {}, &Fault::index);
  return at == faults_.end() || at->index != i ? nullptr : &at->error;
}

Status Batch::index() {
  std::string_view in = bytes_;
  wire::Field field;
  while (!in.empty()) {
    if (!wire::get_field(in, field)) return malformed("broken field");
    if (field.number == 1 && field.type == wire::varint) {
      if (field.number_value > kMaxEvents) return malformed("more than 16,777,216 events");
      count_ = field.number_value;
    } else if (field.type == wire::delimited) {
      if (auto ok = read_field(field.number, field.bytes); !ok) return ok;
    }
  }
  return {};
}

Status Batch::read_field(std::uint32_t number, std::string_view value) {
  bool whole = true;
  switch (number) {
    case 2:
      data_.bytes = value;
      break;
    case 3:
      whole = set_column(data_.end, value, 4);
      break;
    case 4:
      key_.bytes = value;
      break;
    case 5:
      whole = set_column(key_.end, value, 4);
      break;
    case 6:
      whole = set_column(flags_, value, 1);
      break;
    case 7:
      whole = set_column(time_, value, 8);
      break;
    case 8:
      dictionary_.push_back(value);
      break;
    case 9:
      whole = set_column(type_, value, 4);
      break;
    case 10:
      whole = set_column(source_, value, 4);
      break;
    case 11:
      whole = set_column(content_type_, value, 4);
      break;
    case 12:
      subject_.bytes = value;
      break;
    case 13:
      whole = set_column(subject_.end, value, 4);
      break;
    case 14:
      id_.bytes = value;
      break;
    case 15:
      whole = set_column(id_.end, value, 4);
      break;
    case 16:
      headers_.bytes = value;
      break;
    case 17:
      whole = set_column(headers_.end, value, 4);
      break;
    case 18:
      whole = set_column(offset_delta_, value, 4);
      break;
    default:
      break;  // written by a later version: carried, not read
  }
  if (!whole) return malformed(fmt::format("column {} is cut", number));
  return {};
}

Status Batch::check() const {
  if (count_ == 0) return malformed("no events");
  for (const auto& [blob, name] :
       {std::pair{&data_, "data"}, std::pair{&key_, "key"}, std::pair{&subject_, "subject"},
        std::pair{&id_, "id"}, std::pair{&headers_, "headers"}})
    if (auto ok = check_blob(*blob, name); !ok) return ok;
  for (const auto& [column, name] : {std::pair{&type_, "type"}, std::pair{&source_, "source"},
                                     std::pair{&content_type_, "content_type"}})
    if (auto ok = check_words(*column, name); !ok) return ok;
  auto fits = [&](std::size_t n) { return n == 0 || n == 1 || n == count_; };
  if (!fits(flags_.count)) return malformed("column flags has another length");
  if (!fits(time_.count)) return malformed("column time_us has another length");
  if (offset_delta_.count != 0 && offset_delta_.count != count_)
    return malformed("column offset_delta has another length");
  for (std::size_t i = 1; i < offset_delta_.count; ++i)
    if (offset_delta_.at(i, 0) <= offset_delta_.at(i - 1, 0))
      return malformed("offset_delta does not ascend");
  return {};
}

Status Batch::check_blob(const Blob& blob, const char* name) const {
  if (blob.end.count == 0) return {};
  if (blob.end.count != count_)
    return malformed(fmt::format("ends of {} have another length", name));
  std::uint32_t before = 0;
  bool ascends = true;
  for (std::size_t i = 0; i < count_; ++i) {
    const std::uint32_t end = blob.end.at(i, 0);
    ascends &= end >= before;
    before = end;
  }
  if (!ascends) return malformed(fmt::format("ends of {} do not ascend", name));
  if (before > blob.bytes.size()) return malformed(fmt::format("ends of {} exceed it", name));
  return {};
}

Status Batch::check_words(const Column<std::uint32_t>& column, const char* name) const {
  if (column.count != 0 && column.count != 1 && column.count != count_)
    return malformed(fmt::format("column {} has another length", name));
  for (std::size_t i = 0; i < column.count; ++i)
    if (column.at(i, 0) >= dictionary_.size())
      return malformed(fmt::format("column {} points outside the dictionary", name));
  return {};
}

std::vector<Header> Batch::headers(std::size_t i) const {
  std::vector<Header> all;
  walk_headers(headers_.at(i), [&](const Header& header) {
    all.push_back(header);
    return true;
  });
  return all;
}

bool Batch::find_header(std::size_t i, std::string_view name, std::string_view& value) const {
  bool found = false;
  walk_headers(headers_.at(i), [&](const Header& header) {
    if (header.name != name) return true;
    value = header.value;
    found = true;
    return false;
  });
  return found;
}

EventView Batch::event(std::size_t i) const {
  EventView view;
  view.id = id(i);
  view.source = source(i);
  view.type = type(i);
  view.subject = subject(i);
  view.content_type = content_type(i);
  view.key = key(i);
  view.data = data(i);
  view.time_us = time_us(i);
  view.has_key = has_key(i);
  view.has_data = has_data(i);
  view.headers = headers(i);
  return view;
}

}  // namespace pelton::model
