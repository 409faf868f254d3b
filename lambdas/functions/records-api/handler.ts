/** `records-api`: completeness of what devices sent, the quarantine, and exports. */
import { readFile } from 'node:fs/promises';
import { OPENAPI_FILE } from '../../../contracts/openapi-file.ts';
import { credentialsOfRole } from '../../runtime/assume-role.ts';
import { putRecord, sendMessage } from '../../runtime/calls.ts';
import { dynamoClient } from '../../runtime/clients.ts';
import { readEnv } from '../../runtime/env.ts';
import { createApi, jsonResponse } from '../../runtime/http/api.ts';
import { bufferedHandler } from '../../runtime/http/lambda.ts';
import { pageResponse } from '../../runtime/http/page.ts';
import { visible } from '../../runtime/http/scope.ts';
import { createLogger } from '../../runtime/logger.ts';
import { once } from '../../runtime/once.ts';
import { getFrom, linksInto, listOf } from '../../store/objects/objects.ts';
import { auditInto } from '../../store/registry/audit.ts';
import { readDetail } from '../../store/registry/devices.ts';
import { readType } from '../../store/registry/types.ts';
import { auditIdentity, auditPage } from './audit.ts';
import { completenessOf, resolveHours } from './completeness.ts';
import {
  cancelExport,
  type Dependencies,
  filesIdentity,
  filesPage,
  findExport,
  jobOf,
  orderExport,
} from './exports.ts';
import { countOpen } from './open-entries.ts';
import { listSessions, readPresence } from './presence.ts';
import {
  type Quarantine,
  quarantinedMessageOf,
  quarantineIdentity,
  quarantinePage,
  replayEntry,
} from './quarantine.ts';

const env = readEnv([
  'REGISTRY_TABLE',
  'MEASUREMENTS_TABLE',
  'ARCHIVE_BUCKET',
  'STREAM_NAME',
  'EXPORTS_QUEUE_URL',
  'EXPORT_LINKS_ROLE',
  'ALLOWED_ORIGINS',
]);
const dynamo = dynamoClient();
const registry = { client: dynamo, table: env.REGISTRY_TABLE };
const measurements = {
  client: dynamo,
  table: env.MEASUREMENTS_TABLE,
  archive: getFrom(env.ARCHIVE_BUCKET),
};
const quarantine: Quarantine = {
  registry,
  get: getFrom(env.ARCHIVE_BUCKET),
  list: listOf(env.ARCHIVE_BUCKET),
  put: (partitionKey, data) => putRecord(env.STREAM_NAME, partitionKey, data),
};
const dependencies: Dependencies = {
  registry,
  link: linksInto(env.ARCHIVE_BUCKET, credentialsOfRole(env.EXPORT_LINKS_ROLE, 'export-links')),
  notify: (id) => sendMessage(env.EXPORTS_QUEUE_URL, JSON.stringify({ export: id })),
};

/** Read when it is first asked for: in the bundle it would be parsed at each cold start. */
const contract = once(async (): Promise<unknown> => JSON.parse(await readFile(OPENAPI_FILE, 'utf8')));

const logger = createLogger();

const api = createApi('records-api', auditInto(registry, logger), {
  openapi: async () => jsonResponse(await contract(), 200, { 'cache-control': 'private, max-age=300' }),

  readCompleteness: async ({ params, query, principal, now }) => {
    const device = visible(await readDetail(registry, params.id, now), principal, { see: 'series:read' });
    const type = await readType(registry, device.type);
    const micros = now.getTime() * 1000;
    const range = resolveHours(query, micros);
    const openEntries = countOpen.bind(undefined, quarantine);
    return jsonResponse(
      await completenessOf({ measurements, registry, openEntries }, { device, type }, range, micros),
    );
  },

  readPresence: async ({ params, principal, now }) => {
    const detail = visible(await readDetail(registry, params.id, now), principal, { see: 'devices:read' });
    return jsonResponse(await readPresence({ registry, measurements }, detail, now));
  },

  listSessions: async ({ params, query, principal, now }) => {
    visible(await readDetail(registry, params.id, now), principal, { see: 'devices:read' });
    return jsonResponse(await listSessions(registry, params.id, query, now));
  },

  listQuarantine: async ({ query, principal, url }) =>
    pageResponse(url, quarantineIdentity(query), await quarantinePage(quarantine, principal, query)),

  readQuarantined: async ({ params, principal }) =>
    jsonResponse(await quarantinedMessageOf(quarantine, principal, params)),

  replayQuarantined: async ({ params, principal, now, note }) => {
    const replayed = await replayEntry(quarantine, principal, params, now);
    note({ site: params.site });
    return jsonResponse(replayed, 202);
  },

  createExport: async ({ body, headers, principal, now, note }) => {
    const job = await orderExport(dependencies, principal, body, { key: headers['idempotency-key'], now });
    note({ site: job.sites });
    return jsonResponse(await jobOf(dependencies, job, now), 202, { location: `/v1/exports/${job.id}` });
  },

  readExport: async ({ params, principal, now }) =>
    jsonResponse(await jobOf(dependencies, await findExport(dependencies, principal, params.id), now)),

  listExportFiles: async ({ params, query, principal, url, now }) => {
    const job = await findExport(dependencies, principal, params.id);
    return pageResponse(url, filesIdentity(job.id), await filesPage(dependencies, job, query, now));
  },

  cancelExport: async ({ params, principal, now, note }) => {
    const job = await cancelExport(dependencies, principal, params.id);
    note({ site: job.sites, after: job.state });
    return jsonResponse(await jobOf(dependencies, job, now));
  },

  listAudit: async ({ query, principal, url }) =>
    pageResponse(url, auditIdentity(query), await auditPage(registry, principal, query)),
});

export const handler = bufferedHandler(api, logger, env.ALLOWED_ORIGINS);
