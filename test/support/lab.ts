/** A laboratory for tests: the gateway on free ports, tokens, types, devices, and real clients of all of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import type { Registered } from '../../contracts/resources/devices.ts';
import type { InstrumentTypeInput } from '../../contracts/resources/instrument-types.ts';
import { createIdentity, type Identity } from '../../device/identity.ts';
import { type Gateway, type GatewayOptions, startGateway } from '../../local/gateway.ts';

/** An instrument type with one channel of each value type. */
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
};

export interface Program {
  readonly name: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tokenEndpoint: string;
}

/** A registered device with everything it needs to connect. */
export interface Instrument extends Registered {
  readonly identity: Identity;
}

export interface Lab extends AsyncDisposable {
  readonly gateway: Gateway;
  /** Token of a program of the settings. */
  token(program?: string): Promise<string>;
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

/** Starts a lab. Everything in it ends with `await using`. */
export const openLab = async (assembly: string, options: Partial<GatewayOptions> = {}): Promise<Lab> => {
  const gateway = await startGateway({
    assemblyDir: assembly,
    ports: { api: 0, mqtt: 0, aws: 0, issuer: 0 },
    ...options,
  });
  const clients = new Set<MqttClient>();
  const tokens = new Map<string, Promise<string>>();
  const programs = (): Program[] =>
    JSON.parse(readFileSync(join(gateway.credentialsDir, 'clients.json'), 'utf8')) as Program[];

  const fetchToken = async (name: string): Promise<string> => {
    const program = programs().find((candidate) => candidate.name === name);
    if (program === undefined) throw new Error(`no program ${name}`);
    const basic = Buffer.from(`${program.clientId}:${program.clientSecret}`).toString('base64');
    const request = form({ grant_type: 'client_credentials' });
    const response = await fetch(program.tokenEndpoint, {
      ...request,
      headers: { ...request.headers, authorization: `Basic ${basic}` },
    });
    if (!response.ok) throw new Error(`token: ${response.status} ${await response.text()}`);
    return ((await response.json()) as { access_token: string }).access_token;
  };
  const token = (program = 'fleet'): Promise<string> => {
    const known = tokens.get(program) ?? fetchToken(program);
    tokens.set(program, known);
    return known;
  };
  const call: Lab['call'] = async (path, init = {}) =>
    fetch(`${gateway.addresses.api}${path}`, {
      ...init,
      headers: {
        authorization: `Bearer ${init.token ?? (await token())}`,
        ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(init.headers as Record<string, string>),
      },
    });
  const json: Lab['json'] = async <T>(path: string, init?: RequestInit & { token?: string }) => {
    const response = await call(path, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${init?.method ?? 'GET'} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  };
  return {
    gateway,
    token,
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
      const client = mqtt.connect({
        protocol: 'mqtts',
        host: instrument.endpoint.host,
        port: instrument.endpoint.port,
        ca: instrument.ca,
        cert: instrument.certificate,
        key: instrument.identity.key,
        clientId: instrument.clientId,
        reconnectPeriod: 0,
        ...more,
      });
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
