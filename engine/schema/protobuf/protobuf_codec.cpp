// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/protobuf/protobuf_codec.h"

#include "engine/base/base64.h"
#include "engine/base/utf8.h"
#include "engine/schema/protobuf/bounds.h"
#include "engine/schema/protobuf/message_indexes.h"
#include "engine/schema/protobuf/wire_check.h"

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/descriptor_database.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <algorithm>
#include <map>
#include <utility>

namespace pelton::schema::protobuf {
namespace {

namespace pb = google::protobuf;

// What the schema itself is called; none that it refers to has such a name.
constexpr const char* kMain = "pelton-schema.proto";
constexpr const char* kUrl = "type.googleapis.com";
// What a schema takes in memory, for each byte of its text. Measured with many small messages.
constexpr std::size_t kGrowth = 32;

std::unexpected<Error> unusable(std::string_view why) {
  return fail(ErrorKind::invalid, "E6162", "not a valid Protobuf schema: {}", why);
}

// The texts of a schema and of those that it imports.
class Texts final : public pb::compiler::SourceTree {
 public:
  explicit Texts(const Source& source) {
    for (const Source::Reference& each : source.references) texts_[each.name] = each.text;
    texts_[kMain] = source.text;
  }
  pb::io::ZeroCopyInputStream* Open(const std::string& name) override {
    const auto found = texts_.find(name);
    if (found == texts_.end()) return nullptr;
    return new pb::io::ArrayInputStream(found->second.data(),
                                        static_cast<int>(found->second.size()));
  }

 private:
  std::map<std::string, std::string> texts_;
};

// Keeps the first complaint.
class Complaint final : public pb::compiler::MultiFileErrorCollector,
                        public pb::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, int line, int column, const std::string& what) override {
    if (text.empty())
      text = fmt::format("{}:{}:{}: {}", file == kMain ? "the schema" : file, line + 1, column + 1,
                         what);
  }
  void AddError(const std::string& file, const std::string& element, const pb::Message*,
                ErrorLocation, const std::string& what) override {
    if (text.empty())
      text = fmt::format("{}: {}: {}", file == kMain ? "the schema" : file, element, what);
  }
  std::string text;
};

// Python's and C#'s serializers register the compiled file as base64 instead of its text.
bool compiled_file(const std::string& text, pb::FileDescriptorProto& file) {
  std::string bytes;
  return !text.empty() && text.find_first_of(" \n{;") == std::string::npos &&
         from_base64(text, bytes) && file.ParseFromString(bytes);
}

// Gives the files of another database that are within the bounds, without the places in their
// texts.
class BoundedFiles final : public pb::DescriptorDatabase {
 public:
  BoundedFiles(pb::DescriptorDatabase& all, Complaint& complaint)
      : all_(all), complaint_(complaint) {}
  bool FindFileByName(const std::string& name, pb::FileDescriptorProto* file) override {
    return all_.FindFileByName(name, file) && fits(*file);
  }
  bool FindFileContainingSymbol(const std::string& name, pb::FileDescriptorProto* file) override {
    return all_.FindFileContainingSymbol(name, file) && fits(*file);
  }
  bool FindFileContainingExtension(const std::string& type, int number,
                                   pb::FileDescriptorProto* file) override {
    return all_.FindFileContainingExtension(type, number, file) && fits(*file);
  }

 private:
  bool fits(pb::FileDescriptorProto& file) {
    file.clear_source_code_info();
    const auto why = too_much(file);
    if (why) complaint_.text = *why;
    return !why;
  }

  pb::DescriptorDatabase& all_;
  Complaint& complaint_;
};

// Where files are found: among the texts, then among the well-known types of the library.
class Files {
 public:
  explicit Files(const Source& source)
      : texts_(source), known_(*pb::DescriptorPool::generated_pool()), sources_(&texts_, &known_) {
    sources_.RecordErrorsTo(&complaint_);
    for (const Source::Reference& each : source.references) add_compiled(each.name, each.text);
    add_compiled(kMain, source.text);
    all_ = std::make_unique<pb::MergedDescriptorDatabase>(&compiled_, &sources_);
    bounded_ = std::make_unique<BoundedFiles>(*all_, complaint_);
    pool_ = std::make_unique<pb::DescriptorPool>(bounded_.get(), &complaint_);
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  // Builds all that the schema imports, too: nothing is read from the texts later.
  const pb::FileDescriptor* main() { return pool_->FindFileByName(kMain); }
  const pb::DescriptorPool& pool() const { return *pool_; }
  const std::string& complaint() const { return complaint_.text; }

 private:
  void add_compiled(const std::string& name, const std::string& text) {
    pb::FileDescriptorProto file;
    if (!compiled_file(text, file)) return;
    file.set_name(name);
    compiled_.Add(file);
  }

  Texts texts_;
  pb::DescriptorPoolDatabase known_;
  pb::compiler::SourceTreeDescriptorDatabase sources_;
  pb::SimpleDescriptorDatabase compiled_;
  Complaint complaint_;
  std::unique_ptr<pb::MergedDescriptorDatabase> all_;
  std::unique_ptr<BoundedFiles> bounded_;
  std::unique_ptr<pb::DescriptorPool> pool_;
};

const pb::Descriptor* message_at(const pb::FileDescriptor& file, const std::vector<int>& indexes) {
  const pb::Descriptor* message = nullptr;
  for (const int index : indexes) {
    const int count = message == nullptr ? file.message_type_count() : message->nested_type_count();
    if (index >= count) return nullptr;
    message = message == nullptr ? file.message_type(index) : message->nested_type(index);
  }
  return message;
}

std::vector<int> indexes_of(const pb::Descriptor& message) {
  std::vector<int> indexes;
  for (const pb::Descriptor* at = &message; at != nullptr; at = at->containing_type())
    indexes.insert(indexes.begin(), at->index());
  return indexes;
}

// Appends what is written to it, up to a bound.
class BoundedOutput final : public pb::io::ZeroCopyOutputStream {
 public:
  explicit BoundedOutput(std::string& out) : out_(out), begin_(out.size()) {}
  bool Next(void** data, int* size) override {
    constexpr std::size_t kStep = 4096;
    if (out_.size() - begin_ + kStep > kMostJson) {
      full_ = true;
      return false;
    }
    const std::size_t at = out_.size();
    out_.resize(at + kStep);
    *data = out_.data() + at;
    *size = static_cast<int>(kStep);
    return true;
  }
  void BackUp(int count) override { out_.resize(out_.size() - static_cast<std::size_t>(count)); }
  std::int64_t ByteCount() const override {
    return static_cast<std::int64_t>(out_.size() - begin_);
  }
  bool full() const { return full_; }

 private:
  std::string& out_;
  const std::size_t begin_;
  bool full_ = false;
};

std::string url_of(const pb::Descriptor& message) {
  return fmt::format("{}/{}", kUrl, message.full_name());
}

class ProtobufCodec final : public Codec {
 public:
  ProtobufCodec(std::unique_ptr<Files> files, const pb::FileDescriptor& file,
                const pb::Descriptor* written, std::size_t bytes)
      : files_(std::move(files)),
        file_(file),
        written_(written),
        bytes_(bytes),
        types_(pb::util::NewTypeResolverForDescriptorPool(kUrl, &files_->pool())) {}

  Status decode(std::string_view bytes, std::string& out) const override;
  Status encode(std::string_view json, std::string& out) const override;
  std::string_view name(std::string_view bytes) const override {
    const auto indexes = take_indexes(bytes);
    const pb::Descriptor* message = indexes ? message_at(file_, *indexes) : nullptr;
    if (message == nullptr || message->full_name().size() > kMostName) return {};
    return message->full_name();
  }
  std::size_t bytes() const override { return bytes_; }

 private:
  const std::unique_ptr<Files> files_;
  const pb::FileDescriptor& file_;
  const pb::Descriptor* const written_;
  const std::size_t bytes_;
  const std::unique_ptr<pb::util::TypeResolver> types_;
};

Status ProtobufCodec::decode(std::string_view bytes, std::string& out) const {
  const auto indexes = take_indexes(bytes);
  if (!indexes)
    return fail(ErrorKind::invalid, "E6163", "the record's message indexes are cut short or wrong");
  const pb::Descriptor* message = message_at(file_, *indexes);
  if (message == nullptr)
    return fail(ErrorKind::invalid, "E6163",
                "the record is of a message that its Protobuf schema does not have");
  // What makes the JSON passes over some lengths that are wrong.
  if (!well_formed(bytes, *message))
    return fail(ErrorKind::invalid, "E6163",
                "the record is no Protobuf message {}: it is cut short, damaged or nested too deep",
                message->full_name());
  const std::size_t begin = out.size();
  pb::io::ArrayInputStream in(bytes.data(), static_cast<int>(bytes.size()));
  BoundedOutput json(out);
  const auto status = pb::util::BinaryToJsonStream(types_.get(), url_of(*message), &in, &json);
  if (json.full())
    return fail(ErrorKind::invalid, "E6163", "the record becomes more than {} bytes of JSON",
                kMostJson);
  if (!status.ok() || out.size() == begin)
    return fail(ErrorKind::invalid, "E6163", "the record does not fit the Protobuf message {}: {}",
                message->full_name(), shortened(std::string_view(status.message()), 300));
  return {};
}

Status ProtobufCodec::encode(std::string_view json, std::string& out) const {
  const std::string text(json);
  std::string bytes;
  const auto status = pb::util::JsonToBinaryString(types_.get(), url_of(*written_), text, &bytes);
  if (!status.ok())
    return fail(ErrorKind::invalid, "E6165", "the output does not fit the Protobuf message {}: {}",
                written_->full_name(), shortened(std::string_view(status.message()), 300));
  append_indexes(out, indexes_of(*written_));
  out += bytes;
  return {};
}

}  // namespace

Result<std::unique_ptr<const Codec>> compile(const Source& source, const std::string& message) {
  // The library writes to standard error what it answers as well.
  static const auto quiet = pb::SetLogHandler(nullptr);
  static_cast<void>(quiet);
  bool little = nested_little(source.text);
  for (const Source::Reference& each : source.references) little &= nested_little(each.text);
  if (!little) return unusable(fmt::format("it is nested more than {} deep", kMostDepth));
  auto files = std::make_unique<Files>(source);
  const pb::FileDescriptor* file = files->main();
  if (file == nullptr) return unusable(files->complaint());
  if (file->message_type_count() == 0) return unusable("it has no message");
  const pb::Descriptor* written =
      message.empty() ? file->message_type(0) : files->pool().FindMessageTypeByName(message);
  if (written == nullptr || written->file() != file)
    return unusable(fmt::format("it has no message {}", message));
  return std::make_unique<const ProtobufCodec>(std::move(files), *file, written,
                                               kGrowth * source.bytes());
}

}  // namespace pelton::schema::protobuf
