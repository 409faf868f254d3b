/** `records-api`: completeness of what devices sent. */
import { dynamoClient } from '../runtime/clients.ts';
import { readEnv } from '../runtime/env.ts';
import { createApi, jsonResponse } from '../runtime/http/api.ts';
import { bufferedHandler } from '../runtime/http/lambda.ts';
import { visible } from '../runtime/http/scope.ts';
import { createLogger } from '../runtime/logger.ts';
import { readDetail } from '../store/registry/devices.ts';
import { readType } from '../store/registry/types.ts';
import { completenessOf, resolveHours } from './completeness.ts';

const env = readEnv(['REGISTRY_TABLE', 'MEASUREMENTS_TABLE']);
const dynamo = dynamoClient();
const registry = { client: dynamo, table: env.REGISTRY_TABLE };
const measurements = { client: dynamo, table: env.MEASUREMENTS_TABLE };

const api = createApi('records-api', {
  readCompleteness: async ({ params, query, principal, now }) => {
    const device = visible(await readDetail(registry, params.id), principal, { see: 'series:read' });
    const type = await readType(registry, device.type);
    const micros = now.getTime() * 1000;
    const range = resolveHours(query, micros);
    return jsonResponse(await completenessOf(measurements, { device, type }, range, micros));
  },
});

export const handler = bufferedHandler(api, createLogger());
