// SPDX-License-Identifier: Apache-2.0
#include "engine/import/known_keys.h"

#include <algorithm>

namespace pelton::importer {
namespace {

template <typename Each>
void each_word(std::string_view words, Each each) {
  while (!words.empty()) {
    const auto end = std::min(words.find(' '), words.size());
    if (end > 0) each(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
}

bool has(std::string_view words, std::string_view key) {
  bool found = false;
  each_word(words, [&](std::string_view word) { found |= word == key; });
  return found;
}

}  // namespace

KnownKeys::Meaning KnownKeys::meaning(std::string_view key) const {
  if (has(used, key)) return Meaning::used;
  if (has(ignored, key)) return Meaning::ignored;
  if (has(without_effect, key) || (patterns && key.starts_with("x-")))
    return Meaning::without_effect;
  return Meaning::unknown;
}

std::vector<std::string> KnownKeys::names() const {
  std::vector<std::string> all;
  for (const std::string_view words : {used, ignored, without_effect})
    each_word(words, [&](std::string_view word) { all.emplace_back(word); });
  return all;
}

const KnownKeys kServiceKeys{
    "a service", "service provider functions resources custom params", "plugins layers",
    "frameworkVersion configValidationMode useDotenv variablesResolutionMode package app org "
    "deprecationNotificationMode disabledDeprecations unresolvedVariablesNotificationMode outputs "
    "console dashboard stages build licenseKey tenant configurationVersion state",
    true};

const KnownKeys kProviderKeys{
    "provider", "name runtime stage region environment timeout memorySize httpApi",
    "layers apiKeys usagePlan apiGateway",
    "profile stackName deploymentMethod deploymentBucket deploymentPrefix stackTags tags role iam "
    "rolePermissionsBoundary iamRoleStatements iamManagedPolicies vpc tracing logs endpointType "
    "logRetentionInDays logDataProtectionPolicy kmsKeyArn versionFunctions architecture apiName "
    "runtimeManagement websocketsApiName websocketsApiRouteSelectionExpression "
    "websocketsDescription alb cloudFront s3 notificationArns notifications stackParameters "
    "stackPolicy rollbackConfiguration resourcePolicy eventBridge ecr lambdaHashingVersion "
    "disableRollback disableDefaultOutputExportNames cfnRole credentials build resolver variables "
    "snapStart ephemeralStorageSize logging kinesis kafka vpcEndpointIds"};

const KnownKeys kFunctionKeys{
    "a function",
    "handler runtime timeout memorySize environment description events name package "
    "reservedConcurrency maximumRetryAttempts maximumEventAge url image",
    "layers destinations onError fileSystemConfig",
    "tags vpc role iam iamRoleStatements iamRoleStatementsName iamRoleStatementsInherit kmsKeyArn "
    "awsKmsKeyArn provisionedConcurrency tracing condition dependsOn ephemeralStorageSize "
    "architecture versionFunction disableLogs logRetentionInDays logDataProtectionPolicy snapStart "
    "runtimeManagement warmup alarms dashboard logs esbuild build logging tenancy durableConfig"};

const KnownKeys kEventKeys{
    "an event", "http httpApi s3 schedule sqs stream kafka",
    "websocket sns msk activemq rabbitmq alexaSkill alexaSmartHome iot iotFleetProvisioning "
    "cloudwatchEvent cloudwatchLog cognitoUserPool alb eventBridge cloudFront documentDb",
    ""};

const KnownKeys kHttpKeys{"an http event", "path method cors integration async",
                          "private authorizer request response",
                          "operationId connectionType documentation"};

const KnownKeys kHttpApiKeys{"an httpApi event", "path method", "authorizer",
                             "timeout operationId documentation"};

const KnownKeys kS3Keys{"an s3 event", "bucket event rules existing", "", "forceDeploy"};

const KnownKeys kScheduleKeys{"a schedule event", "rate enabled input timezone method",
                              "inputPath inputTransformer", "name description roleArn"};

const KnownKeys kSqsKeys{
    "an sqs event",
    "arn batchSize maximumBatchingWindow enabled functionResponseType maximumConcurrency",
    "filterPatterns", "metricsConfig"};

const KnownKeys kStreamKeys{
    "a stream event",
    "arn type batchSize batchWindow enabled startingPosition maximumRetryAttempts "
    "maximumRecordAgeInSeconds functionResponseType parallelizationFactor",
    "filterPatterns destinations tumblingWindowInSeconds startingPositionTimestamp",
    "bisectBatchOnFunctionError consumer"};

const KnownKeys kKafkaKeys{"a kafka event",
                           "bootstrapServers topic consumerGroupId batchSize "
                           "maximumBatchingWindow enabled startingPosition",
                           "accessConfigurations filterPatterns startingPositionTimestamp", ""};

const KnownKeys kTemplateKeys{
    "a template", "AWSTemplateFormatVersion Transform Globals Resources Parameters Description", "",
    "Metadata Outputs Conditions Mappings Rules"};

const KnownKeys kGlobalsKeys{"Globals", "Function", "",
                             "Api HttpApi SimpleTable StateMachine LayerVersion CapacityProvider"};

const KnownKeys kSamFunctionKeys{
    "Properties",
    "Handler CodeUri Runtime Timeout MemorySize Environment Events Description FunctionName "
    "PackageType ReservedConcurrentExecutions EventInvokeConfig InlineCode FunctionUrlConfig",
    "Layers FileSystemConfigs DeadLetterQueue",
    "Role Policies Tags VpcConfig Tracing Architectures AutoPublishAlias DeploymentPreference "
    "KmsKeyArn PermissionsBoundary ProvisionedConcurrencyConfig EphemeralStorage SnapStart "
    "LoggingConfig CodeSigningConfigArn ImageUri ImageConfig VersionDescription RuntimeManagement"
    "Config AssumeRolePolicyDocument AutoPublishCodeSha256 AutoPublishAliasAllProperties "
    "PropagateTags RolePath RecursiveLoop SourceKMSKeyArn TenancyConfig VersionDeletionPolicy"};

const KnownKeys kSamEventKeys{
    "an event", "Api HttpApi S3 Schedule ScheduleV2 SQS Kinesis DynamoDB",
    "SNS CloudWatchEvent EventBridgeRule CloudWatchLogs IoTRule AlexaSkill Cognito MSK MQ "
    "DocumentDB SelfManagedKafka",
    ""};

const KnownKeys kSamApiKeys{"Properties of an event", "Path Method PayloadFormatVersion",
                            "Auth RequestModel RequestParameters ResponseTransferMode",
                            "RestApiId ApiId TimeoutInMillis RouteSettings"};

const KnownKeys kSamS3Keys{"Properties of an event", "Bucket Events Filter", "", ""};

const KnownKeys kSamScheduleKeys{
    "Properties of an event",
    "Schedule ScheduleExpression ScheduleExpressionTimezone Enabled State Input",
    "RetryPolicy DeadLetterConfig FlexibleTimeWindow StartDate EndDate",
    "Name Description RoleArn GroupName KmsKeyArn PermissionsBoundary OmitName ScheduleName"};

const KnownKeys kSamSqsKeys{
    "Properties of an event",
    "Queue Stream BatchSize MaximumBatchingWindowInSeconds Enabled FunctionResponseTypes "
    "StartingPosition MaximumRetryAttempts MaximumRecordAgeInSeconds ParallelizationFactor "
    "ScalingConfig",
    "FilterCriteria DestinationConfig TumblingWindowInSeconds StartingPositionTimestamp",
    "BisectBatchOnFunctionError KmsKeyArn MetricsConfig ProvisionedPollerConfig"};

}  // namespace pelton::importer
