/** The address of the account's MQTT broker, as it is known at deployment. */
import { Stack, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import {
  AwsCustomResource,
  AwsCustomResourcePolicy,
  type AwsSdkCall,
  PhysicalResourceId,
} from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';
import type { Settings } from '../settings.ts';
import { acceptDoubleDependency } from './cdk-function.ts';
import { removalPolicy } from './removal.ts';

export interface IotEndpointProps {
  readonly settings: Settings;
}

/** CloudFormation does not tell it, so it is asked for while deploying. It never changes in an account and region. */
export class IotEndpoint extends Construct {
  /** `xxx-ats.iot.{region}.amazonaws.com` */
  readonly address: string;

  constructor(scope: Construct, id: string, { settings }: IotEndpointProps) {
    super(scope, id);
    const call: AwsSdkCall = {
      service: 'Iot',
      action: 'describeEndpoint',
      parameters: { endpointType: 'iot:Data-ATS' },
      physicalResourceId: PhysicalResourceId.of('iot:Data-ATS'),
      outputPaths: ['endpointAddress'],
    };
    const logGroup = new logs.LogGroup(this, 'Logs', {
      retention: settings.logs.retentionDays as logs.RetentionDays,
      removalPolicy: removalPolicy(settings),
    });
    const asked = new AwsCustomResource(this, 'Asked', {
      resourceType: 'Custom::IotEndpoint',
      onUpdate: call,
      installLatestAwsSdk: false,
      memorySize: 256,
      logGroup,
      policy: AwsCustomResourcePolicy.fromStatements([
        new iam.PolicyStatement({ actions: ['iot:DescribeEndpoint'], resources: ['*'] }),
      ]),
    });
    this.address = asked.getResponseField('endpointAddress');
    this.acknowledge(asked);
  }

  private acknowledge(asked: AwsCustomResource): void {
    Validations.of(asked).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'The endpoint is that of the account: iot:DescribeEndpoint takes only *.',
    });
    const provider = Stack.of(this).node.findChild('AWS679f53fac002430cb0da5b7982bd2287');
    acceptDoubleDependency(provider);
    const reasons = {
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]':
        'It is the function of CDK, which runs while deploying alone: it writes logs.',
      'AwsSolutions-L1': 'CDK chooses the runtime of its own function.',
      'Serverless-LambdaTracing': 'It runs while deploying alone.',
      'Serverless-LambdaDLQ': 'CloudFormation calls it, and waits for its answer.',
    };
    for (const [finding, reason] of Object.entries(reasons))
      Validations.of(provider).acknowledge({ id: finding, reason });
  }
}
