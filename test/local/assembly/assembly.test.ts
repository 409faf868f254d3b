import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as cdk from 'aws-cdk-lib';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import * as sns from 'aws-cdk-lib/aws-sns';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { assertKnownTypes, loadAssembly } from '../../../local/assembly/index.ts';
import type { Assembly, JsonObject, Resource } from '../../../local/types.ts';
import { type Sample, synthesizeSample } from './sample.ts';

let sample: Sample;
let assembly: Assembly;

beforeAll(() => {
  sample = synthesizeSample();
  assembly = loadAssembly(sample.dir, { awsUrl: 'http://127.0.0.1:4566' });
}, 60_000);
afterAll(() => sample.dispose());

function only(type: string, logicalId: string): Resource {
  const found = assembly.byType(type).find((resource) => resource.logicalId.startsWith(logicalId));
  if (found === undefined) {
    throw new Error(`${type} ${logicalId} is not in the sample`);
  }
  return found;
}

function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), value);
}

describe('an assembly that CDK has synthesized', () => {
  it('keeps every resource of every stack', () => {
    const synthesized = ['Storage', 'Processing', 'Devices', 'Api'].flatMap((stack) =>
      Object.keys(
        JSON.parse(readFileSync(join(sample.dir, `Sample${stack}.template.json`), 'utf8')).Resources,
      ),
    );
    expect(assembly.resources.map((resource) => resource.logicalId).sort()).toEqual(synthesized.sort());
    expect(assembly.account).toBe('000000000000');
    expect(assembly.region).toBe('us-east-1');
  });

  it('leaves no intrinsic function behind', () => {
    expect(JSON.stringify(assembly.resources)).not.toMatch(/"(Ref|Fn::[A-Za-z]+)":/);
  });

  it('resolves exports across stacks to the same name', () => {
    const table = only('AWS::DynamoDB::Table', 'Measurements');
    const ingest = only('AWS::Lambda::Function', 'Ingest');
    expect(at(ingest.properties, 'Environment', 'Variables', 'MEASUREMENTS')).toBe(table.physicalId);
    expect(assembly.find(table.arn ?? '')).toBe(table);
    expect(assembly.find(table.physicalId)).toBe(table);
  });

  it('joins the ARN of a function into the URI of an integration', () => {
    const method = only('AWS::ApiGateway::Method', 'Apiv1proxyANY');
    const query = only('AWS::Lambda::Function', 'Query');
    expect(at(method.properties, 'Integration', 'Uri')).toBe(
      `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${query.arn}/invocations`,
    );
  });

  it('keeps the variables of an IoT policy, which look like Fn::Sub and are not', () => {
    const policy = only('AWS::IoT::Policy', 'DevicePolicy');
    expect(at(policy.properties, 'PolicyDocument', 'Statement', 1, 'Resource')).toBe(
      `arn:aws:iot:us-east-1:000000000000:topic/lab/\${iot:Connection.Thing.Attributes[site]}/\${iot:Connection.Thing.ThingName}/*`,
    );
  });

  it('names resources as their services allow', () => {
    for (const bucket of assembly.byType('AWS::S3::Bucket')) {
      expect(bucket.physicalId).toMatch(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/);
    }
    for (const rule of assembly.byType('AWS::IoT::TopicRule')) {
      expect(rule.physicalId).toMatch(/^[a-zA-Z0-9_]{1,128}$/);
    }
    expect(only('AWS::SQS::Queue', 'Work').physicalId).toMatch(
      /^http:\/\/127\.0\.0\.1:4566\/000000000000\/SampleStorage-Work/,
    );
    expect(only('AWS::Cognito::UserPool', 'Pool').physicalId).toMatch(/^us-east-1_[a-z0-9]{9}$/);
  });

  it('names a web ACL and the stage that it guards', () => {
    const [name = '', id = ''] = only('AWS::WAFv2::WebACL', 'Firewall').physicalId.split('|');
    const account = 'us-east-1:000000000000';
    expect(only('AWS::WAFv2::WebACLAssociation', 'Guards').properties).toEqual({
      ResourceArn: expect.stringMatching(/^arn:aws:apigateway:us-east-1::\/restapis\/\w+\/stages\/live$/),
      WebACLArn: `arn:aws:wafv2:${account}:regional/webacl/${name}/${id}`,
    });
  });

  it('gives every resource the same ids again', () => {
    const again = loadAssembly(sample.dir, { awsUrl: 'http://127.0.0.1:4566' });
    expect(again.resources).toEqual(assembly.resources);
    expect(new Set(assembly.resources.map((r) => `${r.type} ${r.physicalId}`)).size).toBe(
      assembly.resources.length,
    );
  });

  it('finds the bundle of a function by its object key', () => {
    const key = at(only('AWS::Lambda::Function', 'Ingest').properties, 'Code', 'S3Key');
    expect(existsSync(join(assembly.assetPath(String(key)), 'index.mjs'))).toBe(true);
    expect(() => assembly.assetPath('nothing.zip')).toThrow('has no asset nothing.zip');
  });

  it('puts the addresses of the gateway where AWS would put its own', () => {
    const local = loadAssembly(sample.dir, { issuer: (pool) => `http://127.0.0.1:9229/${pool}` });
    const pool = local.byType('AWS::Cognito::UserPool')[0]?.physicalId;
    const query = local.byType('AWS::Lambda::Function').find((f) => f.logicalId.startsWith('Query'));
    expect(at(query?.properties, 'Environment', 'Variables', 'ISSUER')).toBe(`http://127.0.0.1:9229/${pool}`);
  });

  it('refuses a resource type that nobody runs, by name', () => {
    const types = new Set(assembly.resources.map((resource) => resource.type));
    expect(() => assertKnownTypes(assembly, types)).not.toThrow();
    types.delete('AWS::Kinesis::Stream');
    expect(() => assertKnownTypes(assembly, types)).toThrow(
      /^AWS::Kinesis::Stream \(Stream\w+ in stack SampleStorage\) is not known to the local gateway$/,
    );
  });
});

describe('stages and environments', () => {
  it('reads the stacks and assets of a stage, in the account and region it names', () => {
    const root = mkdtempSync(join(tmpdir(), 'labgate-stage-'));
    const app = new cdk.App({ outdir: join(root, 'cdk.out'), analyticsReporting: false });
    const stage = new cdk.Stage(app, 'Prod', { env: { account: '123456789012', region: 'eu-central-1' } });
    const stack = new cdk.Stack(stage, 'Storage');
    const file = join(root, 'note.txt');
    writeFileSync(file, 'note');
    const asset = new Asset(stack, 'Note', { path: file });
    const topic = new sns.Topic(stack, 'News');
    new cdk.CfnOutput(stack, 'Key', { value: asset.s3ObjectKey });
    new cdk.CfnOutput(stack, 'Topic', { value: topic.topicArn });
    app.synth();

    const loaded = loadAssembly(join(root, 'cdk.out'));
    expect([loaded.account, loaded.region]).toEqual(['123456789012', 'eu-central-1']);
    const outputs = loaded.outputs.get('Prod-Storage');
    expect(outputs?.['Topic']).toMatch(/^arn:aws:sns:eu-central-1:123456789012:Prod-Storage-News/);
    expect(loaded.find(String(outputs?.['Topic']))?.logicalId).toMatch(/^News/);
    expect(readFileSync(loaded.assetPath(String(outputs?.['Key'])), 'utf8')).toBe('note');
    rmSync(root, { recursive: true, force: true });
  });
});

describe('intrinsic functions', () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  /** A hand-written assembly: what CDK rarely emits must be right as well. */
  function load(...templates: readonly JsonObject[]): Assembly {
    const dir = mkdtempSync(join(tmpdir(), 'labgate-assembly-'));
    folders.push(dir);
    const artifacts: Record<string, unknown> = {};
    templates.forEach((template, index) => {
      const id = `S${index + 1}`;
      writeFileSync(join(dir, `${id}.template.json`), JSON.stringify(template));
      artifacts[id] = {
        type: 'aws:cloudformation:stack',
        properties: { templateFile: `${id}.template.json` },
      };
    });
    writeFileSync(join(dir, 'manifest.json'), JSON.stringify({ artifacts }));
    return loadAssembly(dir);
  }

  function resolved(value: unknown, rest: JsonObject = {}): unknown {
    const body = JSON.parse(JSON.stringify({ Bucket: { Type: 'AWS::S3::Bucket', Properties: { value } } }));
    return load({ ...rest, Resources: body }).resources[0]?.properties['value'];
  }

  const CONDITIONS = {
    Parameters: { Stage: { Type: 'String', Default: 'dev' } },
    Conditions: {
      IsDev: { 'Fn::Equals': [{ Ref: 'Stage' }, 'dev'] },
      IsProd: { 'Fn::Not': [{ Condition: 'IsDev' }] },
      Both: { 'Fn::And': [{ Condition: 'IsDev' }, { Condition: 'IsProd' }] },
      Either: { 'Fn::Or': [{ Condition: 'IsDev' }, { Condition: 'IsProd' }] },
    },
    Mappings: { Sizes: { dev: { shards: 1 }, prod: { shards: 8 } } },
  };

  it.each([
    ['Ref', { Ref: 'Stage' }, 'dev'],
    ['Fn::If, true', { 'Fn::If': ['IsDev', 1, 2] }, 1],
    ['Fn::If, false', { 'Fn::If': ['IsProd', 1, 2] }, 2],
    ['Fn::And', { 'Fn::If': ['Both', 1, 2] }, 2],
    ['Fn::Or', { 'Fn::If': ['Either', 1, 2] }, 1],
    ['AWS::NoValue in a list', ['a', { 'Fn::If': ['IsProd', 'b', { Ref: 'AWS::NoValue' }] }], ['a']],
    ['AWS::NoValue in an object', { a: { Ref: 'AWS::NoValue' }, b: 1 }, { b: 1 }],
    ['Fn::FindInMap', { 'Fn::FindInMap': ['Sizes', { Ref: 'Stage' }, 'shards'] }, 1],
    ['Fn::Base64', { 'Fn::Base64': 'labgate' }, 'bGFiZ2F0ZQ=='],
    ['Fn::Select of Fn::Split', { 'Fn::Select': [1, { 'Fn::Split': ['/', 'a/b/c'] }] }, 'b'],
    ['Fn::Sub', { 'Fn::Sub': `\${AWS::Region} \${Stage} \${!Stage}` }, `us-east-1 dev \${Stage}`],
    ['Fn::Sub with variables', { 'Fn::Sub': [`\${x}-\${AWS::AccountId}`, { x: 'y' }] }, 'y-000000000000'],
    ['Fn::Join', { 'Fn::Join': ['-', ['a', 1, { Ref: 'AWS::Partition' }]] }, 'a-1-aws'],
  ])('%s', (_name, value, expected) => {
    expect(resolved(value, CONDITIONS)).toEqual(expected);
  });

  it('drops a resource whose condition does not hold, and refuses a reference to it', () => {
    const off = { Type: 'AWS::S3::Bucket', Condition: 'IsProd' };
    expect(load({ ...CONDITIONS, Resources: { Off: off } }).resources).toEqual([]);
    const on = { Type: 'AWS::S3::Bucket', Properties: { other: { Ref: 'Off' } } };
    expect(() => load({ ...CONDITIONS, Resources: { Off: off, On: on } })).toThrow(
      'stack S1 has no resource Off',
    );
  });

  it('reads an output of another stack by export and by Fn::GetStackOutput', () => {
    const giver: JsonObject = {
      Resources: { Key: { Type: 'AWS::KMS::Key' } },
      Outputs: { Id: { Value: { Ref: 'Key' }, Export: { Name: { 'Fn::Join': [':', ['S2', 'Key']] } } } },
    };
    const taker: JsonObject = {
      Resources: {
        Bucket: {
          Type: 'AWS::S3::Bucket',
          Properties: {
            strong: { 'Fn::ImportValue': 'S2:Key' },
            weak: { 'Fn::GetStackOutput': { StackName: 'S2', OutputName: 'Id' } },
          },
        },
      },
    };
    const loaded = load(taker, giver);
    const [bucket] = loaded.byType('AWS::S3::Bucket');
    const [key] = loaded.byType('AWS::KMS::Key');
    expect(bucket?.properties).toEqual({ strong: key?.physicalId, weak: key?.physicalId });
  });

  it.each([
    ['an unknown function', { 'Fn::Cidr': ['10.0.0.0/8', 1] }, 'S1/Bucket.value: Fn::Cidr is not supported'],
    ['an unknown name', { Ref: 'Ghost' }, 'S1/Bucket.value: nothing is called Ghost in stack S1'],
    [
      'an unknown attribute',
      { 'Fn::GetAtt': ['Bucket', 'Colour'] },
      'S1/Bucket.value: attribute Colour of Bucket (AWS::S3::Bucket) is not known',
    ],
    ['a missing export', { 'Fn::ImportValue': 'Ghost' }, 'S1/Bucket.value: no stack exports Ghost'],
    ['a dynamic reference', '{{resolve:ssm:/a}}', 'S1/Bucket.value: dynamic references are not supported'],
  ])('refuses %s and says where', (_name, value, message) => {
    expect(() => resolved(value)).toThrow(message);
  });

  it('refuses a name that is made of itself', () => {
    const circle = { Type: 'AWS::S3::Bucket', Properties: { BucketName: { 'Fn::Sub': `x-\${Bucket}` } } };
    expect(() => load({ Resources: { Bucket: circle } })).toThrow('S1/Bucket.BucketName refers to itself');
  });

  it('refuses a macro and a folder without stacks', () => {
    expect(() => load({ Transform: 'AWS::Serverless-2016-10-31', Resources: {} })).toThrow('uses Transform');
    expect(() => load()).toThrow('holds no stack: run "cdk synth" first');
    expect(() => loadAssembly(tmpdir())).toThrow('holds no manifest.json: run "cdk synth" first');
  });
});
