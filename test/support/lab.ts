/** A laboratory for tests: the gateway on free ports, tokens, types, devices, and real clients of all of them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { commandDeclarations } from '../../contracts/resources/command-declarations.ts';
import type { Registered } from '../../contracts/resources/devices.ts';
import type { InstrumentTypeInput } from '../../contracts/resources/instrument-types.ts';
import { createIdentity, type Identity } from '../../device/identity.ts';
import { type Gateway, type GatewayOptions, startGateway } from '../../local/gateway.ts';
import { signIn } from './browser.ts';
import { watchedLog } from './secrets.ts';

/** An instrument type with one channel of each value type, and a command that looks at one of them. */
export const METER: InstrumentTypeInput = {
  id: 'meter',
  name: 'Meter',
  channels: {
    temp: {
      unit: 'Cel',
      type: 'number',
      kind: 'continuous',
      range: { min: 0, max: 50 },
      limits: { min: -100, max: 200 },
    },
    count: { unit: '1', type: 'integer', kind: 'step' },
    door: { unit: '1', type: 'boolean', kind: 'step' },
    state: { unit: '1', type: 'string', kind: 'step' },
  },
  commands: commandDeclarations.parse({
    zero: {},
    guarded: { interlocks: [{ channel: 'temp', min: -1000, maxAge: 86_400 }] },
  }),
};

export interface Program {
  readonly name: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tokenEndpoint: string;
}

/** A client of the token issuer; that of people has no secret. */
interface Client extends Omit<Program, 'clientSecret'> {
  readonly clientSecret?: string;
  readonly callbackUrls: readonly string[];
}

export interface LabOptions extends Partial<GatewayOptions> {
  /** Person of `users.json` who makes the calls; the program `fleet` when absent. */
  readonly person?: string;
  /** People besides the one of each role, with their groups; then the data folder is the lab's own. */
  readonly people?: Readonly<Record<string, readonly string[]>>;
}

/** A registered device with everything it needs to connect. */
export interface Instrument extends Registered {
  readonly identity: Identity;
}

export interface Lab<G = Gateway> extends AsyncDisposable {
  readonly gateway: G;
  /** Token of a program of the settings; without one, of whoever makes the calls. */
  token(program?: string): Promise<string>;
  /** Token of a person of `users.json`, who signs in for it. */
  personToken(username: string): Promise<string>;
  call(path: string, init?: RequestInit & { readonly token?: string }): Promise<Response>;
  json<T = Record<string, unknown>>(
    path: string,
    init?: RequestInit & { readonly token?: string },
  ): Promise<T>;
  createType(type?: InstrumentTypeInput): Promise<void>;
  register(id: string, site?: string, type?: string): Promise<Instrument>;
  connect(instrument: Instrument, options?: IClientOptions): Promise<MqttClient>;
}

const form = (fields: Record<string, string>): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams(fields).toString(),
});

/** Resolves when a connection has ended. */
export const closed = (client: MqttClient): Promise<void> =>
  new Promise((resolve) => {
    client.once('close', () => resolve());
  });

type Running = Pick<Gateway, 'credentialsDir'>;

/** Reads one of the files that the gateway leaves for those who use it. */
const readCredentials = <T>({ credentialsDir }: Running, file: string): T[] =>
  JSON.parse(readFileSync(join(credentialsDir, file), 'utf8')) as T[];

const programToken = async (gateway: Running, name: string): Promise<string> => {
  const program = readCredentials<Client>(gateway, 'clients.json').find((client) => client.name === name);
  if (program?.clientSecret === undefined) throw new Error(`no program ${name}`);
  const basic = Buffer.from(`${program.clientId}:${program.clientSecret}`).toString('base64');
  const request = form({ grant_type: 'client_credentials' });
  const response = await fetch(program.tokenEndpoint, {
    ...request,
    headers: { ...request.headers, authorization: `Basic ${basic}` },
  });
  if (!response.ok) throw new Error(`token: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { access_token: string }).access_token;
};

const personToken = async (gateway: Running, username: string): Promise<string> => {
  const client = readCredentials<Client>(gateway, 'clients.json').find(
    ({ clientSecret }) => clientSecret === undefined,
  );
  const user = readCredentials<{ username: string; password: string }>(gateway, 'users.json').find(
    (each) => each.username === username,
  );
  if (client === undefined || user === undefined) throw new Error(`${username} cannot sign in`);
  const { access_token: token } = await signIn({
    issuer: client.tokenEndpoint.replace(/\/oauth2\/token$/, ''),
    clientId: client.clientId,
    callbackUrl: client.callbackUrls[0] ?? '',
    scope: 'openid labgate/api',
    ...user,
  });
  return token;
};

/** Below the five minutes for which a token of a person is good. */
const TOKEN_MILLIS = 240_000;

/** Publishes a second that a client of a test makes at most, and at once: AWS IoT discards more than 100. */
const PUBLISHES = { rate: 95, burst: 90 } as const;

/** Holds what is published beyond what the broker takes of one connection, in order. */
const pace = (client: MqttClient): MqttClient => {
  const publish = client.publish.bind(client) as (...call: unknown[]) => MqttClient;
  const waiting: unknown[][] = [];
  let allowance: number = PUBLISHES.burst;
  let at = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const go = (): void => {
    const now = performance.now();
    allowance = Math.min(PUBLISHES.burst, allowance + ((now - at) / 1000) * PUBLISHES.rate);
    at = now;
    for (; allowance >= 1 && waiting.length > 0; allowance -= 1) publish(...(waiting.shift() ?? []));
    timer = waiting.length === 0 ? undefined : setTimeout(go, 1000 / PUBLISHES.rate);
  };
  client.publish = (...call: unknown[]) => {
    waiting.push(call);
    if (timer === undefined) go();
    return client;
  };
  return client;
};

/** A data folder whose token issuer knows these people. */
const folderWith = (people: Readonly<Record<string, readonly string[]>>): string => {
  const folder = mkdtempSync(join(tmpdir(), 'labgate-people-'));
  mkdirSync(join(folder, 'credentials'), { mode: 0o700 });
  const users = Object.entries(people).map(([username, groups]) => {
    return { username, groups, password: `Password-1-of-${username}` };
  });
  writeFileSync(join(folder, 'credentials', 'users.json'), JSON.stringify(users), { mode: 0o600 });
  return folder;
};

/** Starts a lab. Everything in it ends with `await using`, and fails there when a secret stands in its logs. */
export const openLab = async (
  assembly: string,
  { person, people, ...options }: LabOptions = {},
): Promise<Lab> => {
  const dataDir = people === undefined ? undefined : folderWith(people);
  const watched = watchedLog(options.log);
  const lab = labOf(
    await startGateway({
      assemblyDir: assembly,
      ports: { api: 0, mqtt: 0, aws: 0, issuer: 0, page: 0, live: 0 },
      ...(dataDir === undefined ? {} : { dataDir }),
      ...options,
      log: watched.log,
    }),
    person,
  );
  return {
    ...lab,
    async [Symbol.asyncDispose]() {
      await lab[Symbol.asyncDispose]();
      if (dataDir !== undefined) rmSync(dataDir, { recursive: true, force: true });
      watched.check();
    },
  };
};

/**
 * A lab around a gateway that runs.
 * @param person who makes the calls; the program `fleet` when absent
 */
export const labOf = <G extends Pick<Gateway, 'addresses' | 'credentialsDir' | 'close'>>(
  gateway: G,
  person?: string,
): Lab<G> => {
  const clients = new Set<MqttClient>();
  const tokens = new Map<string, { readonly token: Promise<string>; readonly until: number }>();
  const fetchToken = (program: string | undefined): Promise<string> =>
    program === undefined && person !== undefined
      ? personToken(gateway, person)
      : programToken(gateway, program ?? 'fleet');
  const token = (program?: string): Promise<string> => {
    const known = tokens.get(program ?? '');
    if (known !== undefined && known.until > Date.now()) return known.token;
    const fresh = fetchToken(program);
    tokens.set(program ?? '', { token: fresh, until: Date.now() + TOKEN_MILLIS });
    return fresh;
  };
  const call: Lab<G>['call'] = async (path, init = {}) =>
    fetch(`${gateway.addresses.api}${path}`, {
      ...init,
      headers: {
        authorization: `Bearer ${init.token ?? (await token())}`,
        ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(init.headers as Record<string, string>),
      },
    });
  const json: Lab<G>['json'] = async <T>(path: string, init?: RequestInit & { token?: string }) => {
    const response = await call(path, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${init?.method ?? 'GET'} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  };
  return {
    gateway,
    token,
    personToken: (username) => personToken(gateway, username),
    call,
    json,
    async createType(type = METER) {
      await json('/v1/types', { method: 'POST', body: JSON.stringify(type) });
    },
    async register(id, site = 'lab-1', type = 'meter') {
      const identity = await createIdentity(id);
      const body = JSON.stringify({ id, site, type, csr: identity.csr });
      return { ...(await json<Registered>('/v1/devices', { method: 'POST', body })), identity };
    },
    async connect(instrument, more = {}) {
      const client = pace(
        mqtt.connect({
          protocol: 'mqtts',
          host: instrument.endpoint.host,
          port: instrument.endpoint.port,
          ca: instrument.ca,
          cert: instrument.certificate,
          key: instrument.identity.key,
          clientId: instrument.clientId,
          reconnectPeriod: 0,
          ...more,
        }),
      );
      clients.add(client);
      client.on('error', () => client.end(true));
      await new Promise<void>((resolve, reject) => {
        client.once('connect', () => resolve());
        client.once('close', () => reject(new Error('the broker closed the connection')));
      });
      return client;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...clients].map((client) => client.endAsync(true)));
      await gateway.close();
    },
  };
};
