// SPDX-License-Identifier: Apache-2.0
#include "engine/import/known_keys.h"

// Of events in a serverless.yml.
namespace pelton::importer {

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

}  // namespace pelton::importer
