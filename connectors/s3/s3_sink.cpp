// SPDX-License-Identifier: Apache-2.0
#include "connectors/s3/s3_sink.h"

#include "engine/connector/lane_guard.h"
#include "engine/connector/name_template.h"

#include <algorithm>
#include <utility>

namespace pelton::s3 {
namespace {

using connector::SinkFailure;
using connector::SinkPosition;

constexpr std::size_t kLongestKey = 1'024;
constexpr const char* kPut = "s3:PutObject";

// Whether the error is of one event; every other stops them all.
bool of_one_event(const Error& error) {
  return error.code == "E7204" || error.code == "E7207" || error.code == "E7210";
}

bool has_dots(std::string_view key) {
  while (true) {
    const std::string_view part = key.substr(0, key.find('/'));
    if (part == "." || part == "..") return true;
    if (part.size() == key.size()) return false;
    key.remove_prefix(part.size() + 1);
  }
}

std::string parts_xml(const std::vector<std::string>& etags) {
  std::string xml = "<CompleteMultipartUpload>";
  for (std::size_t i = 0; i < etags.size(); ++i)
    xml += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1, etags[i]);
  return xml + "</CompleteMultipartUpload>";
}

}  // namespace

Result<std::string> object_key(const std::string& text, const model::Batch& batch, std::size_t i,
                               const SinkPosition& position) {
  auto name = connector::fill_template(text, batch, i, position);
  if (!name)
    return fail(ErrorKind::invalid, "E7210",
                "cannot write an object: the event has no {}, which `key` contains", name.error());
  if (name->empty() || name->size() > kLongestKey)
    return fail(ErrorKind::invalid, "E7210", "an object key has 1 to {} bytes, not {}", kLongestKey,
                name->size());
  if (has_dots(*name))
    return fail(ErrorKind::invalid, "E7210", "the object key \"{}\" has a part \".\" or \"..\"",
                *name);
  return std::move(*name);
}

S3Sink::S3Sink(SinkOptions options, const Environment& environment, const Clock& clock)
    : options_(std::move(options)), environment_(environment), clock_(clock) {}

Status S3Sink::connect() {
  close();
  auto bucket = open_bucket(options_.at, environment_, clock_);
  if (!bucket) return std::unexpected(std::move(bucket).error());
  // Who may only write may not list.
  auto there = check_access(**bucket, "");
  if (!there && there.error().code != "E7204") return there;
  bucket_ = std::move(*bucket);
  return {};
}

Result<std::vector<SinkFailure>> S3Sink::write(const model::Batch& batch,
                                               const SinkPosition& position) {
  std::vector<SinkFailure> failures;
  connector::LaneGuard lanes(batch, position.order);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Status written = lanes.blocked(i)
                         ? fail(ErrorKind::overloaded, "", "an earlier event of its key failed")
                         : write_event(batch, i, position);
    if (written) continue;
    Error error = std::move(written).error();
    if (error.kind != ErrorKind::overloaded && !of_one_event(error)) {
      error.kind = ErrorKind::unavailable;
      return std::unexpected(std::move(error));
    }
    // A right can be given: no attempt is used up.
    if (error.code == "E7204") error.kind = ErrorKind::unavailable;
    lanes.failed(i);
    failures.push_back({i, std::move(error)});
  }
  return failures;
}

Status S3Sink::write_event(const model::Batch& batch, std::size_t i, const SinkPosition& position) {
  const auto key = object_key(options_.key, batch, i, position);
  if (!key) return std::unexpected(key.error());
  if (!batch.has_data(i))
    return options_.if_exists == IfExists::replace
               ? send({"DELETE", *key, {}, {}, {}, "s3:DeleteObject"})
               : Status{};
  const std::string type(options_.content_type.empty() ? batch.content_type(i)
                                                       : options_.content_type);
  const std::string_view data = batch.data(i);
  return data.size() > options_.part_size ? put_parts(*key, data, type) : put(*key, data, type);
}

std::vector<net::HttpHeader> S3Sink::headers(const std::string& content_type) const {
  std::vector<net::HttpHeader> headers;
  if (!content_type.empty()) headers.push_back({"content-type", content_type});
  if (!options_.storage_class.empty())
    headers.push_back({"x-amz-storage-class", options_.storage_class});
  for (const auto& [name, value] : options_.metadata)
    headers.push_back({"x-amz-meta-" + name, value});
  return headers;
}

Status S3Sink::put(const std::string& key, std::string_view data, const std::string& content_type) {
  Call call{"PUT", key, {}, headers(content_type), data, kPut};
  if (options_.if_exists == IfExists::keep) call.headers.push_back({"if-none-match", "*"});
  return send(std::move(call));
}

Status S3Sink::put_parts(const std::string& key, std::string_view data,
                         const std::string& content_type) {
  const auto begun =
      bucket_->send({"POST", key, {{"uploads", ""}}, headers(content_type), {}, kPut});
  if (!begun) return std::unexpected(begun.error());
  const std::string upload = element_text(begun->body, "UploadId");
  const auto xml = upload_parts(key, upload, data);
  Status done = xml ? Status{} : std::unexpected(xml.error());
  if (xml) {
    Call call{"POST", key, {{"uploadId", upload}}, {}, *xml, kPut};
    if (options_.if_exists == IfExists::keep) call.headers.push_back({"if-none-match", "*"});
    done = send(std::move(call));
  }
  // Parts that are left behind cost money. That this fails, too, is not worth another word.
  if (!done)
    (void)bucket_->send({"DELETE", key, {{"uploadId", upload}}, {}, {}, "s3:AbortMultipartUpload"});
  return done;
}

Result<std::string> S3Sink::upload_parts(const std::string& key, const std::string& upload,
                                         std::string_view data) {
  std::vector<std::string> etags;
  while (!data.empty()) {
    const std::string_view part = data.substr(0, options_.part_size);
    data.remove_prefix(part.size());
    const std::string number = std::to_string(etags.size() + 1);
    const auto put =
        bucket_->send({"PUT", key, {{"partNumber", number}, {"uploadId", upload}}, {}, part, kPut});
    if (!put) return std::unexpected(put.error());
    const std::string* etag = put->header("etag");
    if (etag == nullptr)
      return fail(ErrorKind::unavailable, "E7205", "the answer to an uploaded part has no ETag");
    etags.push_back(*etag);
  }
  return parts_xml(etags);
}

Status S3Sink::send(Call call) {
  const std::string action = call.action;
  bucket_->start(std::move(call));
  auto answer = bucket_->finish();
  if (!answer) return std::unexpected(std::move(answer).error());
  const bool stays = answer->status == 412 && options_.if_exists == IfExists::keep;
  // The completion of an upload may say 200 and an error in its body.
  const std::string code = answer->status == 200 ? element_text(answer->body, "Code") : "";
  if ((answer->status < 300 && code.empty()) || stays) return {};
  if (!code.empty())
    return fail(ErrorKind::unavailable, "E7205", "{} answered {}", bucket_->endpoint().url, code);
  return std::unexpected(bucket_->error_of(*answer, action));
}

}  // namespace pelton::s3
