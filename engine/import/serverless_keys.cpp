// SPDX-License-Identifier: Apache-2.0
#include "engine/import/known_keys.h"

// Of services and functions in a serverless.yml.
namespace pelton::importer {

const KnownKeys kServiceKeys{
    "a service", "service provider functions resources custom params", "plugins layers useDotenv",
    "frameworkVersion configValidationMode variablesResolutionMode package app org "
    "deprecationNotificationMode disabledDeprecations unresolvedVariablesNotificationMode outputs "
    "console dashboard stages build licenseKey tenant configurationVersion state",
    true};

const KnownKeys kProviderKeys{
    "provider", "name runtime stage region environment timeout memorySize httpApi tracing",
    "layers apiKeys usagePlan apiGateway",
    "profile stackName deploymentMethod deploymentBucket deploymentPrefix stackTags tags role iam "
    "rolePermissionsBoundary iamRoleStatements iamManagedPolicies vpc logs endpointType "
    "logRetentionInDays logDataProtectionPolicy kmsKeyArn versionFunctions architecture apiName "
    "runtimeManagement websocketsApiName websocketsApiRouteSelectionExpression "
    "websocketsDescription alb cloudFront s3 notificationArns notifications stackParameters "
    "stackPolicy rollbackConfiguration resourcePolicy eventBridge ecr lambdaHashingVersion "
    "disableRollback disableDefaultOutputExportNames cfnRole credentials build resolver variables "
    "snapStart ephemeralStorageSize logging kinesis kafka vpcEndpointIds"};

const KnownKeys kFunctionKeys{
    "a function",
    "handler runtime timeout memorySize environment description events name package "
    "reservedConcurrency maximumRetryAttempts maximumEventAge url image tracing",
    "layers destinations onError fileSystemConfig",
    "tags vpc role iam iamRoleStatements iamRoleStatementsName iamRoleStatementsInherit kmsKeyArn "
    "awsKmsKeyArn provisionedConcurrency condition dependsOn ephemeralStorageSize "
    "architecture versionFunction disableLogs logRetentionInDays logDataProtectionPolicy snapStart "
    "runtimeManagement warmup alarms dashboard logs esbuild build logging tenancy durableConfig"};

}  // namespace pelton::importer
