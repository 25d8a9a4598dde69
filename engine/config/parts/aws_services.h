// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pelton::config {

// The service of AWS that goes by this name, as variables such as AWS_ENDPOINT_URL_DYNAMODB_STREAMS
// spell it, in lower case: "dynamodb_streams". Takes service ids in any spelling ("DynamoDB
// Streams") and the names of clients ("dynamodbstreams", "logs"). Nothing: there is none.
std::optional<std::string> aws_service(std::string_view name);

// What was probably meant, for a message: " (did you mean \"dynamodb\"?)", or nothing.
std::string similar_aws_service(std::string_view name);

}  // namespace pelton::config
