/**
 * What the functions talk to, behind one address: a real DynamoDB emulator, the gateway's own AWS IoT control
 * plane, and recorders for the rest. Every call is recorded; a call can be made to fail before or after it ran.
 */
import 'reflect-metadata';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { controlPlane } from '../../../local/iot/control/index.ts';
import { openPki } from '../../../local/iot/pki.ts';
import { Registry as Things } from '../../../local/iot/registry.ts';
import { AwsError, type AwsResponse } from '../../../local/types.ts';

const require = createRequire(import.meta.url);

export interface Recorded {
  /** e.g. `dynamodb:PutItem` or `iot:CreateThing`. */
  readonly action: string;
  readonly body: string;
}

interface Fault {
  readonly matches: (call: Recorded) => boolean;
  readonly when: 'before' | 'after';
  /** Matching calls that pass first. */
  skip: number;
  left: number;
  readonly code: string;
  readonly status: number;
  /** Instead of a fault: what is answered. */
  readonly answer?: object;
}

export interface Aws {
  readonly url: string;
  readonly calls: Recorded[];
  readonly things: Things;
  readonly registryTable: string;
  readonly measurementsTable: string;
  readonly bucket: string;
  readonly stream: string;
  readonly policy: string;
  readonly thingType: string;
  /** Identifiers of all certificates ever made. */
  readonly certificates: string[];
  /** Client identifiers that hold a connection. */
  readonly connected: Set<string>;
  readonly dynamo: DynamoDBClient;
  /** Lets calls of an action fail, for ever or so many times; a 4xx is not tried again by the SDK. */
  fail(action: string, fault?: Partial<Omit<Fault, 'matches'>>): void;
  heal(): void;
  close(): Promise<void>;
}

const ACTIONS: readonly (readonly [string, RegExp, string])[] = [
  ['POST', /^\/things\//, 'iot:CreateThing'],
  ['POST', /^\/certificates/, 'iot:CreateCertificateFromCsr'],
  ['PUT', /^\/certificates\//, 'iot:UpdateCertificate'],
  ['PUT', /^\/target-policies\//, 'iot:AttachPolicy'],
  ['PUT', /^\/things\/[^/]+\/principals/, 'iot:AttachThingPrincipal'],
  ['GET', /^\/endpoint/, 'iot:DescribeEndpoint'],
  ['DELETE', /^\/connections\//, 'iot:DeleteConnection'],
  ['HEAD', /^\//, 's3:HeadBucket'],
];

const actionOf = (service: string, request: IncomingMessage): string => {
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') return `${service}:${target.split('.')[1]}`;
  const found = ACTIONS.find(([method, path]) => method === request.method && path.test(request.url ?? ''));
  return found?.[2] ?? `${service}:${request.method} ${request.url}`;
};

const TABLE_KEYS = {
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  BillingMode: 'PAY_PER_REQUEST',
} as const;
const text = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' as const });

const createTables = async (
  dynamo: DynamoDBClient,
  registry: string,
  measurements: string,
): Promise<void> => {
  await dynamo.send(
    new CreateTableCommand({
      ...TABLE_KEYS,
      KeySchema: [...TABLE_KEYS.KeySchema],
      TableName: registry,
      AttributeDefinitions: ['pk', 'sk', 'kind', 'listKey'].map(text),
      GlobalSecondaryIndexes: [
        {
          IndexName: 'listing',
          KeySchema: [
            { AttributeName: 'kind', KeyType: 'HASH' },
            { AttributeName: 'listKey', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    }),
  );
  await dynamo.send(
    new CreateTableCommand({
      ...TABLE_KEYS,
      KeySchema: [...TABLE_KEYS.KeySchema],
      TableName: measurements,
      AttributeDefinitions: ['pk', 'sk'].map(text),
    }),
  );
};

const REGION = 'us-east-1';

/** Starts everything on a free port and points the environment of this process at it. */
export const startAws = async (): Promise<Aws> => {
  // The emulator has no types; it is an HTTP server that requests can be handed to.
  const dynalite: Server = require('dynalite')({ createTableMs: 0 });
  const things = new Things();
  const [registryTable, measurementsTable] = ['registry', 'measurements'];
  const policy = 'DevicePolicy';
  const thingType = 'instrument';
  const iot = controlPlane({
    registry: things,
    pki: await openPki(undefined),
    arnPrefix: `arn:aws:iot:${REGION}:000000000000:`,
    account: '000000000000',
    policies: new Set([policy]),
    thingTypes: new Set([thingType]),
    endpointAddress: () => 'broker.test:18883',
    log: () => undefined,
  });
  const calls: Recorded[] = [];
  const connected = new Set<string>();
  const certificates: string[] = [];
  let faults: Fault[] = [];

  const run = async (
    service: string,
    request: IncomingMessage,
    body: Buffer,
  ): Promise<Pick<AwsResponse, 'status' | 'body'> & Partial<AwsResponse>> => {
    if (service === 'iot') {
      const { method = 'GET', url = '/', headers } = request;
      const answer = await iot.handle({ method, url, headers, body, caller: 'test' });
      if (method === 'POST' && url.startsWith('/certificates') && answer.status === 200)
        certificates.push(JSON.parse(String(answer.body)).certificateId);
      return answer;
    }
    if (service === 'iotdata') {
      const client = decodeURIComponent(/^\/connections\/([^?]+)/.exec(request.url ?? '')?.[1] ?? '');
      if (connected.delete(client)) return { status: 200, body: '' };
      throw new AwsError('ResourceNotFoundException', `no connection of ${client}`, 404);
    }
    if (service === 'kinesis')
      return {
        status: 200,
        body: JSON.stringify({ StreamDescriptionSummary: { StreamStatus: 'ACTIVE' } }),
      };
    return { status: 200, body: '' };
  };

  const answerFault = (response: ServerResponse, code: string, status: number): void => {
    response.writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': code });
    response.end(JSON.stringify({ __type: code, message: `injected ${code}` }));
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const service =
      /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const call = { action: actionOf(service, request), body: body.toString() };
    calls.push(call);
    const fault = faults.find((each) => each.left > 0 && each.matches(call) && each.skip-- <= 0);
    if (fault !== undefined) fault.left -= 1;
    if (fault?.answer !== undefined) {
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify(fault.answer));
      return;
    }
    if (fault?.when === 'before') return answerFault(response, fault.code, fault.status);
    if (service === 'dynamodb') {
      const forwarded = await fetch(`http://127.0.0.1:${(dynalite.address() as AddressInfo).port}/`, {
        method: 'POST',
        body,
        headers: Object.fromEntries(
          Object.entries(request.headers).filter(([name]) =>
            /^(x-amz|authorization|content-type)/.test(name),
          ),
        ) as Record<string, string>,
      });
      const bytes = Buffer.from(await forwarded.arrayBuffer());
      if (fault !== undefined) return answerFault(response, fault.code, fault.status);
      response.writeHead(forwarded.status, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(bytes);
      return;
    }
    try {
      const answer = await run(service, request, body);
      if (fault !== undefined) return answerFault(response, fault.code, fault.status);
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
      response.end(answer.body);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      answerFault(response, error.code, error.status);
    }
  };
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    );
  });
  dynalite.listen(0, '127.0.0.1');
  server.listen(0, '127.0.0.1');
  await Promise.all([once(dynalite, 'listening'), once(server, 'listening')]);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    REGISTRY_TABLE: registryTable,
    MEASUREMENTS_TABLE: measurementsTable,
    ARCHIVE_BUCKET: 'archive',
    STREAM_NAME: 'stream',
    EXPORTS_QUEUE_URL: `${url}/000000000000/exports`,
    DEVICE_POLICY: policy,
    THING_TYPE: thingType,
    POWERTOOLS_SERVICE_NAME: 'test',
    POWERTOOLS_METRICS_NAMESPACE: 'labgate',
    // What is logged has its own test; everything else would drown the report.
    LOG_LEVEL: 'SILENT',
    // The machine's own trust store would be taken for the broker's.
    NODE_EXTRA_CA_CERTS: '',
  });
  // Named, so that tests reach it whatever the environment says later.
  const dynamo = new DynamoDBClient({ endpoint: url });
  await createTables(dynamo, registryTable, measurementsTable);
  calls.length = 0;
  return {
    url,
    calls,
    things,
    registryTable,
    measurementsTable,
    bucket: 'archive',
    stream: 'stream',
    policy,
    thingType,
    certificates,
    connected,
    dynamo,
    fail: (action, fault = {}) => {
      faults.push({
        matches: (call) => call.action === action,
        when: 'before',
        skip: 0,
        left: 1,
        code: 'AccessDeniedException',
        status: 400,
        ...fault,
      });
    },
    heal: () => {
      faults = [];
    },
    close: async () => {
      dynamo.destroy();
      server.closeAllConnections();
      dynalite.closeAllConnections();
      server.close();
      dynalite.close();
      await Promise.all([once(server, 'close')]);
    },
  };
};
