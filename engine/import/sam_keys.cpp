// SPDX-License-Identifier: Apache-2.0
#include "engine/import/known_keys.h"

// Of a template of AWS SAM.
namespace pelton::importer {

const KnownKeys kTemplateKeys{
    "a template", "AWSTemplateFormatVersion Transform Globals Resources Parameters Description", "",
    "Metadata Outputs Conditions Mappings Rules"};

const KnownKeys kGlobalsKeys{"Globals", "Function", "Api HttpApi",
                             "SimpleTable StateMachine LayerVersion CapacityProvider"};

const KnownKeys kSamFunctionKeys{
    "Properties",
    "Handler CodeUri Runtime Timeout MemorySize Environment Events Description FunctionName "
    "PackageType ReservedConcurrentExecutions EventInvokeConfig Tracing",
    "Layers FileSystemConfigs DeadLetterQueue InlineCode FunctionUrlConfig",
    "Role Policies Tags VpcConfig Architectures AutoPublishAlias DeploymentPreference "
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
