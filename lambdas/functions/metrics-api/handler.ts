/**
 * `metrics-api`: newest values for Prometheus. What a scrape of n devices reads, and never more:
 *
 * | what | call | how many |
 * |---|---|---|
 * | devices of the caller's sites | Query of the index | a page of 1 000 each, 5 000 devices at most |
 * | newest points | BatchGetItem, eventually consistent | 2 items a device, 100 items a call |
 * | connections | BatchGetItem, eventually consistent | 1 item a device |
 * | instrument types | BatchGetItem | 1 item a type |
 * | sizes of the tables | DescribeTable | 2 |
 */
import { LIMITS } from '../../../contracts/limits.ts';
import { dynamoClient } from '../../runtime/clients.ts';
import { readEnv } from '../../runtime/env.ts';
import { createApi } from '../../runtime/http/api.ts';
import { bufferedHandler } from '../../runtime/http/lambda.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { createLogger } from '../../runtime/logger.ts';
import { readTableSize } from '../../store/dynamodb/table-size.ts';
import { readManyLatest } from '../../store/measurements/index.ts';
import { auditInto } from '../../store/registry/audit.ts';
import { readRegistry } from '../../store/registry/lookup.ts';
import { readManyConnections } from '../../store/registry/presence.ts';
import { devicesOf } from './devices.ts';
import { exposition } from './exposition.ts';

const env = readEnv(['REGISTRY_TABLE', 'MEASUREMENTS_TABLE', 'ALLOWED_ORIGINS']);
const client = dynamoClient();
const registry = { client, table: env.REGISTRY_TABLE };
const measurements = { client, table: env.MEASUREMENTS_TABLE };
const logger = createLogger();

/** Lambda takes an answer of 6 MB, in which each quotation mark and each line end of the text is two bytes. */
const ANSWER_BYTES = 6_000_000;

const api = createApi('metrics-api', auditInto(registry, logger), {
  readMetrics: async ({ query, principal, now }) => {
    const devices = await devicesOf(registry, query, principal);
    const ids = devices.map(({ id }) => id);
    const [latest, connections, ofRegistry, ofMeasurements] = await Promise.all([
      readManyLatest(measurements, ids),
      readManyConnections(registry, ids),
      readTableSize(client, env.REGISTRY_TABLE),
      readTableSize(client, env.MEASUREMENTS_TABLE),
    ]);
    // After the points, so that a channel that is new has its unit.
    const { types } = await readRegistry(registry, { devices: [], types: devices.map(({ type }) => type) });
    const tables = { registry: ofRegistry, measurements: ofMeasurements };
    const { text, type } = await exposition({ devices, types, latest, connections, tables, now });
    if (Buffer.byteLength(JSON.stringify(text)) > ANSWER_BYTES)
      throw new ProblemError('answer-too-large', {
        detail: `the channels of ${devices.length} devices do not go into one answer, though ${LIMITS.scrapeDevices} devices may: name a site, a type, or both, in one scrape each`,
      });
    return new Response(text, { headers: { 'content-type': type } });
  },
});

export const handler = bufferedHandler(api, logger, env.ALLOWED_ORIGINS);
