// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/import/variables.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace pelton::importer {

// Value. A resource of a template, which is not created here.
struct Resource {
  Place place;
  std::string type;  // "AWS::SQS::Queue"
  std::string name;  // its physical name: what it says, or one made of stack and id
  const Node* node = nullptr;
};

// The resources of a template, and what CloudFormation's functions (Ref, Fn::GetAtt, Fn::Sub,
// Fn::Join) say of them: a plausible text, since nothing is created.
class Resources {
 public:
  // Both outlive this.
  Resources(Variables& variables, config::Diagnostics& problems)
      : variables_(variables), problems_(problems) {}

  void set_stack(std::string name) { stack_ = std::move(name); }
  // `Resources:` of a template; `Parameters:`, of which the defaults count.
  void add(const Node& resources);
  void add_parameters(const Node& parameters);
  void add_function(const std::string& id, const std::string& name);
  // Where queues are: the URL that Ref of one begins with. Empty: AWS's.
  void set_queue_endpoint(std::string url) { queue_endpoint_ = std::move(url); }

  const std::map<std::string, Resource>& all() const { return resources_; }
  // The resource that a Ref or Fn::GetAtt means, or the one that an ARN or name names.
  const Resource* find(const std::string& id) const;
  const Resource* find_named(const std::string& type, const std::string& name) const;

  // {Ref: X}, {Fn::Sub: ...}, !Ref X
  static bool is_function(const Node& node);
  // What a scalar or a function stands for. `Form` as of Variables: for environment variables.
  // Nothing: AWS::NoValue, or a warning (E1107): this text is not known here.
  std::optional<std::string> text(const Node& node);
  std::optional<std::string> written(const Node& node);

 private:
  struct Call {
    std::string name;  // "Ref", "GetAtt", "Sub"
    Node argument;
  };
  static std::optional<Call> call_of(const Node& node);

  std::optional<std::string> called(const Call& call, Place place);
  std::optional<std::string> reference(const std::string& name, Place place);
  std::optional<std::string> attribute(const std::string& name, Place place);
  std::optional<std::string> substituted(const Node& argument);
  std::optional<std::string> joined(const Node& argument);
  std::optional<std::string> unknown(Place place, const std::string& what);
  std::string arn(const std::string& service, const std::string& rest) const;
  std::string arn_of(const Resource& resource) const;

  Variables& variables_;
  config::Diagnostics& problems_;
  std::string stack_ = "service";
  std::string queue_endpoint_;
  std::map<std::string, Resource> resources_;               // by logical id
  std::map<std::string, const Node*> parameters_;           // defaults
  std::set<std::pair<std::uint32_t, std::uint32_t>> told_;  // places of warnings
  std::size_t depth_ = 0;                                   // functions within functions
};

}  // namespace pelton::importer
