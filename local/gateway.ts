/** The whole gateway: an assembly, and everything it declares, on this computer. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ApiPart, resourceTypes as apiTypes, startApi } from './api/index.ts';
import { brokerHost } from './assembly/attributes.ts';
import { assertKnownTypes, loadAssembly } from './assembly/index.ts';
import { withOrigins } from './assembly/origins.ts';
import { deployFiles, resourceTypes as deploymentTypes } from './bucket-deployment/index.ts';
import {
  type DistributionPart,
  resourceTypes as distributionTypes,
  openDistribution,
} from './cloudfront/index.ts';
import { type CognitoPart, resourceTypes as cognitoTypes, startCognito } from './cognito/index.ts';
import { boundsOf, Connections, UNBOUND } from './connections.ts';
import { takeFolders } from './data-folder.ts';
import {
  type Buckets,
  resourceTypes as endpointTypes,
  type Faults,
  startEndpoint,
} from './endpoint/index.ts';
import { type EventSources, resourceTypes as eventTypes, startEventSources } from './events/index.ts';
import { createIam, type Iam, resourceTypes as iamTypes } from './iam/index.ts';
import { type IotPart, resourceTypes as iotTypes, startIot } from './iot/index.ts';
import type { Later } from './iot/live/guests.ts';
import { LIVE_PATH, LiveListener } from './iot/live/listener.ts';
import { resourceTypes as functionTypes, type LocalFunctions, startFunctions } from './lambda/index.ts';
import { freeThreads } from './memory.ts';
import { checkPorts, type Listener, type Ports, portTaken } from './options.ts';
import { type Schedules, resourceTypes as scheduleTypes, startSchedules } from './schedule/index.ts';
import type { Assembly, Credentials, Endpoint, Log, PartOptions } from './types.ts';

export interface GatewayOptions {
  /** Folder that `cdk synth` has written. */
  readonly assemblyDir: string;
  /** Folder whose content survives a restart; nothing does without one. */
  readonly dataDir?: string;
  /** Leaves out what is damaged in the data folder, instead of refusing to start. */
  readonly acceptDamage?: boolean;
  /** Address to listen on: loopback, for nothing here is meant for a network. */
  readonly host?: string;
  readonly ports: Ports;
  readonly log?: Log;
  /**
   * Origins of pages that may connect over WebSocket, e.g. `https://lab.example.org`, beside those that the gateway itself
   * serves.
   */
  readonly origins?: readonly string[];
  /** When authorizers are asked again and connections end; by the clock when absent. */
  readonly later?: Later;
  /** Whether the token issuer has a sample user for each role; yes when absent. */
  readonly samples?: boolean;
  /** Keeps the logs of functions in files even without a data folder, as long as the gateway runs. */
  readonly keepLogs?: boolean;
}

export interface Addresses {
  /** `http://127.0.0.1:8080`; undefined when the assembly declares no REST API. */
  readonly api: string | undefined;
  /** `http://localhost:8081`; undefined when the assembly declares no distribution. */
  readonly page: string | undefined;
  /** `mqtts://127.0.0.1:8883` */
  readonly mqtt: string;
  /** `ws://127.0.0.1:8084/mqtt` for pages; `wss://` on the same port, with our own authority, for everybody else. */
  readonly live: string;
  /** `http://127.0.0.1:4566`, for `AWS_ENDPOINT_URL`. */
  readonly aws: string;
  /** `http://127.0.0.1:9229`; undefined when the assembly declares no user pool. */
  readonly issuer: string | undefined;
}

export interface Gateway extends AsyncDisposable {
  readonly addresses: Addresses;
  readonly assembly: Assembly;
  readonly iam: Iam;
  readonly endpoint: Endpoint;
  /** Failures to be injected into the AWS services. */
  readonly faults: Faults;
  readonly functions: LocalFunctions;
  readonly iot: IotPart;
  readonly events: EventSources;
  readonly schedules: Schedules;
  /**
   * Folder with `ca.pem` of the broker, `users.json`, `clients.json` and the mail `outbox/` of the token issuer, and the operator's
   * `operator.json` and `aws-credentials` (the format of the AWS CLI) for the AWS endpoint.
   */
  readonly credentialsDir: string;
  /** Folder of the logs of functions, a file each; undefined when they are kept in memory alone. */
  readonly logDir: string | undefined;
  /** Resolves when every accepted message has gone its way to the end. */
  drain(): Promise<void>;
  /** Stops everything, once; in-flight batches are replayed after the next start. */
  close(): Promise<void>;
}

/** The authority of the broker, in the credentials folder. */
const CA_FILE = 'ca.pem';

/** Types that no part starts anything for, but one reads. */
const READ_TYPES = ['AWS::Lambda::Permission'];

const RUNNING_TYPES: readonly string[] = [
  ...READ_TYPES,
  ...iamTypes,
  ...endpointTypes,
  ...cognitoTypes,
  ...functionTypes,
  ...iotTypes,
  ...eventTypes,
  ...scheduleTypes,
  ...apiTypes,
  ...deploymentTypes,
  ...distributionTypes,
];

function assertLoopback(host: string): void {
  if (host !== 'localhost' && host !== '::1' && !/^127(\.\d{1,3}){3}$/.test(host)) {
    throw new Error(`host ${host}: the gateway listens on loopback only (127.0.0.1, ::1, localhost)`);
  }
}

/** Starts what listens on a port that `checkPorts` found free; somebody may have taken it since. */
async function listening<T>(listener: Listener, ports: Ports, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    throw taken ? portTaken(listener, ports[listener]) : error;
  }
}

function writePrivate(path: string, content: string): void {
  rmSync(path, { force: true });
  writeFileSync(path, content, { mode: 0o600 });
}

function writeCredentials(
  dir: string,
  operator: Credentials,
  region: string,
  endpoint: string,
  ca: string,
): void {
  writeFileSync(join(dir, CA_FILE), ca);
  writePrivate(join(dir, 'operator.json'), `${JSON.stringify({ ...operator, region, endpoint }, null, 2)}\n`);
  const ini = [
    '[default]',
    `aws_access_key_id = ${operator.accessKeyId}`,
    `aws_secret_access_key = ${operator.secretAccessKey}`,
    `aws_session_token = ${operator.sessionToken}`,
  ];
  writePrivate(join(dir, 'aws-credentials'), `${ini.join('\n')}\n`);
}

/** A host as it stands in a URL. */
const named = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** Where logs of functions go, if anywhere: with the data, else beside the credentials, which go with the gateway. */
const logDirOf = ({ dataDir, keepLogs }: GatewayOptions, credentialsDir: string): string | undefined => {
  if (dataDir !== undefined) return join(dataDir, 'logs');
  return keepLogs === true ? join(credentialsDir, 'logs') : undefined;
};

interface Parts {
  readonly assembly: Assembly;
  readonly iam: Iam;
  readonly endpoint: Endpoint & { readonly faults: Faults; readonly buckets: Buckets };
  readonly cognito: CognitoPart;
  readonly functions: LocalFunctions;
  readonly iot: IotPart;
  readonly live: LiveListener;
  readonly events: EventSources;
  readonly schedules: Schedules;
  readonly api: ApiPart;
  readonly page: DistributionPart;
}

/** Starts the parts, each after those it needs; `running` takes them and stops them in the opposite order. */
async function startParts(
  options: GatewayOptions & { readonly host: string; readonly log: Log },
  credentialsDir: string,
  running: AsyncDisposableStack,
): Promise<Parts> {
  const { assemblyDir, dataDir, acceptDamage = false, host, ports, log } = options;
  const own = <T extends { close(): Promise<void> }>(part: T): T => {
    running.defer(() => part.close());
    return part;
  };
  const declared = loadAssembly(assemblyDir);
  assertKnownTypes(declared, RUNNING_TYPES);
  const iam = createIam(declared, log);
  const common = { iam, log, acceptDamage, ...(dataDir === undefined ? {} : { dataDir }) };
  const bounds = boundsOf();
  const { descriptors } = bounds;
  const atMost = (most: number) => new Connections({ most, descriptors, log });
  const people = atMost(bounds.people);
  const broker = atMost(bounds.devices);
  const endpoint = own(
    await listening('aws', ports, () =>
      startEndpoint({
        ...common,
        assembly: declared,
        host,
        port: ports.aws,
        connections: new Connections({ ...UNBOUND, mostSilent: bounds.strangers, descriptors, log }),
      }),
    ),
  );
  const page = own(
    await listening('page', ports, () =>
      openDistribution({ assembly: declared, log, host, port: ports.page, connections: people }),
    ),
  );
  const cognito = own(
    await listening('issuer', ports, () =>
      startCognito({
        ...common,
        // It sends browsers back to the page.
        assembly: withOrigins(declared, page.origins),
        host,
        port: ports.issuer,
        endpoint,
        credentialsDir,
        samples: options.samples ?? true,
        connections: people,
      }),
    ),
  );
  const livePages = new Set(options.origins);
  const live = own(
    await listening('live', ports, () =>
      LiveListener.open({
        host,
        port: ports.live,
        mayConnect: (origin) => livePages.has(origin),
        connections: broker,
        log,
      }),
    ),
  );
  // Read again, now that it is known what stands in place of the addresses of AWS: a queue's URL, an issuer, the page,
  // the broker. That is for pages, whose browsers do not trust our authority.
  const origins = new Map([
    ...page.origins,
    ...cognito.origins,
    [`wss://${brokerHost(declared.region)}`, `ws://${named(host)}:${live.port}`] as const,
  ]);
  const assembly = withOrigins(
    loadAssembly(assemblyDir, { awsUrl: endpoint.url, issuer: cognito.issuer }),
    origins,
  );
  const part: PartOptions = { ...common, assembly, endpoint };
  const logDir = logDirOf(options, credentialsDir);
  const functions = own(
    await startFunctions({
      ...part,
      caFile: join(credentialsDir, CA_FILE),
      ...(logDir === undefined ? {} : { logDir }),
    }),
  );
  const iot = own(
    await listening('mqtt', ports, () =>
      startIot({
        ...part,
        functions,
        host,
        port: ports.mqtt,
        connections: broker,
        live,
        ...(options.later && { later: options.later }),
      }),
    ),
  );
  writeCredentials(credentialsDir, iam.operator, assembly.region, endpoint.url, iot.ca);
  const events = own(await startEventSources({ ...part, functions }));
  const schedules = own(await startSchedules({ ...part, functions }));
  const api = own(
    await listening('api', ports, () =>
      startApi({ ...part, functions, cognito, host, port: ports.api, connections: people }),
    ),
  );
  const { buckets } = endpoint;
  // Pages that the gateway itself serves.
  for (const url of [api.address?.url, page.url]) if (url !== undefined) livePages.add(new URL(url).origin);
  await deployFiles({ assembly, buckets, origins });
  page.serve({ assembly, iam, buckets, api: api.address?.url });
  return { assembly, iam, endpoint, cognito, functions, iot, events, live, schedules, api, page };
}

/**
 * Starts everything that an assembly declares.
 * @throws {AssemblyError} for what cannot be resolved, {@link UnknownResourceType} for what nobody runs,
 *   {@link UnsupportedPolicy} for a policy that is not understood, {@link PortError} for a port that is taken
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { host = '127.0.0.1', log = () => undefined, dataDir, ports } = options;
  assertLoopback(host);
  await checkPorts(ports, host);
  freeThreads();
  await using running = new AsyncDisposableStack();
  const folders = takeFolders(dataDir);
  running.defer(() => folders.release());
  const parts = await startParts({ ...options, host, log }, folders.credentials, running);
  const { assembly, iam, endpoint, cognito, functions, iot, live, events, schedules, api, page } = parts;
  const stop = running.move();
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= stop.disposeAsync();
    return closed;
  };
  return {
    addresses: {
      api: api.address?.url,
      page: page.url,
      mqtt: `mqtts://${named(host)}:${iot.endpoint.port}`,
      live: `ws://${named(host)}:${live.port}${LIVE_PATH}`,
      aws: endpoint.url,
      issuer: cognito.address?.url,
    },
    assembly,
    iam,
    endpoint,
    faults: endpoint.faults,
    functions,
    iot,
    events,
    schedules,
    credentialsDir: folders.credentials,
    logDir: logDirOf(options, folders.credentials),
    drain: async () => {
      // Functions publish, and rules feed functions: what comes in must have come to rest.
      for (let before = -1; before !== iot.stats().received; ) {
        before = iot.stats().received;
        await iot.flush();
        await events.drain();
        await schedules.drain();
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
