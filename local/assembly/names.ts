/**
 * Physical names and ids of resources, in the shape each service gives them. They depend on nothing but the
 * stack and the logical id, so that a data folder is found again after a restart.
 */
import { createHash } from 'node:crypto';

/** Where a resource stands, and the settings that its ids are made of. */
export interface Naming {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly account: string;
  readonly region: string;
  /** Origin in front of the path of a queue URL, e.g. `http://127.0.0.1:4566`. */
  readonly awsUrl: string;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** The same input always gives the same characters of `[a-z0-9]`; at most 32 of them. */
export function stableId({ stack, logicalId }: Naming, length: number, salt = ''): string {
  const digest = createHash('sha256').update(`${salt}\0${stack}\0${logicalId}`).digest();
  return Array.from(digest.subarray(0, length), (byte) => LETTERS[byte % LETTERS.length]).join('');
}

function stableUuid({ stack, logicalId }: Naming): string {
  const hex = createHash('sha256').update(`uuid\0${stack}\0${logicalId}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** `Stack-LogicalId-SUFFIX`, as CloudFormation does, cut in the middle when a service allows less. */
function generated(naming: Naming, max: number): string {
  const suffix = stableId(naming, 12).toUpperCase();
  const room = max - suffix.length - 1;
  return `${`${naming.stack}-${naming.logicalId}`.slice(0, room)}-${suffix}`;
}

type Named = (naming: Naming, name: string | undefined) => string;

const named =
  (max: number): Named =>
  (naming, name) =>
    name ?? generated(naming, max);

const lowerCase =
  (max: number): Named =>
  (naming, name) =>
    name ?? generated(naming, max).toLowerCase();

const id =
  (length: number): Named =>
  (naming) =>
    stableId(naming, length);

/** The property that carries a name given by the template, and how `Ref` looks with or without it. */
interface Rule {
  readonly property?: string;
  readonly ref: Named;
}

const RULES: Readonly<Record<string, Rule>> = {
  'AWS::ApiGateway::ApiKey': { ref: id(10) },
  'AWS::ApiGateway::Authorizer': { ref: id(6) },
  'AWS::ApiGateway::Deployment': { ref: id(6) },
  'AWS::ApiGateway::Model': { property: 'Name', ref: (n, name) => name ?? stableId(n, 12) },
  'AWS::ApiGateway::RequestValidator': { ref: id(6) },
  'AWS::ApiGateway::Resource': { ref: id(6) },
  'AWS::ApiGateway::RestApi': { ref: id(10) },
  'AWS::ApiGateway::Stage': { property: 'StageName', ref: named(128) },
  'AWS::ApiGateway::UsagePlan': { ref: id(6) },
  'AWS::CloudFront::Distribution': { ref: (n) => `E${stableId(n, 13).toUpperCase()}` },
  'AWS::CloudFront::Function': {
    property: 'Name',
    ref: (n, name) => `arn:aws:cloudfront::${n.account}:function/${name ?? generated(n, 64)}`,
  },
  'AWS::CloudFront::OriginAccessControl': { ref: (n) => `E${stableId(n, 13).toUpperCase()}` },
  'AWS::CloudFront::ResponseHeadersPolicy': { ref: stableUuid },
  'AWS::CloudWatch::Alarm': { property: 'AlarmName', ref: named(255) },
  'AWS::Cognito::UserPool': { ref: (n) => `${n.region}_${stableId(n, 9)}` },
  'AWS::Cognito::UserPoolClient': { ref: id(26) },
  'AWS::Cognito::UserPoolDomain': { property: 'Domain', ref: lowerCase(63) },
  'AWS::Cognito::UserPoolGroup': { property: 'GroupName', ref: named(128) },
  'AWS::Cognito::UserPoolResourceServer': { property: 'Identifier', ref: named(256) },
  'AWS::DynamoDB::GlobalTable': { property: 'TableName', ref: named(255) },
  'AWS::DynamoDB::Table': { property: 'TableName', ref: named(255) },
  'AWS::Events::Rule': { property: 'Name', ref: named(64) },
  'AWS::IAM::ManagedPolicy': {
    property: 'ManagedPolicyName',
    ref: (n, name) => `arn:aws:iam::${n.account}:policy/${name ?? generated(n, 128)}`,
  },
  'AWS::IAM::Policy': { property: 'PolicyName', ref: named(128) },
  'AWS::IAM::Role': { property: 'RoleName', ref: named(64) },
  'AWS::IoT::Policy': { property: 'PolicyName', ref: named(128) },
  'AWS::IoT::ThingType': { property: 'ThingTypeName', ref: named(128) },
  // A rule name knows no hyphen.
  'AWS::IoT::TopicRule': {
    property: 'RuleName',
    ref: (n, name) => name ?? generated(n, 128).replaceAll('-', '_'),
  },
  'AWS::KMS::Alias': { property: 'AliasName', ref: named(256) },
  'AWS::KMS::Key': { ref: stableUuid },
  'AWS::Kinesis::Stream': { property: 'Name', ref: named(128) },
  'AWS::Lambda::EventSourceMapping': { ref: stableUuid },
  'AWS::Lambda::Function': { property: 'FunctionName', ref: named(64) },
  'AWS::Lambda::LayerVersion': {
    property: 'LayerName',
    ref: (n, name) => `arn:aws:lambda:${n.region}:${n.account}:layer:${name ?? generated(n, 64)}:1`,
  },
  'AWS::Logs::LogGroup': { property: 'LogGroupName', ref: named(512) },
  'AWS::S3::Bucket': { property: 'BucketName', ref: lowerCase(63) },
  'AWS::SNS::Topic': {
    property: 'TopicName',
    ref: (n, name) => `arn:aws:sns:${n.region}:${n.account}:${name ?? generated(n, 256)}`,
  },
  'AWS::SQS::Queue': {
    property: 'QueueName',
    ref: (n, name) => `${n.awsUrl}/${n.account}/${queueName(n, name)}`,
  },
  'AWS::WAFv2::WebACL': {
    property: 'Name',
    ref: (n, name) => `${name ?? generated(n, 128)}|${stableUuid(n)}|REGIONAL`,
  },
};

/** What CloudFront calls a distribution: `d111111abcdef8.cloudfront.net`. */
export const distributionDomain = (id: string): string => `d${id.slice(1).toLowerCase()}.cloudfront.net`;

/** Name of a queue; its `Ref` is a URL instead. */
export function queueName(naming: Naming, name: string | undefined): string {
  return name ?? generated(naming, 80);
}

/** The property of a type that names the resource, when the template may name it. */
export function nameProperty(type: string): string | undefined {
  return RULES[type]?.property;
}

/**
 * What `Ref` gives.
 * @param name the name that the template gives, if it does
 */
export function physicalId(naming: Naming, name: string | undefined): string {
  const rule = RULES[naming.type];
  return rule === undefined ? generated(naming, 128) : rule.ref(naming, name);
}
