/** `query-api`: series, snapshots, latest values, health, and what problems mean. */

import { PROBLEMS, type ProblemCode } from '../../../contracts/problems.ts';
import { asError } from '../../runtime/as-error.ts';
import { dynamoClient } from '../../runtime/clients.ts';
import { readEnv } from '../../runtime/env.ts';
import { createApi, jsonResponse } from '../../runtime/http/api.ts';
import { streamedHandler } from '../../runtime/http/lambda.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { createLogger } from '../../runtime/logger.ts';
import { getFrom } from '../../store/objects/objects.ts';
import {
  askAll,
  type Probe,
  probeBucket,
  probeStream,
  probeTable,
  type Verdict,
} from '../../store/probes.ts';
import { auditInto } from '../../store/registry/audit.ts';
import { instrumentsFor } from './instruments.ts';
import { latestOf } from './latest.ts';
import { previewOf } from './preview.ts';
import { seriesResponse } from './series.ts';
import { snapshotResponse } from './snapshot.ts';

const env = readEnv([
  'REGISTRY_TABLE',
  'MEASUREMENTS_TABLE',
  'ARCHIVE_BUCKET',
  'STREAM_NAME',
  'ALLOWED_ORIGINS',
]);
const dynamo = dynamoClient();
const registry = { client: dynamo, table: env.REGISTRY_TABLE };
const measurements = {
  client: dynamo,
  table: env.MEASUREMENTS_TABLE,
  archive: getFrom(env.ARCHIVE_BUCKET),
};
const logger = createLogger();

/** A health check waits no longer than this for any dependency. */
const PROBE_MILLIS = 2000;
const once = { maxAttempts: 1, requestMillis: PROBE_MILLIS };
/** Asked by clients of their own: a check neither tries again nor waits for a free connection. */
const asking = dynamoClient(once);
/** What requests need. */
const needed = {
  registry: probeTable(asking, env.REGISTRY_TABLE),
  measurements: probeTable(asking, env.MEASUREMENTS_TABLE),
};
/** All that the platform is made of. */
const everything = {
  ...needed,
  archive: probeBucket(env.ARCHIVE_BUCKET),
  stream: probeStream(env.STREAM_NAME),
};

const ask = (probes: Readonly<Record<string, Probe>>): Promise<Verdict[]> =>
  askAll(probes, PROBE_MILLIS, (name, fault) =>
    logger.error('dependency failing', {
      dependency: name,
      error: asError(fault),
    }),
  );
const statusOf = (verdicts: readonly Verdict[]): 'ok' | 'degraded' =>
  verdicts.every(({ status }) => status === 'ok') ? 'ok' : 'degraded';

const isProblem = (code: string): code is ProblemCode => Object.hasOwn(PROBLEMS, code);

const api = createApi('query-api', auditInto(registry, logger), {
  readSeries: async ({ params, headers, principal, ...request }) =>
    await seriesResponse(
      measurements,
      { ids: [params.id], read: () => instrumentsFor(registry, [params.id], principal) },
      { ...request, ifNoneMatch: headers['if-none-match'], several: false },
    ),

  readManySeries: async ({ headers, principal, ...request }) => {
    const ids = [...new Set(request.query.devices)];
    return await seriesResponse(
      measurements,
      { ids, read: () => instrumentsFor(registry, ids, principal) },
      { ...request, ifNoneMatch: headers['if-none-match'], several: true },
    );
  },

  readSnapshot: async ({ query, principal, now, url }) =>
    await snapshotResponse({ registry, measurements }, { query, principal, now: now.getTime() * 1000, url }),

  readLatest: async ({ params, principal }) =>
    jsonResponse(await latestOf(measurements, registry, params.id, principal)),

  previewAlertRule: async ({ body, principal, note }) =>
    jsonResponse(await previewOf(measurements, registry, body, principal, note)),

  health: async () => jsonResponse({ status: statusOf(await ask(everything)) }),

  ready: async () => {
    if (statusOf(await ask(needed)) !== 'ok')
      throw new ProblemError('unavailable', { headers: { 'retry-after': '5' } });
    return jsonResponse({ status: 'ok' });
  },

  services: async () => {
    const services = await ask(everything);
    return jsonResponse({ status: statusOf(services), services });
  },

  explainProblem: ({ params }) => {
    if (!isProblem(params.code)) throw new ProblemError('not-found');
    const [status, title, remedy] = PROBLEMS[params.code];
    return jsonResponse({ code: params.code, status, title, remedy });
  },
});

export const handler = streamedHandler(api, logger, env.ALLOWED_ORIGINS);
