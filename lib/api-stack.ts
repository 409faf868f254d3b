/** The HTTP API and who may call it. */
import { ArnFormat, CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { HttpApi } from './constructs/http-api.ts';
import { LambdaFunction } from './constructs/lambda-function.ts';
import { SignIn } from './constructs/sign-in.ts';
import type { DevicesStack } from './devices-stack.ts';
import type { ProcessingStack } from './processing-stack.ts';
import type { Settings } from './settings.ts';
import { LISTING_INDEX, type StorageStack } from './storage-stack.ts';

export interface ApiStackProps extends StackProps {
  readonly settings: Settings;
  readonly storage: StorageStack;
  readonly devices: DevicesStack;
  readonly processing: ProcessingStack;
}

/** Below the 29 s after which API Gateway gives up on a function. */
const REQUEST_TIMEOUT = Duration.seconds(28);
/** Streams of large series: API Gateway allows 15 minutes. */
const STREAM_TIMEOUT = Duration.minutes(15);

export class ApiStack extends Stack {
  constructor(scope: Construct, id: string, props: ApiStackProps) {
    super(scope, id, props);
    const { settings } = props;
    const signIn = new SignIn(this, 'SignIn', { settings });
    const { api } = new HttpApi(this, 'Http', {
      settings,
      userPool: signIn.userPool,
      services: {
        'control-api': this.controlApi(props),
        'query-api': this.queryApi(props),
        'records-api': this.recordsApi(props),
      },
    });
    const output = (name: string, value: string): CfnOutput => new CfnOutput(this, name, { value });
    output('ApiUrl', api.url);
    output('TokenEndpoint', `${signIn.domain.baseUrl()}/oauth2/token`);
    output('AuthorizeEndpoint', `${signIn.domain.baseUrl()}/oauth2/authorize`);
    output('PeopleClientId', signIn.people.userPoolClientId);
    output('UserPoolId', signIn.userPool.userPoolId);
    for (const [name, client] of signIn.programs) {
      output(`Program${name.replaceAll('-', '')}ClientId`, client.userPoolClientId);
    }
  }

  private controlApi({ settings, storage, devices }: ApiStackProps): LambdaFunction {
    const { key, registry } = storage;
    const control = new LambdaFunction(this, 'ControlApi', {
      handler: 'control-api',
      settings,
      description: 'Devices and instrument types over HTTP',
      memoryMegabytes: 512,
      timeout: REQUEST_TIMEOUT,
    });
    control.usesTable('REGISTRY_TABLE', registry, key, ['GetItem', 'PutItem', 'Query']);
    control.allow(['dynamodb:Query'], [`${registry.tableArn}/index/${LISTING_INDEX}`]);
    control.environment('DEVICE_POLICY', devices.policy.ref);
    control.environment('THING_TYPE', devices.thingType.ref);
    const iot = (resource: string, resourceName: string): string =>
      this.formatArn({
        service: 'iot',
        resource,
        resourceName,
        arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
      });
    control.allowPattern(
      'MakeThings',
      'Each device is a thing of its own, made while the function runs.',
      ['iot:CreateThing'],
      [iot('thing', '*')],
    );
    control.allow(['iot:CreateThing'], [iot('thingtype', devices.thingType.ref)]);
    control.allowPattern(
      'Identity',
      'A certificate that is yet to be made has no name, and the endpoint is that of the account.',
      ['iot:CreateCertificateFromCsr', 'iot:DescribeEndpoint'],
      ['*'],
    );
    control.allowPattern(
      'TieCertificates',
      'Each device has a certificate of its own, made while the function runs.',
      ['iot:AttachPolicy', 'iot:AttachThingPrincipal', 'iot:UpdateCertificate'],
      [iot('cert', '*')],
    );
    control.allowPattern(
      'CutConnections',
      'Any device may be retired.',
      ['iot:DeleteConnection'],
      [iot('client', '*')],
    );
    return control;
  }

  private queryApi({ settings, storage }: ApiStackProps): LambdaFunction {
    const { archive, key, measurements, registry, stream } = storage;
    const query = new LambdaFunction(this, 'QueryApi', {
      handler: 'query-api',
      settings,
      description: 'Series, latest values and health over HTTP',
      memoryMegabytes: 1024,
      timeout: STREAM_TIMEOUT,
    });
    query.usesTable('REGISTRY_TABLE', registry, key, ['BatchGetItem', 'DescribeTable']);
    query.allow(['dynamodb:Query'], [`${registry.tableArn}/index/${LISTING_INDEX}`]);
    query.usesTable('MEASUREMENTS_TABLE', measurements, key, ['BatchGetItem', 'Query', 'DescribeTable']);
    query.environment('ARCHIVE_BUCKET', archive.bucketName);
    query.allow(['s3:ListBucket'], [archive.bucketArn]);
    query.allowPattern(
      'Archive',
      'Each archived day of a device is an object of its own.',
      ['s3:GetObject'],
      [storage.archived('archive/*')],
    );
    query.environment('STREAM_NAME', stream.streamName);
    query.allow(['kinesis:DescribeStreamSummary'], [stream.streamArn]);
    return query;
  }

  private recordsApi({ settings, storage, processing }: ApiStackProps): LambdaFunction {
    const { archive, key, measurements, registry, stream } = storage;
    const records = new LambdaFunction(this, 'RecordsApi', {
      handler: 'records-api',
      settings,
      description: 'Completeness, quarantine and exports over HTTP',
      memoryMegabytes: 1024,
      timeout: REQUEST_TIMEOUT,
    });
    records.usesTable('REGISTRY_TABLE', registry, key, ['BatchGetItem', 'GetItem', 'PutItem', 'Query']);
    records.usesTable('MEASUREMENTS_TABLE', measurements, key, ['Query']);
    records.environment('ARCHIVE_BUCKET', archive.bucketName);
    records.allow(['s3:ListBucket'], [archive.bucketArn]);
    records.allowPattern(
      'Archive',
      'Each archived day of a device is an object of its own.',
      ['s3:GetObject'],
      [storage.archived('archive/*')],
    );
    records.allowPattern(
      'Quarantine',
      'Each quarantined message is an object of its own.',
      ['s3:GetObject'],
      [storage.archived('quarantine/*')],
    );
    records.environment('STREAM_NAME', stream.streamName);
    records.allow(['kinesis:PutRecord'], [stream.streamArn]);
    records.usesKey(key, ['GenerateDataKey']);
    records.allowPattern(
      'Files',
      'Links to the files of exports are signed by this function.',
      ['s3:GetObject'],
      [storage.archived('exports/*')],
    );
    records.environment('EXPORTS_QUEUE_URL', processing.exports.queue.queueUrl);
    records.allow(['sqs:SendMessage'], [processing.exports.queue.queueArn]);
    return records;
  }
}
