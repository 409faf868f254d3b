/** The laboratory of the load test, over its API: registers devices, and counts their stored points at the end. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Registered } from '../../../contracts/resources/devices.ts';
import { createIdentity } from '../../../device/identity.ts';
import type { Program } from '../../support/lab.ts';
import { SENSOR } from './message.ts';
import type { Fleet } from './plan.ts';

/** Enough to keep all processors busy; more would only wait, and start more workers. */
const AT_ONCE = Math.max(4, 2 * availableParallelism());
/** Devices of one request, at most. */
const DEVICES_A_REQUEST = 100;
/** How long before its end a token is renewed. */
const TOKEN_SPARE_MS = 60_000;

export interface Lab {
  /**
   * @param progress gets the number of devices registered so far
   * @param siteOf site of a device by its number; `lab-1` when absent
   */
  enroll(count: number, progress: (done: number) => void, siteOf?: (at: number) => string): Promise<Fleet>;
  /** Points of all devices that the API finds. */
  storedPoints(fleet: Fleet): Promise<number>;
}

/** Does the work for each item, a few at a time. */
const each = async <T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [at, item] of queue) results[at] = await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
};

/**
 * Tokens of a program, renewed before they end.
 * @param credentialsDir credentials folder of the gateway
 */
export const tokensFor = (credentialsDir: string, name: string): (() => Promise<string>) => {
  const programs = JSON.parse(readFileSync(join(credentialsDir, 'clients.json'), 'utf8')) as Program[];
  const program = programs.find((each) => each.name === name);
  if (program === undefined) throw new Error(`no program ${name}`);
  const { clientId, clientSecret, tokenEndpoint } = program;
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
  const ask = async () => {
    const response = await fetch(tokenEndpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: `Basic ${basic}` },
      body: 'grant_type=client_credentials',
    });
    if (!response.ok) throw new Error(`token: ${response.status} ${await response.text()}`);
    const reply = (await response.json()) as { readonly access_token: string; readonly expires_in: number };
    return { token: reply.access_token, until: Date.now() + reply.expires_in * 1000 - TOKEN_SPARE_MS };
  };
  let known: ReturnType<typeof ask> | undefined;
  return async () => {
    if (known === undefined || (await known).until < Date.now()) known = ask();
    return (await known).token;
  };
};

/**
 * @param api address of the gateway's API
 * @param credentialsDir credentials folder of the gateway
 */
export const labAt = async (api: string, credentialsDir: string): Promise<Lab> => {
  const token = tokensFor(credentialsDir, 'fleet');

  /** Calls the API; after 429 it tries again. */
  const ask = async <T>(path: string, body?: object): Promise<T> => {
    for (;;) {
      const response = await fetch(`${api}${path}`, {
        headers: { authorization: `Bearer ${await token()}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (response.ok) return JSON.parse(text) as T;
      if (response.status !== 429) throw new Error(`${path}: ${response.status} ${text}`);
      await delay(100 + Math.random() * 100);
    }
  };

  const register = async (id: string, site: string) => {
    const { csr, key } = await createIdentity(id);
    const registered = await ask<Registered>('/v1/devices', { id, site, type: SENSOR.id, csr });
    const { clientId, topics, certificate, endpoint, ca } = registered;
    return {
      credentials: { clientId, data: topics.data, ack: topics.ack, certificate, key },
      broker: { ...endpoint, ca },
    };
  };

  await ask('/v1/types', SENSOR);
  return {
    async enroll(count, progress, siteOf = () => 'lab-1') {
      let done = 0;
      const registered = await each(
        Array.from({ length: count }, (_, at) => at),
        async (at) => {
          const device = await register(`sensor-${at}`, siteOf(at));
          progress(++done);
          return device;
        },
      );
      const [first] = registered;
      if (first === undefined) throw new RangeError('a fleet has at least one device');
      return { ...first.broker, devices: registered.map(({ credentials }) => credentials) };
    },

    async storedPoints({ devices }) {
      const from = new Date(Date.now() - 2 * 86_400_000).toISOString();
      const groups: string[] = [];
      for (let at = 0; at < devices.length; at += DEVICES_A_REQUEST)
        groups.push(
          devices
            .slice(at, at + DEVICES_A_REQUEST)
            .map(({ clientId }) => clientId)
            .join(','),
        );
      const counts = await each(groups, async (group) => {
        const query = `/v1/series?devices=${group}&from=${from}&every=P1D&agg=count`;
        let sum = 0;
        let cursor: string | null = null;
        do {
          const page: {
            readonly items: readonly { readonly count: number }[];
            readonly next: string | null;
          } = await ask(cursor === null ? query : `${query}&cursor=${encodeURIComponent(cursor)}`);
          for (const { count } of page.items) sum += count;
          cursor = page.next;
        } while (cursor !== null);
        return sum;
      });
      return counts.reduce((sum, count) => sum + count, 0);
    },
  };
};
