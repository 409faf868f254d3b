/** `commands-api`: commands and leases. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Lease } from '../../../contracts/resources/commands.ts';
import { allowed, type Permission, type Principal } from '../../../contracts/roles.ts';
import { historyOf, isOver, type KeptCommand } from '../../domain/commands/kept-command.ts';
import { dynamoClient } from '../../runtime/clients.ts';
import { commandQueue } from '../../runtime/command-queue.ts';
import { readEnv } from '../../runtime/env.ts';
import { createApi, jsonResponse } from '../../runtime/http/api.ts';
import { etagOf } from '../../runtime/http/etag.ts';
import { bufferedHandler } from '../../runtime/http/lambda.ts';
import { pageResponse } from '../../runtime/http/page.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { visible } from '../../runtime/http/scope.ts';
import { commandTold, liveTeller } from '../../runtime/live.ts';
import { createLogger } from '../../runtime/logger.ts';
import { auditInto } from '../../store/registry/audit.ts';
import { listDeviceCommands, listSiteCommands, readCommand } from '../../store/registry/commands.ts';
import { readDevice } from '../../store/registry/devices.ts';
import { endLease, readLease, takeLease } from '../../store/registry/leases.ts';
import { decide, findCommand } from './decide.ts';
import { actorOf, type Dependencies } from './dependencies.ts';
import { commandPage } from './lists.ts';
import { giveCommand } from './order.ts';
import { TypeCache } from './type-cache.ts';

const env = readEnv(['REGISTRY_TABLE', 'MEASUREMENTS_TABLE', 'COMMANDS_QUEUE_URL', 'ALLOWED_ORIGINS']);
const client = dynamoClient();
const registry = { client, table: env.REGISTRY_TABLE };
const logger = createLogger();
const tell = liveTeller(logger);
const deps: Dependencies = {
  registry,
  types: new TypeCache(registry),
  measurements: { client, table: env.MEASUREMENTS_TABLE },
  send: commandQueue(env.COMMANDS_QUEUE_URL),
  tell: (command) => tell([commandTold(command)]),
};

const commandResponse = (
  { command }: KeptCommand,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response => jsonResponse(command, status, { etag: etagOf(command.version), ...headers });

const FIRST_PAUSE_MILLIS = 50;
const LONGEST_PAUSE_MILLIS = 500;

/** Waits for the end of a command, for so many seconds at most. 1 read each half second. */
const ended = async (kept: KeptCommand, seconds: number): Promise<KeptCommand> => {
  const end = Date.now() + seconds * 1000;
  let now = kept;
  for (let pause = FIRST_PAUSE_MILLIS; !isOver(now) && Date.now() < end; pause *= 1.5) {
    await delay(Math.min(pause, LONGEST_PAUSE_MILLIS, Math.max(0, end - Date.now())));
    now = (await readCommand(registry, kept.command.id)) ?? now;
  }
  return now;
};

/** The device, for who may do this with it. @throws {ProblemError} `not-found`, `forbidden` */
const deviceFor = async (id: string, principal: Principal, act?: Permission) =>
  visible((await readDevice(registry, id))?.device, principal, {
    see: 'devices:read',
    ...(act === undefined ? {} : { act }),
  });

const refusedBy = (lease: Lease | undefined): ProblemError =>
  new ProblemError('leased', {
    ...(lease === undefined ? {} : { detail: `${lease.holder.name} holds it until ${lease.until}` }),
  });

const api = createApi('commands-api', auditInto(registry, logger), {
  createCommand: async ({ params, headers, body, principal, now, traceparent, note }) => {
    const order = { device: params.id, request: body, principal, now, note };
    const { 'idempotency-key': key, prefer } = headers;
    const given = await giveCommand(deps, { ...order, key, traceparent });
    const location = `/v1/commands/${given.command.id}`;
    if (prefer === undefined) return commandResponse(given, 202, { location });
    const kept = await ended(given, Number(prefer.slice('wait='.length)));
    return commandResponse(kept, isOver(kept) ? 200 : 202, { location, 'preference-applied': prefer });
  },

  listDeviceCommands: async ({ params, query, principal, url }) => {
    await deviceFor(params.id, principal, 'commands:read');
    const identity = { commands: params.id, state: query.state ?? null };
    const page = await commandPage(identity, query, (range) =>
      listDeviceCommands(registry, params.id, range),
    );
    return pageResponse(url, identity, page);
  },

  listCommands: async ({ query, principal, url }) => {
    const identity = { commandsOf: query.site, state: query.state ?? null };
    const page = allowed(principal, 'commands:read', query.site)
      ? await commandPage(identity, query, (range) => listSiteCommands(registry, query.site, range))
      : { items: [], position: undefined };
    return pageResponse(url, identity, page);
  },

  readCommand: async ({ params, principal }) =>
    commandResponse(await findCommand(deps, principal, params.id)),

  readCommandHistory: async ({ params, principal }) =>
    jsonResponse(historyOf(await findCommand(deps, principal, params.id))),

  approveCommand: async ({ params, body: { reason }, principal, now, note }) =>
    commandResponse(await decide(deps, { id: params.id, step: 'approve', reason, principal, now, note })),

  refuseCommand: async ({ params, body: { reason }, principal, now, note }) =>
    commandResponse(await decide(deps, { id: params.id, step: 'refuse', reason, principal, now, note })),

  cancelCommand: async ({ params, body: { reason }, principal, now, note }) =>
    commandResponse(await decide(deps, { id: params.id, step: 'cancel', reason, principal, now, note })),

  takeLease: async ({ params, body, principal, now, note }) => {
    const device = await deviceFor(params.id, principal, 'commands:create');
    note({ site: device.site });
    if (device.state !== 'active') throw new ProblemError('device-retired');
    const { seconds, reason } = body;
    const wanted: Lease = {
      device: device.id,
      holder: actorOf(principal),
      takenAt: now.toISOString(),
      until: new Date(now.getTime() + seconds * 1000).toISOString(),
      ...(reason === undefined ? {} : { reason }),
    };
    if (await takeLease(registry, wanted, now)) {
      note({ after: `until ${wanted.until}` });
      return jsonResponse(wanted);
    }
    throw refusedBy(await readLease(registry, device.id, now));
  },

  readLease: async ({ params, principal, now }) => {
    const device = await deviceFor(params.id, principal, 'commands:read');
    return jsonResponse({ lease: (await readLease(registry, device.id, now)) ?? null });
  },

  releaseLease: async ({ params, principal, now, note }) => {
    const device = await deviceFor(params.id, principal, 'commands:create');
    note({ site: device.site });
    const held = await readLease(registry, device.id, now);
    if (held === undefined) return jsonResponse({ lease: null });
    note({ before: `${held.holder.subject} until ${held.until}` });
    const isOwn = held.holder.subject === principal.subject;
    if (!isOwn && !allowed(principal, 'commands:approve', device.site)) throw refusedBy(held);
    if (!(await endLease(registry, device.id, held.holder.subject)))
      throw refusedBy(await readLease(registry, device.id, now));
    return jsonResponse({ lease: null });
  },
});

export const handler = bufferedHandler(api, logger, env.ALLOWED_ORIGINS);
