/** Which resource types the gateway knows: those that a part runs, and those that rightly do nothing here. */
import type { Assembly } from '../types.ts';
import { UnknownResourceType } from './errors.ts';

/** Types that are read by nobody at run time, each with the reason. */
export const INERT_TYPES: ReadonlyMap<string, string> = new Map([
  ['AWS::ApiGateway::DocumentationPart', 'text for people'],
  ['AWS::ApiGateway::DocumentationVersion', 'text for people'],
  ['AWS::Budgets::Budget', 'nothing costs anything here'],
  ['AWS::CDK::Metadata', 'says which CDK version synthesized the stack'],
  ['AWS::CloudWatch::Alarm', 'metrics are counted, nobody is called'],
  ['AWS::CloudWatch::AnomalyDetector', 'metrics are counted, nobody is called'],
  ['AWS::CloudWatch::CompositeAlarm', 'metrics are counted, nobody is called'],
  ['AWS::CloudWatch::Dashboard', 'a view of metrics'],
  ['AWS::Glue::Database', 'a catalog for Athena, which does not run here'],
  ['AWS::Glue::Table', 'a catalog for Athena, which does not run here'],
  ['AWS::IAM::InstanceProfile', 'no instance runs here'],
  ['AWS::KMS::Alias', 'keys are named by ARN in policies'],
  ['AWS::Lambda::LayerVersion', 'no function that has a layer is run here'],
  ['AWS::Logs::MetricFilter', 'metrics come from the log lines themselves (EMF)'],
  ['AWS::Logs::QueryDefinition', 'a saved search'],
  ['AWS::Logs::ResourcePolicy', 'no other service writes logs here'],
  ['AWS::SNS::Subscription', 'alarms are not evaluated here: there is nothing to tell'],
  ['AWS::SNS::Topic', 'alarms are not evaluated here: nobody publishes to it'],
  ['AWS::SNS::TopicPolicy', 'guards a topic to which nobody publishes here'],
  ['AWS::ServiceCatalogAppRegistry::Application', 'an inventory'],
  ['AWS::ServiceCatalogAppRegistry::ResourceAssociation', 'an inventory'],
  ['Custom::IotEndpoint', 'its attribute is the address of the local broker'],
  ['AWS::XRay::Group', 'a view of traces'],
  ['AWS::XRay::SamplingRule', 'no trace is sent'],
]);

/**
 * Refuses an assembly with a resource that nobody would run: nothing is skipped silently.
 * @param running the types that the parts of the gateway run
 * @throws {UnknownResourceType} for the first such resource
 */
export function assertKnownTypes(assembly: Assembly, running: Iterable<string>): void {
  const runs = new Set(running);
  for (const { type, stack, logicalId } of assembly.resources) {
    if (!runs.has(type) && !INERT_TYPES.has(type)) {
      throw new UnknownResourceType(type, stack, logicalId);
    }
  }
}
