import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchGetItemCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import {
  AttachPolicyCommand,
  AttachThingPrincipalCommand,
  CreateCertificateFromCsrCommand,
  CreateThingCommand,
  IoTClient,
} from '@aws-sdk/client-iot';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Gateway, type GatewayOptions, startGateway } from '../../local/gateway.ts';
import { readPorts } from '../../local/options.ts';
import { newCsr } from '../support/iot.ts';
import { type Sample, synthesizeSample } from './assembly/sample.ts';

// Two gateways start in some of the tests, on computers that do other things too.
vi.setConfig({ testTimeout: 60_000 });

let sample: Sample;
beforeAll(() => {
  sample = synthesizeSample();
}, 60_000);
afterAll(() => sample.dispose());

function start(options: Partial<GatewayOptions> = {}): Promise<Gateway> {
  return startGateway({ assemblyDir: sample.dir, ports: readPorts({ portBase: 0 }), ...options });
}

/** What the SDK needs to call the AWS endpoint as the person who runs the gateway. */
function operator({ credentialsDir }: Gateway) {
  const { accessKeyId, secretAccessKey, sessionToken, endpoint, region } = JSON.parse(
    readFileSync(join(credentialsDir, 'operator.json'), 'utf8'),
  );
  return { endpoint, region, credentials: { accessKeyId, secretAccessKey, sessionToken } };
}

function physicalId(gateway: Gateway, type: string, logicalId: string): string {
  const found = gateway.assembly.byType(type).find((entry) => entry.logicalId.startsWith(logicalId));
  return found?.physicalId ?? '';
}

/** A thing with a certificate and the policy of the sample, as `control-api` would make it. */
async function register(gateway: Gateway, name: string, site: string) {
  const iot = new IoTClient(operator(gateway));
  const { key, csr } = await newCsr(name);
  const attributePayload = { attributes: { site } };
  await iot.send(new CreateThingCommand({ thingName: name, attributePayload }));
  const made = await iot.send(
    new CreateCertificateFromCsrCommand({ certificateSigningRequest: csr, setAsActive: true }),
  );
  const arn = made.certificateArn ?? '';
  const policyName = physicalId(gateway, 'AWS::IoT::Policy', 'DevicePolicy');
  await iot.send(new AttachThingPrincipalCommand({ thingName: name, principal: arn }));
  await iot.send(new AttachPolicyCommand({ policyName, target: arn }));
  iot.destroy();
  return { key, certificate: made.certificatePem ?? '' };
}

async function token({ credentialsDir }: Gateway): Promise<string> {
  const clients: { clientId: string; clientSecret: string; tokenEndpoint: string; scopes: string[] }[] =
    JSON.parse(readFileSync(join(credentialsDir, 'clients.json'), 'utf8'));
  const client = clients.find(({ clientSecret }) => clientSecret !== undefined);
  const response = await fetch(client?.tokenEndpoint ?? '', {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${client?.clientId}:${client?.clientSecret}`).toString('base64')}`,
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: client?.scopes.join(' ') ?? '' }),
  });
  const { access_token } = (await response.json()) as { access_token: string };
  return access_token;
}

describe('a gateway that runs what CDK has synthesized', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await start();
  }, 60_000);
  afterAll(() => gateway.close());

  it('says where everything is', () => {
    expect(gateway.addresses).toEqual({
      api: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      mqtt: expect.stringMatching(/^mqtts:\/\/127\.0\.0\.1:\d+$/),
      live: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+\/mqtt$/),
      aws: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      issuer: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    });
    expect(readFileSync(join(gateway.credentialsDir, 'ca.pem'), 'utf8')).toContain('BEGIN CERTIFICATE');
    expect(statSync(join(gateway.credentialsDir, 'aws-credentials')).mode & 0o777).toBe(0o600);
  });

  it('answers through the API, the authorizer and the function', async () => {
    const url = `${gateway.addresses.api}/v1/devices?limit=1`;
    expect((await fetch(url)).status).toBe(401);
    const response = await fetch(url, { headers: { authorization: `Bearer ${await token(gateway)}` } });
    expect(await response.json()).toMatchObject({
      path: '/v1/devices',
      queryStringParameters: { limit: '1' },
    });
    expect(response.status).toBe(200);
  });

  it('carries a message from a device over the broker, the rule and the stream to the function', async () => {
    const { certificate, key } = await register(gateway, 'ph-1', 'berlin');
    const client = await connectAsync(gateway.addresses.mqtt, {
      clientId: 'ph-1',
      ca: readFileSync(join(gateway.credentialsDir, 'ca.pem')),
      cert: certificate,
      key,
      reconnectPeriod: 0,
    });
    await client.publishAsync('lab/berlin/ph-1/data', '{"ph":7.01}', { qos: 1 });
    await gateway.drain();
    const lines = gateway.functions.logs(physicalId(gateway, 'AWS::Lambda::Function', 'Ingest'));
    const written = lines.map((line) => JSON.stringify(line)).join('\n');
    expect(written).toContain(Buffer.from('{"ph":7.01}').toString('base64'));
    expect(written).toContain('berlin/ph-1');
    expect(gateway.iam.denials).toEqual([]);
    const used = gateway.iam
      .usedGrants()
      .map((grant) => `${grant.roleLogicalId.slice(0, 8)} ${grant.action}`);
    expect(used).toEqual(
      expect.arrayContaining([
        'RuleRole kinesis:PutRecord',
        'RuleRole kms:GenerateDataKey',
        'IngestSe kms:Decrypt',
      ]),
    );
    await client.endAsync();
  });

  it('answers no web page of another host, and none that calls itself one', async () => {
    const status = (url: string | undefined, headers: Record<string, string>): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        request(url ?? '', { headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .once('error', reject)
          .end();
      });
    const { api, aws, issuer } = gateway.addresses;
    for (const url of [`${api}/v1/devices`, aws, `${issuer}/login`]) {
      expect(await status(url, { host: 'labgate.evil.example' }), url).toBe(403);
      expect(await status(url, { origin: 'https://evil.example' }), url).toBe(403);
    }
    expect(await status(`${api}/v1/devices`, { origin: 'http://localhost:5173' })).toBe(401);
  });

  it('gives queues a URL at which the SDK finds them', async () => {
    const { credentials, region } = operator(gateway);
    // No endpoint: the URL of the queue alone leads the SDK here, as it leads a function.
    const sqs = new SQSClient({ credentials, region });
    const url = physicalId(gateway, 'AWS::SQS::Queue', 'Work');
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn', 'RedrivePolicy'] }),
    );
    expect(gateway.assembly.find(Attributes?.['QueueArn'] ?? '')?.physicalId).toBe(url);
    expect(Attributes?.['RedrivePolicy']).toContain('"maxReceiveCount"');
    sqs.destroy();
  });

  it('closes once, and quickly', async () => {
    const other = await start();
    await Promise.all([other.close(), other.close()]);
    await other.close();
    await expect(fetch(other.addresses.aws)).rejects.toThrow();
  });
});

describe('a start that cannot succeed', () => {
  it('says which port is taken', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const address = holder.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(start({ ports: { ...readPorts({ portBase: 0 }), issuer: port } })).rejects.toThrow(
      `port ${port} (token issuer) is already in use; choose another with --issuer-port or --port-base`,
    );
    holder.close();
  });

  it('does not listen beyond this computer', async () => {
    await expect(start({ host: '0.0.0.0' })).rejects.toThrow('the gateway listens on loopback only');
  });

  it('leaves nothing that listens', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'labgate-gateway-'));
    const before = await start({ dataDir });
    const ports = { ...readPorts({ portBase: 0 }) };
    for (const name of ['api', 'mqtt', 'aws', 'issuer', 'live'] as const)
      ports[name] = Number(new URL(before.addresses[name] ?? '').port);
    await before.close();
    writeFileSync(join(dataDir, 'credentials', 'users.json'), '[{"username": "ada",}]');
    await expect(start({ dataDir, ports })).rejects.toThrow('users.json is not readable JSON');
    // It would not be let in where something still listens.
    rmSync(join(dataDir, 'credentials', 'users.json'));
    await (await start({ dataDir, ports })).close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('gives the data folder back', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'labgate-gateway-'));
    await expect(start({ dataDir, assemblyDir: dataDir })).rejects.toThrow('manifest.json');
    const gateway = await start({ dataDir });
    await expect(start({ dataDir })).rejects.toThrow('another gateway has the data folder');
    await gateway.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
});

it('keeps its state in a data folder', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'labgate-gateway-'));
  const first = await start({ dataDir });
  const ca = readFileSync(join(first.credentialsDir, 'ca.pem'), 'utf8');
  const clients = readFileSync(join(first.credentialsDir, 'clients.json'), 'utf8');
  const table = physicalId(first, 'AWS::DynamoDB::Table', 'Measurements');
  const before = new DynamoDBClient(operator(first));
  const key = { pk: { S: 'device' }, sk: { S: 'hour' } };
  await before.send(new PutItemCommand({ TableName: table, Item: { ...key, value: { N: '1' } } }));
  before.destroy();
  await first.close();

  const second = await start({ dataDir });
  const after = new DynamoDBClient(operator(second));
  const { Responses } = await after.send(
    new BatchGetItemCommand({ RequestItems: { [table]: { Keys: [key] } } }),
  );
  expect(Responses?.[table]).toEqual([{ ...key, value: { N: '1' } }]);
  expect(readFileSync(join(second.credentialsDir, 'ca.pem'), 'utf8')).toBe(ca);
  expect(readFileSync(join(second.credentialsDir, 'clients.json'), 'utf8')).toBe(
    clients.replaceAll(first.addresses.issuer ?? '', second.addresses.issuer ?? ''),
  );
  after.destroy();
  await second.close();
  rmSync(dataDir, { recursive: true, force: true });
});
