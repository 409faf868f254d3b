/**
 * A small world around the IoT part: a hand-made assembly, roles that may do what a test says, streams in memory,
 * and one HTTP endpoint that the real SDK clients call.
 */

import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  AttachPolicyCommand,
  AttachThingPrincipalCommand,
  CreateCertificateFromCsrCommand,
  CreateThingCommand,
  IoTClient,
} from '@aws-sdk/client-iot';
import { IoTDataPlaneClient } from '@aws-sdk/client-iot-data-plane';
import { PemConverter, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { type IotOptions, type IotPart, startIot } from '../../local/iot/index.ts';
import {
  AccessDenied,
  type AccessRequest,
  type Assembly,
  type AwsService,
  type Denial,
  type Endpoint,
  type Functions,
  type Iam,
  type JsonObject,
  type Resource,
} from '../../local/types.ts';

export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/rules`;
export const arn = (rest: string): string => `arn:aws:iot:${REGION}:${ACCOUNT}:${rest}`;

export const resource = (
  type: string,
  physicalId: string,
  properties: JsonObject,
  resourceArn?: string,
): Resource => ({
  stack: 'Test',
  logicalId: physicalId,
  type,
  properties,
  physicalId,
  arn: resourceArn,
});

export const assemblyOf = (resources: readonly Resource[]): Assembly => ({
  account: ACCOUNT,
  region: REGION,
  resources,
  byType: (type) => resources.filter((each) => each.type === type),
  find: (id) => resources.find((each) => each.arn === id || each.physicalId === id),
  assetPath: (key) => {
    throw new Error(`no asset ${key}`);
  },
  outputs: new Map(),
});

/** A variable or template, written out: `${name}`. */
export const dollar = (name: string): string => `\${${name}}`;

const SITE = dollar('iot:Connection.Thing.Attributes[site]');
const THING = dollar('iot:Connection.Thing.ThingName');

/** What the policy of a labgate device says. */
export const devicePolicy = resource('AWS::IoT::Policy', 'device', {
  PolicyDocument: {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: 'iot:Connect',
        Resource: arn(`client/${THING}`),
        Condition: { Bool: { 'iot:Connection.Thing.IsAttached': ['true'] } },
      },
      {
        Effect: 'Allow',
        Action: ['iot:Publish'],
        Resource: [
          arn(`topic/lab/${SITE}/${THING}/data`),
          arn(`topic/$aws/rules/*/lab/${SITE}/${THING}/data`),
        ],
      },
      {
        Effect: 'Allow',
        Action: 'iot:Subscribe',
        Resource: arn(`topicfilter/lab/${SITE}/${THING}/*`),
      },
      {
        Effect: 'Allow',
        Action: 'iot:Receive',
        Resource: arn(`topic/lab/${SITE}/${THING}/ack`),
      },
    ],
  },
});

export const rule = (name: string, sql: string, more: JsonObject): Resource =>
  resource('AWS::IoT::TopicRule', name, {
    RuleName: name,
    TopicRulePayload: { Sql: sql, AwsIotSqlVersion: '2016-03-23', Actions: [], ...more },
  });

export const kinesis = (
  stream = 'measurements',
  key = `${dollar('topic(2)')}/${dollar('topic(3)')}`,
): JsonObject => ({
  Kinesis: { RoleArn: ROLE, StreamName: stream, PartitionKey: key },
});

export const ingestRule = rule('ingest', "SELECT * FROM 'lab/+/+/data'", { Actions: [kinesis()] });

export interface Put {
  readonly stream: string;
  readonly partitionKey: string;
  readonly data: Buffer;
}

export interface World extends AsyncDisposable {
  readonly iot: IotPart;
  readonly url: string;
  readonly control: IoTClient;
  readonly data: IoTDataPlaneClient;
  /** Everything put into streams. */
  readonly puts: Put[];
  /** Calls to functions. */
  readonly invocations: { readonly functionArn: string; readonly event: unknown }[];
  readonly denials: Denial[];
  readonly logs: { readonly level: string; readonly message: string; readonly fields: object | undefined }[];
  /** Set by a test: called before each put into a stream, may throw. */
  beforePut: (stream: string) => void;
  /** Registers a device the way the application does: thing, certificate from a CSR, attachments. */
  device(
    name: string,
    site?: string,
    options?: { readonly policy?: string | null; readonly attach?: boolean },
  ): Promise<Device>;
  /** @param prepare called before the client is connected */
  connect(
    device: Partial<Device>,
    options?: IClientOptions,
    prepare?: (client: MqttClient) => void,
  ): Promise<MqttClient>;
}

export interface Device {
  readonly name: string;
  readonly key: string;
  readonly certificate: string;
  readonly certificateId: string;
  readonly certificateArn: string;
}

export interface WorldOptions {
  readonly resources?: readonly Resource[];
  readonly dataDir?: string;
  /** What roles may not do. */
  readonly forbidden?: readonly string[];
  readonly services?: Readonly<Record<string, AwsService>>;
  readonly invoke?: Functions['invoke'];
  readonly iot?: Partial<IotOptions>;
}

const OPERATOR = { accessKeyId: 'ASIAOPERATOR', secretAccessKey: 'secret', sessionToken: 'token' };

/** Whom a key stands for: those of roles have their ARN in them. */
const callerOf = (accessKeyId: string): string =>
  accessKeyId === OPERATOR.accessKeyId ? 'operator' : Buffer.from(accessKeyId.slice(4), 'hex').toString();

export const startWorld = async (options: WorldOptions = {}): Promise<World> => {
  const assembly = assemblyOf(options.resources ?? [devicePolicy, ingestRule]);
  const services = new Map<string, AwsService>(Object.entries(options.services ?? {}));
  const denials: Denial[] = [];
  const authorize = (principal: string, { action, resource: on }: AccessRequest): void => {
    if (options.forbidden?.includes(action) !== true) return;
    const denial = { principal, action, resource: on };
    denials.push(denial);
    throw new AccessDenied(denial);
  };
  const iam: Iam = {
    credentialsFor: (role) => ({
      accessKeyId: `ASIA${Buffer.from(role).toString('hex')}`,
      secretAccessKey: 's',
      sessionToken: 't',
    }),
    operator: OPERATOR,
    accessKey: (id) => ({
      ...OPERATOR,
      principal: callerOf(id),
      session: 'local',
    }),
    assume: () => {
      throw new Error('no role is taken here');
    },
    assumableBy: (_role, service) => service === 'iot.amazonaws.com',
    serviceMay: () => false,
    authorize,
    denials,
  };
  const server = createServer((request, response) => {
    serve(request)
      .then(({ status, headers, body }) => response.writeHead(status, headers).end(body))
      .catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  const serve = async (request: IncomingMessage) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const [, key = '', , , name = ''] =
      /Credential=([^/]+)\/(\d+)\/([^/]+)\/([^/]+)/.exec(request.headers.authorization ?? '') ?? [];
    const service = services.get(name);
    if (service === undefined) throw new Error(`no service ${name}`);
    const call = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks),
      caller: callerOf(key),
      session: 'local',
    };
    try {
      for (const access of service.access(call)) authorize(call.caller, access);
    } catch (error) {
      if (!(error instanceof AccessDenied)) throw error;
      return {
        status: 403,
        headers: { 'x-amzn-errortype': 'AccessDeniedException' },
        body: JSON.stringify({ message: error.message }),
      };
    }
    return service.handle(call);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  const puts: Put[] = [];
  const unused = (): never => {
    throw new Error('not part of this test');
  };
  const endpoint: Endpoint = {
    url,
    port,
    register: (name, service) => services.set(name, service),
    onAppend: unused,
    kinesis: {
      async put(caller, stream, records) {
        world.beforePut(stream);
        authorize(caller, { action: 'kinesis:PutRecord', resource: stream });
        for (const { partitionKey, data } of records) puts.push({ stream, partitionKey, data });
      },
      shards: unused,
      get: unused,
      release: unused,
    },
    close: async () => undefined,
  };
  const invocations: World['invocations'] = [];
  const functions: Functions = {
    async invoke(functionArn, event) {
      invocations.push({ functionArn, event });
      return options.invoke === undefined ? { ok: true, payload: null } : options.invoke(functionArn, event);
    },
    invokeStreaming: unused,
    close: async () => undefined,
  };
  const logs: World['logs'] = [];
  const iot = await startIot({
    assembly,
    iam,
    endpoint,
    functions,
    host: '127.0.0.1',
    port: 0,
    log: (level, message, fields) => void logs.push({ level, message, fields }),
    ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
    ...options.iot,
  }).catch((error: unknown) => {
    server.close();
    throw error;
  });
  const client = { region: REGION, endpoint: url, credentials: OPERATOR, maxAttempts: 1 };
  const control = new IoTClient(client);
  const data = new IoTDataPlaneClient(client);
  const clients = new Set<MqttClient>();

  const world: World = {
    iot,
    url,
    control,
    data,
    puts,
    invocations,
    denials,
    logs,
    beforePut: () => undefined,
    async device(name, site = 'berlin', { policy = 'device', attach = true } = {}) {
      await control.send(
        new CreateThingCommand({ thingName: name, attributePayload: { attributes: { site } } }),
      );
      const { key, csr } = await newCsr(name);
      const made = await control.send(
        new CreateCertificateFromCsrCommand({ certificateSigningRequest: csr, setAsActive: true }),
      );
      const { certificateArn = '', certificateId = '', certificatePem = '' } = made;
      if (attach)
        await control.send(new AttachThingPrincipalCommand({ thingName: name, principal: certificateArn }));
      if (policy !== null)
        await control.send(new AttachPolicyCommand({ policyName: policy, target: certificateArn }));
      return { name, key, certificate: certificatePem, certificateId, certificateArn };
    },
    async connect({ name = 'someone', key, certificate }, more = {}, prepare = () => undefined) {
      const client = connect({
        protocol: 'mqtts',
        host: '127.0.0.1',
        port: iot.endpoint.port,
        ca: iot.ca,
        clientId: name,
        reconnectPeriod: 0,
        ...(key === undefined ? {} : { key }),
        ...(certificate === undefined ? {} : { cert: certificate }),
        ...more,
      });
      clients.add(client);
      prepare(client);
      await new Promise<void>((resolve, reject) => {
        client.once('connect', () => resolve());
        client.once('error', reject);
        client.once('close', () => reject(new Error('the connection was closed')));
      });
      client.on('error', () => undefined);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const each of clients) each.end(true);
      control.destroy();
      data.destroy();
      await iot.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return world;
};

/** A key that stays here and the request for its certificate. */
export const newCsr = async (name: string): Promise<{ readonly key: string; readonly csr: string }> => {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
  });
  const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { key, csr: request.toString('pem') };
};

/** Waits until something holds, asked again at each turn of the event loop. */
export const until = async (holds: () => boolean, what = 'it'): Promise<void> => {
  const end = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
};
