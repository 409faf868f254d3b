/**
 * What the functions talk to, behind one address: a real DynamoDB emulator, the gateway's own AWS IoT control
 * plane, and recorders for the rest. Every call is recorded; a call can be made to fail before or after it ran.
 */
import 'reflect-metadata';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { DynamoEngine } from '../../local/endpoint/dynamodb/engine.ts';
import { controlPlane } from '../../local/iot/control/index.ts';
import { openPki } from '../../local/iot/pki.ts';
import { Registry as Things } from '../../local/iot/registry.ts';
import { AwsError, type AwsResponse } from '../../local/types.ts';
import { createTable } from './table.ts';

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

/** A call as it arrives. */
export interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

type HttpRequest = Parameters<NodeHttpHandler['handle']>[0];

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

export interface Aws {
  readonly url: string;
  /** Answers a call that came in elsewhere. */
  answer(request: Request): Promise<Answer>;
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
  ['PATCH', /^\/things\//, 'iot:UpdateThing'],
  ['DELETE', /^\/things\/[^/]+\/principals/, 'iot:DetachThingPrincipal'],
  ['DELETE', /^\/things\//, 'iot:DeleteThing'],
  ['DELETE', /^\/certificates\//, 'iot:DeleteCertificate'],
  ['POST', /^\/certificates/, 'iot:CreateCertificateFromCsr'],
  ['PUT', /^\/certificates\//, 'iot:UpdateCertificate'],
  ['PUT', /^\/target-policies\//, 'iot:AttachPolicy'],
  ['POST', /^\/target-policies\//, 'iot:DetachPolicy'],
  ['PUT', /^\/things\/[^/]+\/principals/, 'iot:AttachThingPrincipal'],
  ['GET', /^\/endpoint/, 'iot:DescribeEndpoint'],
  ['DELETE', /^\/connections\//, 'iot:DeleteConnection'],
  ['HEAD', /^\//, 's3:HeadBucket'],
];

/** The service that a call is signed for. */
export const serviceOf = ({ headers }: Pick<Request, 'headers'>): string =>
  /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? '';

/** The operation that a call of a JSON protocol names. */
export const operationOf = ({ headers }: Pick<Request, 'headers'>): string | undefined => {
  const target = headers['x-amz-target'];
  return typeof target === 'string' ? target.split('.')[1] : undefined;
};

/** What was published, in order: topic and document. */
export const publishedIn = (
  calls: readonly Recorded[],
): { readonly topic: string; readonly document: unknown }[] =>
  calls.flatMap(({ action, body }) => {
    const [, topic] = /^iotdata:POST \/topics\/([^?]+)/.exec(action) ?? [];
    return topic === undefined ? [] : [{ topic: decodeURIComponent(topic), document: JSON.parse(body) }];
  });

const actionOf = (service: string, request: Request): string => {
  const operation = operationOf(request);
  if (operation !== undefined) return `${service}:${operation}`;
  const found = ACTIONS.find(([method, path]) => method === request.method && path.test(request.url));
  return found?.[2] ?? `${service}:${request.method} ${request.url}`;
};

const LISTING = {
  AttributeDefinitions: ['pk', 'sk', 'kind', 'listKey'].map((AttributeName) => ({
    AttributeName,
    AttributeType: 'S' as const,
  })),
  GlobalSecondaryIndexes: [
    {
      IndexName: 'listing',
      KeySchema: [
        { AttributeName: 'kind', KeyType: 'HASH' as const },
        { AttributeName: 'listKey', KeyType: 'RANGE' as const },
      ],
      Projection: { ProjectionType: 'ALL' as const },
    },
  ],
};

const REGION = 'us-east-1';
const ACCOUNT = '000000000000';

/** Lets what answers calls answer those that come over HTTP. */
export const serveWith =
  (answer: (request: Request) => Promise<Answer>): RequestListener =>
  (request, response) => {
    const serve = async (): Promise<void> => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const { method = 'GET', url = '/', headers } = request;
      const reply = await answer({ method, url, headers, body: Buffer.concat(chunks) });
      response.writeHead(reply.status, reply.headers);
      response.end(reply.body);
    };
    serve().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  };

/** What the SDK sends, answered without a connection: tests prepare and look into stores by thousands of calls. */
const connectedTo = (answer: (request: Request) => Promise<Answer>): NodeHttpHandler =>
  Object.assign(new NodeHttpHandler(), {
    handle: async ({ method, path, headers, body = '' }: HttpRequest) => {
      const reply = await answer({ method, url: path, headers, body: Buffer.from(body) });
      const { status: statusCode } = reply;
      return {
        response: { statusCode, headers: reply.headers, body: Readable.from([Buffer.from(reply.body)]) },
      };
    },
  });

/** Starts everything on a free port and points the environment of this process at it. */
export const startAws = async (): Promise<Aws> => {
  const engine = await DynamoEngine.open(undefined, new Map(), REGION, ACCOUNT, (_level, message, fields) => {
    throw new Error(`${message}: ${JSON.stringify(fields)}`);
  });
  const things = new Things();
  const [registryTable, measurementsTable] = ['registry', 'measurements'];
  const policy = 'DevicePolicy';
  const thingType = 'instrument';
  const iot = controlPlane({
    registry: things,
    pki: await openPki(undefined),
    arnPrefix: `arn:aws:iot:${REGION}:${ACCOUNT}:`,
    account: ACCOUNT,
    policies: new Set([policy]),
    thingTypes: new Set([thingType]),
    deprecatedTypes: new Set(),
    endpointAddress: () => 'broker.test:18883',
    log: () => undefined,
  });
  const calls: Recorded[] = [];
  const connected = new Set<string>();
  const certificates: string[] = [];
  const objects = new Map<string, Buffer>();
  let faults: Fault[] = [];

  const run = async (
    service: string,
    request: Request,
  ): Promise<Pick<AwsResponse, 'status' | 'body'> & Partial<AwsResponse>> => {
    if (service === 'dynamodb') {
      const reply = await engine.call(operationOf(request) ?? '', request.body.toString());
      return { ...reply, headers: { 'content-type': 'application/x-amz-json-1.0' } };
    }
    if (service === 'iot') {
      const answer = await iot.handle({ ...request, caller: 'test', session: 'test' });
      if (request.method === 'POST' && request.url.startsWith('/certificates') && answer.status === 200)
        certificates.push(JSON.parse(String(answer.body)).certificateId);
      return answer;
    }
    if (service === 'iotdata') {
      if (request.method === 'POST' && request.url.startsWith('/topics/')) return { status: 200, body: '' };
      const client = decodeURIComponent(/^\/connections\/([^?]+)/.exec(request.url)?.[1] ?? '');
      if (connected.delete(client)) return { status: 200, body: '' };
      throw new AwsError('ResourceNotFoundException', `no connection of ${client}`, 404);
    }
    if (service === 'kinesis')
      return {
        status: 200,
        body: JSON.stringify({ StreamDescriptionSummary: { StreamStatus: 'ACTIVE' } }),
      };
    if (service === 's3' && request.method === 'PUT') objects.set(request.url, request.body);
    return { status: 200, body: (service === 's3' && objects.get(request.url)) || '' };
  };

  const refusal = (code: string, status: number): Answer => ({
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': code },
    body: JSON.stringify({ __type: code, message: `injected ${code}` }),
  });

  const answer = async (request: Request): Promise<Answer> => {
    const service = serviceOf(request);
    const call = { action: actionOf(service, request), body: request.body.toString() };
    calls.push(call);
    const fault = faults.find((each) => each.left > 0 && each.matches(call) && each.skip-- <= 0);
    if (fault !== undefined) fault.left -= 1;
    const headers = { 'content-type': 'application/json' };
    if (fault?.answer !== undefined) return { status: 200, headers, body: JSON.stringify(fault.answer) };
    if (fault?.when === 'before') return refusal(fault.code, fault.status);
    try {
      const reply = await run(service, request);
      if (fault !== undefined) return refusal(fault.code, fault.status);
      return { ...reply, headers: { ...headers, ...reply.headers } };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return refusal(error.code, error.status);
    }
  };
  const server = createServer(serveWith(answer));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    REGISTRY_TABLE: registryTable,
    MEASUREMENTS_TABLE: measurementsTable,
    ARCHIVE_BUCKET: 'archive',
    ALLOWED_ORIGINS: '[]',
    STREAM_NAME: 'stream',
    EXPORTS_QUEUE_URL: `${url}/000000000000/exports`,
    COMMANDS_QUEUE_URL: `${url}/000000000000/commands`,
    ALERTS_QUEUE_URL: `${url}/000000000000/alerts`,
    USER_POOL_ID: 'us-east-1_pool',
    EXPORT_LINKS_ROLE: 'arn:aws:iam::000000000000:role/links',
    DEVICE_POLICY: policy,
    THING_TYPE: thingType,
    DATA_RULE: 'labgate_test_data',
    POWERTOOLS_SERVICE_NAME: 'test',
    POWERTOOLS_METRICS_NAMESPACE: 'labgate',
    // What is logged has its own test; everything else would drown the report.
    LOG_LEVEL: 'SILENT',
    // The machine's own trust store would be taken for the broker's.
    NODE_EXTRA_CA_CERTS: '',
  });
  // Named, so that tests reach it whatever the environment says later.
  const dynamo = new DynamoDBClient({ endpoint: url, requestHandler: connectedTo(answer) });
  await createTable(dynamo, registryTable, LISTING);
  await createTable(dynamo, measurementsTable);
  calls.length = 0;
  return {
    url,
    answer,
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
      server.close();
      await Promise.all([once(server, 'close'), engine.close()]);
    },
  };
};
