/** What `Fn::GetAtt` gives, for each resource type: the "Return values" of the CloudFormation reference. */
import { distributionDomain, type Naming, queueName, stableId } from './names.ts';

/** A resource as far as its attributes need it. */
export interface Attributed extends Naming {
  /** What `Ref` gives. */
  readonly physicalId: string;
  /** A property of the resource, resolved, when it is a string. */
  text(property: string): string | undefined;
  /** URL of a user pool's issuer. */
  issuer(userPoolId: string): string;
}

type Attribute = (resource: Attributed) => string | undefined;
type Table = Readonly<Record<string, Attribute>>;

const arn =
  (service: string, kind = ''): Attribute =>
  (r) =>
    `arn:aws:${service}:${r.region}:${r.account}:${kind}${r.physicalId}`;
const ref: Attribute = (r) => r.physicalId;
const nameOfQueue: Attribute = (r) => queueName(r, r.text('QueueName'));

const table: Table = {
  Arn: arn('dynamodb', 'table/'),
  StreamArn: (r) => `${arn('dynamodb', 'table/')(r)}/stream/2020-01-01T00:00:00.000`,
};

/** Host of the MQTT broker of an account in AWS; that of each account has a name of its own besides. */
export const brokerHost = (region: string): string => `data-ats.iot.${region}.amazonaws.com`;

/** What the custom resource of `lib/constructs/iot-endpoint.ts` asks for while deploying. */
const brokerAddress: Attribute = (r) => {
  const call = r.text('Update') ?? '';
  return /"action":"describeEndpoint"/.test(call) && /"endpointType":"iot:Data-ATS"/.test(call)
    ? brokerHost(r.region)
    : undefined;
};

/** The first attribute of each type whose name is `Arn`, `TopicArn` or `PolicyArn` is the resource's ARN. */
const ATTRIBUTES: Readonly<Record<string, Table>> = {
  'AWS::ApiGateway::Authorizer': { AuthorizerId: ref },
  'AWS::ApiGateway::Deployment': { DeploymentId: ref },
  'AWS::ApiGateway::RequestValidator': { RequestValidatorId: ref },
  'AWS::ApiGateway::Resource': { ResourceId: ref },
  'AWS::ApiGateway::RestApi': { RestApiId: ref, RootResourceId: (r) => stableId(r, 10, 'root') },
  'AWS::ApiGateway::UsagePlan': { Id: ref },
  'AWS::CloudFront::Distribution': {
    Arn: (r) => `arn:aws:cloudfront::${r.account}:distribution/${r.physicalId}`,
    Id: ref,
    DomainName: (r) => distributionDomain(r.physicalId),
  },
  'AWS::CloudFront::Function': { FunctionARN: ref, Stage: () => 'LIVE' },
  'AWS::CloudFront::OriginAccessControl': { Id: ref },
  'AWS::CloudFront::ResponseHeadersPolicy': { Id: ref },
  'AWS::CloudWatch::Alarm': { Arn: arn('cloudwatch', 'alarm:') },
  'AWS::Cognito::UserPool': {
    Arn: arn('cognito-idp', 'userpool/'),
    ProviderName: (r) => `cognito-idp.${r.region}.amazonaws.com/${r.physicalId}`,
    ProviderURL: (r) => r.issuer(r.physicalId),
    UserPoolId: ref,
  },
  'AWS::Cognito::UserPoolClient': { ClientId: ref, Name: (r) => r.text('ClientName') ?? r.physicalId },
  'AWS::DynamoDB::GlobalTable': { ...table, TableId: (r) => stableId(r, 32, 'table') },
  'AWS::DynamoDB::Table': table,
  'AWS::Events::Rule': { Arn: arn('events', 'rule/') },
  'AWS::IAM::ManagedPolicy': { PolicyArn: ref },
  'AWS::IAM::Role': {
    Arn: (r) => `arn:aws:iam::${r.account}:role${r.text('Path') ?? '/'}${r.physicalId}`,
    RoleId: (r) => `AROA${stableId(r, 17).toUpperCase()}`,
  },
  'AWS::IoT::Authorizer': { Arn: arn('iot', 'authorizer/') },
  'AWS::IoT::Policy': { Arn: arn('iot', 'policy/'), Id: ref },
  'AWS::IoT::ThingType': { Arn: arn('iot', 'thingtype/'), Id: (r) => stableId(r, 32, 'thing-type') },
  'AWS::IoT::TopicRule': { Arn: arn('iot', 'rule/') },
  'AWS::KMS::Key': { Arn: arn('kms', 'key/'), KeyId: ref },
  'AWS::Kinesis::Stream': { Arn: arn('kinesis', 'stream/') },
  'AWS::Lambda::EventSourceMapping': {
    Id: ref,
    EventSourceMappingArn: arn('lambda', 'event-source-mapping:'),
  },
  'AWS::Lambda::Function': { Arn: arn('lambda', 'function:') },
  'AWS::Logs::LogGroup': { Arn: (r) => `${arn('logs', 'log-group:')(r)}:*` },
  'AWS::S3::Bucket': {
    Arn: (r) => `arn:aws:s3:::${r.physicalId}`,
    DomainName: (r) => `${r.physicalId}.s3.amazonaws.com`,
    RegionalDomainName: (r) => `${r.physicalId}.s3.${r.region}.amazonaws.com`,
  },
  'AWS::SNS::Topic': { TopicArn: ref, TopicName: (r) => r.physicalId.split(':').at(-1) ?? r.physicalId },
  'AWS::SQS::Queue': {
    Arn: (r) => `arn:aws:sqs:${r.region}:${r.account}:${nameOfQueue(r)}`,
    QueueName: nameOfQueue,
    QueueUrl: ref,
  },
  'Custom::IotEndpoint': { endpointAddress: brokerAddress },
  // Its `Ref` is `name|id|scope`.
  'AWS::WAFv2::WebACL': {
    Arn: (r) => {
      const [name, id] = r.physicalId.split('|');
      return `arn:aws:wafv2:${r.region}:${r.account}:regional/webacl/${name}/${id}`;
    },
    Id: (r) => r.physicalId.split('|')[1] ?? '',
  },
};

/** The value of one attribute, or `undefined` when the table above does not name it. */
export function attribute(resource: Attributed, name: string): string | undefined {
  return ATTRIBUTES[resource.type]?.[name]?.(resource);
}

/** The ARN of a resource, where its type has one. */
export function arnOf(resource: Attributed): string | undefined {
  const known = ATTRIBUTES[resource.type];
  return (known?.['Arn'] ?? known?.['TopicArn'] ?? known?.['PolicyArn'])?.(resource);
}
