/** `records-api`: completeness of what devices sent, and the quarantine. */
import { putRecord } from '../runtime/calls.ts';
import { dynamoClient } from '../runtime/clients.ts';
import { readEnv } from '../runtime/env.ts';
import { createApi, jsonResponse } from '../runtime/http/api.ts';
import { bufferedHandler } from '../runtime/http/lambda.ts';
import { pageResponse } from '../runtime/http/page.ts';
import { visible } from '../runtime/http/scope.ts';
import { createLogger } from '../runtime/logger.ts';
import { getFrom, listOf } from '../runtime/objects.ts';
import { readDetail } from '../store/registry/devices.ts';
import { readType } from '../store/registry/types.ts';
import { completenessOf, resolveHours } from './completeness.ts';
import {
  type Quarantine,
  quarantinedMessageOf,
  quarantineIdentity,
  quarantinePage,
  replayEntry,
} from './quarantine.ts';

const env = readEnv(['REGISTRY_TABLE', 'MEASUREMENTS_TABLE', 'ARCHIVE_BUCKET', 'STREAM_NAME']);
const dynamo = dynamoClient();
const registry = { client: dynamo, table: env.REGISTRY_TABLE };
const measurements = { client: dynamo, table: env.MEASUREMENTS_TABLE };
const quarantine: Quarantine = {
  registry,
  get: getFrom(env.ARCHIVE_BUCKET),
  list: listOf(env.ARCHIVE_BUCKET),
  put: (partitionKey, data) => putRecord(env.STREAM_NAME, partitionKey, data),
};

const api = createApi('records-api', {
  readCompleteness: async ({ params, query, principal, now }) => {
    const device = visible(await readDetail(registry, params.id), principal, { see: 'series:read' });
    const type = await readType(registry, device.type);
    const micros = now.getTime() * 1000;
    const range = resolveHours(query, micros);
    return jsonResponse(await completenessOf(measurements, { device, type }, range, micros));
  },

  listQuarantine: async ({ query, principal, url }) =>
    pageResponse(url, quarantineIdentity(query), await quarantinePage(quarantine, principal, query)),

  readQuarantined: async ({ params, principal }) =>
    jsonResponse(await quarantinedMessageOf(quarantine, principal, params)),

  replayQuarantined: async ({ params, principal, now }) =>
    jsonResponse(await replayEntry(quarantine, principal, params, now), 202),
});

export const handler = bufferedHandler(api, createLogger());
