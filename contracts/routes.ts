/**
 * Every route of the HTTP API, once: the functions serve them, API Gateway is built from them, the
 * permission matrix guards them, and the OpenAPI document is generated from them.
 */
import * as z from 'zod';
import { completeness, completenessQuery } from './completeness.ts';
import {
  DEVICE_STATES,
  device,
  deviceDetail,
  deviceMetadata,
  location,
  registered,
  registration,
} from './devices.ts';
import { exportFilesQuery, exportJob, exportRequest, linkedFile } from './exports.ts';
import { instrumentType, instrumentTypeChange, instrumentTypeInput } from './instrument-types.ts';
import { LIMITS } from './limits.ts';
import { PROBLEMS, type ProblemCode, problem } from './problems.ts';
import { quarantined, quarantinedMessage, quarantineParams, quarantineQuery, replay } from './quarantine.ts';
import type { Permission } from './roles.ts';
import { latestValues, manySeriesQuery, seriesPage, seriesQuery, snapshot, snapshotQuery } from './series.ts';
import { slug } from './topics.ts';

/** Which function serves a route. */
export type Service = 'control-api' | 'query-api' | 'records-api';

interface Access {
  readonly service: Service;
  /** What the caller must hold; `open` needs no token at all. */
  readonly permission: Permission | 'open';
}

type Content = Readonly<Record<string, { readonly schema: z.ZodType }>>;

/** A route in the words of OpenAPI, with the schemas that validate. */
export interface RouteConfig {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: `/v1/${string}`;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly request?: {
    readonly params?: z.ZodType;
    readonly query?: z.ZodType;
    readonly headers?: z.ZodType;
    readonly body?: { readonly content: Content; readonly required: true };
  };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly headers?: z.ZodType; readonly content?: Content }>
  >;
}

const route = <const A extends Access, const R extends RouteConfig>(access: A, config: R) => ({
  ...access,
  ...config,
});

const json = <T extends z.ZodType>(schema: T) => ({ 'application/json': { schema } });
const ok = <T extends z.ZodType>(schema: T, description: string) => ({ content: json(schema), description });

/** Problem answers by code, next to those that every route can give. */
const problems = <const C extends ProblemCode>(...codes: readonly C[]) => {
  const statuses = new Map<number, string[]>();
  for (const code of [
    'unauthorized',
    'forbidden',
    'throttled',
    'internal-error',
    ...codes,
  ] as ProblemCode[]) {
    const [status] = PROBLEMS[code];
    statuses.set(status, [...(statuses.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...statuses].map(([status, names]) => [
      String(status),
      { content: { 'application/problem+json': { schema: problem } }, description: names.join(', ') },
    ]),
  );
};

const etag = { headers: z.object({ ETag: z.string().meta({ description: 'Version of the resource' }) }) };
const idempotencyKey = z.object({
  'idempotency-key': z
    .string()
    .min(8)
    .max(128)
    .optional()
    .meta({ description: 'The same key with the same request gives the same answer, within 24 h' }),
});
const ifMatch = z.object({
  'if-match': z
    .string()
    .max(64)
    .optional()
    .meta({ description: 'ETag of the version being changed; required' }),
});
const paging = {
  limit: z.coerce.number().int().min(1).max(LIMITS.pageMax).optional(),
  cursor: z.string().max(1024).optional().meta({ description: '`next` of the page before' }),
};
const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().nullable().meta({ description: 'null at the end' }) });
const idParams = z.object({ id: slug });

const binary = z.string().meta({ description: 'Binary; columns as in CSV, of one type each' });
const ifNoneMatch = z.object({ 'if-none-match': z.string().max(1024).optional() });
const SERIES_NOTES =
  'JSON is paged. Other formats give the whole range as a stream, or one page when `limit` is given; then `Link` with `rel="next"` leads on. JSON of a range that has ended has an `ETag`.';
const seriesResponses = {
  200: {
    content: {
      ...json(seriesPage),
      'application/x-ndjson': { schema: z.string().meta({ description: 'One item a line' }) },
      'text/csv': { schema: z.string().meta({ description: 'RFC 4180 with a header row' }) },
      'application/vnd.apache.arrow.stream': { schema: binary },
      'application/vnd.apache.parquet': { schema: binary },
    },
    description: 'By device, then time, then channel',
  },
  304: { description: 'Nothing has changed' },
  ...problems('invalid-request', 'invalid-cursor', 'not-found', 'not-acceptable'),
};

export const ROUTES = {
  registerDevice: route(
    { service: 'control-api', permission: 'devices:register' },
    {
      method: 'post',
      path: '/v1/devices',
      summary: 'Register a device by its certificate signing request',
      tags: ['devices'],
      request: { headers: idempotencyKey, body: { content: json(registration), required: true } },
      responses: {
        201: { ...ok(registered, 'What the device needs to connect'), ...etag },
        ...problems(
          'invalid-request',
          'conflict',
          'idempotency-conflict',
          'invalid-csr',
          'unknown-type',
          'body-too-large',
          'unsupported-media-type',
        ),
      },
    },
  ),
  listDevices: route(
    { service: 'control-api', permission: 'devices:read' },
    {
      method: 'get',
      path: '/v1/devices',
      summary: 'List devices by site and identifier',
      tags: ['devices'],
      request: {
        query: z
          .object({
            ...paging,
            site: slug.optional(),
            type: slug.optional(),
            state: z.enum(DEVICE_STATES).optional(),
          })
          .strict(),
      },
      responses: {
        200: ok(page(device).meta({ id: 'DevicePage' }), 'One page'),
        ...problems('invalid-request', 'invalid-cursor'),
      },
    },
  ),
  readDevice: route(
    { service: 'control-api', permission: 'devices:read' },
    {
      method: 'get',
      path: '/v1/devices/{id}',
      summary: 'Read one device, its connection, and what it reports of itself',
      tags: ['devices'],
      request: { params: idParams },
      responses: {
        200: { ...ok(deviceDetail, 'The device'), ...etag },
        ...problems('invalid-request', 'not-found'),
      },
    },
  ),
  updateDevice: route(
    { service: 'control-api', permission: 'devices:update' },
    {
      method: 'patch',
      path: '/v1/devices/{id}',
      summary: 'Change the metadata of a device (JSON Merge Patch, RFC 7396)',
      tags: ['devices'],
      request: {
        params: idParams,
        headers: ifMatch,
        body: {
          content: json(
            z
              .object({
                name: deviceMetadata.shape.name.nullable(),
                description: deviceMetadata.shape.description.nullable(),
                serial: deviceMetadata.shape.serial.nullable(),
                location: location
                  .partial()
                  .extend({ room: location.shape.room.nullable() })
                  .nullable()
                  .optional()
                  .meta({ id: 'LocationPatch' }),
                labels: z.record(slug, z.string().max(120).nullable()).nullable().optional(),
              })
              .strict()
              .meta({ id: 'DevicePatch' }),
          ),
          required: true,
        },
      },
      responses: {
        200: { ...ok(device, 'The device as it is now'), ...etag },
        ...problems(
          'invalid-request',
          'not-found',
          'device-retired',
          'precondition-failed',
          'precondition-required',
          'body-too-large',
          'unsupported-media-type',
        ),
      },
    },
  ),
  retireDevice: route(
    { service: 'control-api', permission: 'devices:retire' },
    {
      method: 'delete',
      path: '/v1/devices/{id}',
      summary: 'Retire a device: its certificate is revoked and its connection cut; its data stay',
      tags: ['devices'],
      request: { params: idParams, headers: ifMatch },
      responses: {
        200: { ...ok(device, 'The retired device'), ...etag },
        ...problems('invalid-request', 'not-found', 'precondition-failed', 'precondition-required'),
      },
    },
  ),
  createType: route(
    { service: 'control-api', permission: 'types:create' },
    {
      method: 'post',
      path: '/v1/types',
      summary: 'Create an instrument type',
      tags: ['types'],
      request: { headers: idempotencyKey, body: { content: json(instrumentTypeInput), required: true } },
      responses: {
        201: { ...ok(instrumentType, 'The instrument type'), ...etag },
        ...problems(
          'invalid-request',
          'conflict',
          'idempotency-conflict',
          'body-too-large',
          'unsupported-media-type',
        ),
      },
    },
  ),
  listTypes: route(
    { service: 'control-api', permission: 'types:read' },
    {
      method: 'get',
      path: '/v1/types',
      summary: 'List instrument types by identifier',
      tags: ['types'],
      request: { query: z.object(paging).strict() },
      responses: {
        200: ok(page(instrumentType).meta({ id: 'InstrumentTypePage' }), 'One page'),
        ...problems('invalid-request', 'invalid-cursor'),
      },
    },
  ),
  readType: route(
    { service: 'control-api', permission: 'types:read' },
    {
      method: 'get',
      path: '/v1/types/{id}',
      summary: 'Read one instrument type',
      tags: ['types'],
      request: { params: idParams },
      responses: {
        200: { ...ok(instrumentType, 'The instrument type'), ...etag },
        ...problems('invalid-request', 'not-found'),
      },
    },
  ),
  replaceType: route(
    { service: 'control-api', permission: 'types:update' },
    {
      method: 'put',
      path: '/v1/types/{id}',
      summary: 'Change an instrument type: add channels, change what is normal for them',
      description:
        'Channels that are there stay, with their unit, value type and kind. Points that came before are not judged again.',
      tags: ['types'],
      request: {
        params: idParams,
        headers: ifMatch,
        body: { content: json(instrumentTypeChange), required: true },
      },
      responses: {
        200: { ...ok(instrumentType, 'The instrument type as it is now'), ...etag },
        ...problems(
          'invalid-request',
          'not-found',
          'channel-fixed',
          'precondition-failed',
          'precondition-required',
          'body-too-large',
          'unsupported-media-type',
        ),
      },
    },
  ),
  readSeries: route(
    { service: 'query-api', permission: 'series:read' },
    {
      method: 'get',
      path: '/v1/devices/{id}/series',
      summary: 'Points of a device, buckets of them with `every`, or their shape with `points`',
      description: SERIES_NOTES,
      tags: ['series'],
      request: { params: idParams, query: seriesQuery, headers: ifNoneMatch },
      responses: seriesResponses,
    },
  ),
  readManySeries: route(
    { service: 'query-api', permission: 'series:read' },
    {
      method: 'get',
      path: '/v1/series',
      summary:
        'Series of several devices in one call: one after the other, or beside each other with `align`',
      description: SERIES_NOTES,
      tags: ['series'],
      request: { query: manySeriesQuery, headers: ifNoneMatch },
      responses: seriesResponses,
    },
  ),
  readSnapshot: route(
    { service: 'query-api', permission: 'series:read' },
    {
      method: 'get',
      path: '/v1/snapshot',
      summary: 'What several devices showed at one instant',
      tags: ['series'],
      request: { query: snapshotQuery },
      responses: {
        200: ok(snapshot, 'The newest point of each channel at that instant'),
        ...problems('invalid-request', 'not-found'),
      },
    },
  ),
  readLatest: route(
    { service: 'query-api', permission: 'series:read' },
    {
      method: 'get',
      path: '/v1/devices/{id}/latest',
      summary: 'The newest point of each channel by the time it was measured',
      tags: ['series'],
      request: { params: idParams },
      responses: { 200: ok(latestValues, 'The newest points'), ...problems('invalid-request', 'not-found') },
    },
  ),
  readCompleteness: route(
    { service: 'records-api', permission: 'series:read' },
    {
      method: 'get',
      path: '/v1/devices/{id}/completeness',
      summary: 'What came from a device, what became of it, and what is missing',
      tags: ['records'],
      request: { params: idParams, query: completenessQuery },
      responses: {
        200: ok(completeness, 'The ledger of these hours and the gaps in them'),
        ...problems('invalid-request', 'not-found'),
      },
    },
  ),
  listQuarantine: route(
    { service: 'records-api', permission: 'quarantine:read' },
    {
      method: 'get',
      path: '/v1/quarantine',
      summary: 'Messages that could not be stored, or not whole, by site, device and arrival',
      tags: ['records'],
      request: { query: quarantineQuery },
      responses: {
        200: ok(page(quarantined).meta({ id: 'QuarantinePage' }), 'One page; it may be empty and lead on'),
        ...problems('invalid-request', 'invalid-cursor'),
      },
    },
  ),
  readQuarantined: route(
    { service: 'records-api', permission: 'quarantine:read' },
    {
      method: 'get',
      path: '/v1/quarantine/{site}/{device}/{date}/{sequence}',
      summary: 'One message of the quarantine, with its bytes, and as far as it can be read',
      tags: ['records'],
      request: { params: quarantineParams },
      responses: {
        200: ok(quarantinedMessage, 'The message'),
        ...problems('invalid-request', 'not-found'),
      },
    },
  ),
  replayQuarantined: route(
    { service: 'records-api', permission: 'quarantine:replay' },
    {
      method: 'post',
      path: '/v1/quarantine/{site}/{device}/{date}/{sequence}/replay',
      summary: 'Take a message of the quarantine again, as of its first arrival',
      description:
        'Once: who asks again is answered as the first was. What still cannot be stored becomes a new entry.',
      tags: ['records'],
      request: { params: quarantineParams },
      responses: {
        202: ok(replay, 'It is on its way'),
        ...problems('invalid-request', 'not-found', 'not-replayable'),
      },
    },
  ),
  createExport: route(
    { service: 'records-api', permission: 'exports:create' },
    {
      method: 'post',
      path: '/v1/exports',
      summary: 'Have the points of devices written into files',
      description:
        'Made in the background: read it until it has succeeded, then get its manifest and its files. The same key gives the same export, and the same export always the same bytes.',
      tags: ['exports'],
      request: { headers: idempotencyKey, body: { content: json(exportRequest), required: true } },
      responses: {
        202: {
          ...ok(exportJob, 'It is ordered'),
          headers: z.object({ Location: z.string().meta({ description: 'Where to watch it' }) }),
        },
        ...problems(
          'invalid-request',
          'not-found',
          'idempotency-conflict',
          'body-too-large',
          'unsupported-media-type',
        ),
      },
    },
  ),
  readExport: route(
    { service: 'records-api', permission: 'exports:read' },
    {
      method: 'get',
      path: '/v1/exports/{id}',
      summary: 'How far an export is, and once it has succeeded its manifest',
      tags: ['exports'],
      request: { params: idParams },
      responses: { 200: ok(exportJob, 'The export'), ...problems('invalid-request', 'not-found') },
    },
  ),
  listExportFiles: route(
    { service: 'records-api', permission: 'exports:read' },
    {
      method: 'get',
      path: '/v1/exports/{id}/files',
      summary: 'The files of an export that has succeeded, each with a link that expires',
      tags: ['exports'],
      request: { params: idParams, query: exportFilesQuery },
      responses: {
        200: ok(page(linkedFile).meta({ id: 'ExportFilePage' }), 'One page'),
        ...problems('invalid-request', 'invalid-cursor', 'not-found'),
      },
    },
  ),
  cancelExport: route(
    { service: 'records-api', permission: 'exports:create' },
    {
      method: 'post',
      path: '/v1/exports/{id}/cancel',
      summary: 'Stop an export; one that is over stays as it is',
      tags: ['exports'],
      request: { params: idParams },
      responses: {
        200: ok(exportJob, 'The export as it is now'),
        ...problems('invalid-request', 'not-found'),
      },
    },
  ),
  health: route(
    { service: 'query-api', permission: 'health:read' },
    {
      method: 'get',
      path: '/v1/health',
      summary: 'Health in one word',
      tags: ['health'],
      responses: {
        200: ok(z.object({ status: z.enum(['ok', 'degraded']) }), 'ok, or degraded'),
        ...problems(),
      },
    },
  ),
  live: route(
    { service: 'query-api', permission: 'open' },
    {
      method: 'get',
      path: '/v1/health/live',
      summary: 'Whether the API answers at all',
      tags: ['health'],
      responses: { 200: ok(z.object({ status: z.literal('ok') }), 'It answers') },
    },
  ),
  ready: route(
    { service: 'query-api', permission: 'health:read' },
    {
      method: 'get',
      path: '/v1/health/ready',
      summary: 'Whether every dependency that requests need answers',
      tags: ['health'],
      responses: { 200: ok(z.object({ status: z.literal('ok') }), 'Ready'), ...problems('unavailable') },
    },
  ),
  services: route(
    { service: 'query-api', permission: 'health:read' },
    {
      method: 'get',
      path: '/v1/health/services',
      summary: 'Each dependency, asked now, with a time limit',
      tags: ['health'],
      responses: {
        200: ok(
          z.object({
            status: z.enum(['ok', 'degraded']),
            services: z.array(
              z.object({
                name: z.string(),
                status: z.enum(['ok', 'failing']),
                millis: z.number(),
                detail: z.string().optional(),
              }),
            ),
          }),
          'What each dependency answered',
        ),
        ...problems(),
      },
    },
  ),
  openapi: route(
    { service: 'records-api', permission: 'contract:read' },
    {
      method: 'get',
      path: '/v1/openapi.json',
      summary: 'This contract',
      tags: ['contract'],
      responses: { 200: ok(z.record(z.string(), z.unknown()), 'OpenAPI 3.1'), ...problems() },
    },
  ),
  explainProblem: route(
    { service: 'query-api', permission: 'contract:read' },
    {
      method: 'get',
      path: '/v1/problems/{code}',
      summary: 'What a problem code means and what to do: where `type` of a problem leads',
      tags: ['contract'],
      request: { params: z.object({ code: z.string().max(64) }) },
      responses: {
        200: ok(
          z.object({ code: z.string(), status: z.int(), title: z.string(), remedy: z.string() }),
          'The code explained',
        ),
        ...problems('not-found'),
      },
    },
  ),
} as const;

export type RouteName = keyof typeof ROUTES;
