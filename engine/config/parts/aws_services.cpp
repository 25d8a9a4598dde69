// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/aws_services.h"

#include "engine/config/yaml/diagnostic.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <utility>
#include <vector>

namespace pelton::config {
namespace {

// The service ids of AWS's own descriptions (`serviceId` in the models that all SDKs are made of),
// as the endings of variables spell them, in lower case.
constexpr std::string_view kServices =
    "abuse_signal accessanalyzer account account_access account_access_runtime acm acm_pca "
    "agent_discovery agent_registry agent_registry_control aiops amp amplify amplifybackend "
    "amplifyuibuilder api_gateway apigatewaymanagementapi apigatewayv2 apiportal app_mesh "
    "appconfig appconfigdata appfabric appflow appintegrations application_auto_scaling "
    "application_discovery_service application_insights application_signals "
    "applicationcostprofiler apprunner appstream appsync arc_region_switch arc_zonal_shift "
    "artifact athena auditmanager auto_scaling auto_scaling_plans b2bi backup backup_gateway "
    "backupsearch batch bcm_dashboards bcm_data_exports bcm_pricing_calculator "
    "bcm_recommended_actions bedrock bedrock_agent bedrock_agent_runtime bedrock_agentcore "
    "bedrock_agentcore_control bedrock_data_automation bedrock_data_automation_runtime "
    "bedrock_runtime billing billingconductor braket budgets chatbot chime chime_sdk_identity "
    "chime_sdk_media_pipelines chime_sdk_meetings chime_sdk_messaging chime_sdk_voice "
    "cleanrooms cleanroomsml cloud9 cloudcontrol clouddirectory cloudformation cloudfront "
    "cloudfront_keyvaluestore cloudhsm cloudhsm_v2 cloudsearch cloudsearch_domain cloudtrail "
    "cloudtrail_data cloudwatch cloudwatch_logs cloudwatchomni codeartifact codebuild "
    "codecatalyst codecommit codeconnections codedeploy codeguru_reviewer codeguru_security "
    "codeguruprofiler codepipeline codestar_connections codestar_notifications cognito_identity "
    "cognito_identity_provider cognito_sync comprehend comprehendmedical compute_optimizer "
    "compute_optimizer_automation config_service connect connect_contact_lens connectcampaigns "
    "connectcampaignsv2 connectcases connecthealth connectparticipant connectscheduling "
    "continuum controlcatalog controltower cost_and_usage_report_service cost_explorer "
    "cost_optimization_hub customer_profiles data_pipeline database_migration_service databrew "
    "dataexchange datasync datazone dax deadline detective device_farm devops_agent devops_guru "
    "direct_connect directory_service directory_service_data dlm docdb docdb_elastic drs dsql "
    "dynamodb dynamodb_streams ebs ec2 ec2_instance_connect ecr ecr_public ecs efs eks eks_auth "
    "elastic_beanstalk elastic_load_balancing elastic_load_balancing_v2 elasticache "
    "elasticsearch_service elementalinference emr emr_containers emr_serverless "
    "endusermessaging entityresolution eventbridge eventbridgev2 evs firehose fis fms forecast "
    "forecastquery frauddetector freetier fsx gamelift gameliftstreams geo_maps geo_places "
    "geo_routes glacier global_accelerator glue grafana greengrass greengrassv2 groundstation "
    "guardduty health healthlake iam iam_toolbox identitystore imagebuilder importexport "
    "inspector inspector2 inspector_scan interconnect internetmonitor invoicing iot "
    "iot_data_plane iot_jobs_data_plane iot_managed_integrations iot_wireless iotdeviceadvisor "
    "iotfleetwise iotsecuretunneling iotsitewise iotthingsgraph iottwinmaker ivs ivs_realtime "
    "ivschat kafka kafkaconnect kendra kendra_ranking keyspaces keyspacesstreams kinesis "
    "kinesis_analytics kinesis_analytics_v2 kinesis_video kinesis_video_archived_media "
    "kinesis_video_media kinesis_video_signaling kinesis_video_webrtc_storage kms lakeformation "
    "lambda lambda_core lambda_microvms lambda_web launch_wizard lex_model_building_service "
    "lex_models_v2 lex_runtime_service lex_runtime_v2 license_manager "
    "license_manager_linux_subscriptions license_manager_user_subscriptions lightsail location "
    "lookoutequipment m2 machine_learning macie2 mailmanager managedblockchain "
    "managedblockchain_query marketplace_agreement marketplace_catalog "
    "marketplace_commerce_analytics marketplace_deployment marketplace_discovery "
    "marketplace_entitlement_service marketplace_metering marketplace_reporting mediaconnect "
    "mediaconvert medialive mediapackage mediapackage_vod mediapackagev2 mediastore "
    "mediastore_data mediatailor medical_imaging memorydb mgn migration_hub "
    "migration_hub_refactor_spaces migrationhub_config migrationhuborchestrator "
    "migrationhubstrategy mpa mq mturk mwaa mwaa_serverless neptune neptune_graph neptunedata "
    "network_firewall network_security_manager networkflowmonitor networkmanager networkmonitor "
    "notifications notificationscontacts nova_act oam observabilityadmin odb omics opensearch "
    "opensearchmemory opensearchserverless organizations osis outposts partnercentral_account "
    "partnercentral_benefits partnercentral_channel partnercentral_marketing "
    "partnercentral_revenue_measurement partnercentral_selling payment_cryptography "
    "payment_cryptography_data payments pca_connector_ad pca_connector_scep pcs personalize "
    "personalize_events personalize_runtime pi pinpoint pinpoint_email pinpoint_sms_voice "
    "pinpoint_sms_voice_v2 pipes polly pricing pricing_plan_manager proton qapps qbusiness "
    "qconnect quicksight ram rbin rds rds_data redshift redshift_data redshift_serverless "
    "rekognition repostspace resiliencehub resiliencehubv2 resource_explorer_2 resource_groups "
    "resource_groups_tagging_api rolesanywhere route53_recovery_cluster "
    "route53_recovery_control_config route53_recovery_readiness route53globalresolver "
    "route53profiles route53resolver route_53 route_53_domains rtbfabric rum s3 s3_control "
    "s3files s3outposts s3tables s3vectors sagemaker sagemaker_a2i_runtime sagemaker_edge "
    "sagemaker_featurestore_runtime sagemaker_gateway_runtime sagemaker_geospatial "
    "sagemaker_inference_router_runtime sagemaker_metrics sagemaker_runtime sagemakerjobruntime "
    "sagemakertrainingsessionruntime savingsplans scheduler schemas secrets_manager security_ir "
    "securityagent securityhub securitylake serverlessapplicationrepository service_catalog "
    "service_catalog_appregistry service_quotas servicediscovery ses sesv2 sfn shield signer "
    "signer_data signin simpledb simpledbv2 snow_device_management snowball sns socialmessaging "
    "sqs ssm ssm_contacts ssm_guiconnect ssm_incidents ssm_quicksetup ssm_sap sso sso_admin "
    "sso_oidc storage_gateway sts supplychain support support_app supportauthz sustainability "
    "swf synthetics taxsettings textract timestream_influxdb timestream_query timestream_write "
    "transcribe transfer translate trustedadvisor uxc verifiedpermissions voice_id vpc_lattice "
    "waf waf_regional wafv2 wellarchitected wickr wisdom workdocs workmail workmailmessageflow "
    "workspaces workspaces_instances workspaces_thin_client workspaces_web xray";

// Names that programs use for clients, where they are not spelled like the service id.
constexpr std::array kOtherNames{
    std::pair<std::string_view, std::string_view>{"ce", "cost_explorer"},
    std::pair<std::string_view, std::string_view>{"cloudwatchevents", "eventbridge"},
    std::pair<std::string_view, std::string_view>{"cognitoidp", "cognito_identity_provider"},
    std::pair<std::string_view, std::string_view>{"cognitoidentityserviceprovider",
                                                  "cognito_identity_provider"},
    std::pair<std::string_view, std::string_view>{"config", "config_service"},
    std::pair<std::string_view, std::string_view>{"cur", "cost_and_usage_report_service"},
    std::pair<std::string_view, std::string_view>{"discovery", "application_discovery_service"},
    std::pair<std::string_view, std::string_view>{"dms", "database_migration_service"},
    std::pair<std::string_view, std::string_view>{"ds", "directory_service"},
    std::pair<std::string_view, std::string_view>{"dsdata", "directory_service_data"},
    std::pair<std::string_view, std::string_view>{"elb", "elastic_load_balancing"},
    std::pair<std::string_view, std::string_view>{"elbv2", "elastic_load_balancing_v2"},
    std::pair<std::string_view, std::string_view>{"email", "ses"},
    std::pair<std::string_view, std::string_view>{"es", "elasticsearch_service"},
    std::pair<std::string_view, std::string_view>{"events", "eventbridge"},
    std::pair<std::string_view, std::string_view>{"iotdata", "iot_data_plane"},
    std::pair<std::string_view, std::string_view>{"iotjobsdata", "iot_jobs_data_plane"},
    std::pair<std::string_view, std::string_view>{"lexmodels", "lex_model_building_service"},
    std::pair<std::string_view, std::string_view>{"lexruntime", "lex_runtime_service"},
    std::pair<std::string_view, std::string_view>{"lexv2models", "lex_models_v2"},
    std::pair<std::string_view, std::string_view>{"lexv2runtime", "lex_runtime_v2"},
    std::pair<std::string_view, std::string_view>{"logs", "cloudwatch_logs"},
    std::pair<std::string_view, std::string_view>{"marketplaceentitlement",
                                                  "marketplace_entitlement_service"},
    std::pair<std::string_view, std::string_view>{"meteringmarketplace", "marketplace_metering"},
    std::pair<std::string_view, std::string_view>{"mgh", "migration_hub"},
    std::pair<std::string_view, std::string_view>{"sdb", "simpledb"},
    std::pair<std::string_view, std::string_view>{"serverlessrepo",
                                                  "serverlessapplicationrepository"},
    std::pair<std::string_view, std::string_view>{"smsvoice", "pinpoint_sms_voice"},
    std::pair<std::string_view, std::string_view>{"states", "sfn"},
    std::pair<std::string_view, std::string_view>{"stepfunctions", "sfn"},
};

// Without what the spellings of a name differ in: "DynamoDB Streams" and "dynamodb-streams".
std::string squeezed(std::string_view name) {
  std::string out;
  for (const char c : name)
    if (c != '-' && c != '_' && c != ' ')
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

template <typename Each>
void each_service(Each each) {
  for (std::string_view left = kServices; !left.empty();) {
    const auto end = std::min(left.find(' '), left.size());
    each(left.substr(0, end));
    left.remove_prefix(std::min(end + 1, left.size()));
  }
}

using Spellings = std::map<std::string, std::string_view>;

const Spellings& spellings() {
  static const Spellings all = [] {
    Spellings known(kOtherNames.begin(), kOtherNames.end());
    each_service([&](std::string_view id) { known.emplace(squeezed(id), id); });
    return known;
  }();
  return all;
}

}  // namespace

std::optional<std::string> aws_service(std::string_view name) {
  const auto at = spellings().find(squeezed(name));
  return at == spellings().end() ? std::nullopt : std::optional(std::string(at->second));
}

std::string similar_aws_service(std::string_view name) {
  std::vector<std::string> names;
  each_service([&](std::string_view id) { names.emplace_back(id); });
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return did_you_mean(lower, names);
}

}  // namespace pelton::config
