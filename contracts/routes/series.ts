/** Measurements: as points, as buckets, at an instant, the newest. */
import * as z from 'zod';
import {
  latestValues,
  manySeriesQuery,
  seriesPage,
  seriesQuery,
  snapshot,
  snapshotQuery,
} from '../resources/series.ts';
import { idParams, json, ok, problems, route } from './route.ts';

const binary = z.string().meta({ description: 'Binary; columns as in CSV, of one type each' });
const ifNoneMatch = z.object({ 'if-none-match': z.string().max(1024).optional() });
const SERIES_NOTES =
  'JSON is paged. Other formats give the whole range as a stream, or one page when `limit` is given; then `Link` with `rel="next"` leads on. A stream has 200 MB at most: more is what exports are for. JSON of a range that has ended has an `ETag`.';
const seriesResponses = {
  200: {
    content: {
      ...json(seriesPage),
      'application/x-ndjson': { schema: z.string().meta({ description: 'One item a line' }) },
      'text/csv': {
        schema: z.string().meta({
          description: 'RFC 4180 with a header row; nothing for a missing value, "" for an empty text',
        }),
      },
      'application/vnd.apache.arrow.stream': { schema: binary },
      'application/vnd.apache.parquet': { schema: binary },
    },
    description: 'By device, then time, then channel',
  },
  304: { description: 'Nothing has changed' },
  ...problems('invalid-request', 'invalid-cursor', 'answer-too-large', 'not-found', 'not-acceptable'),
};

/** Routes of measurements. */
export const SERIES_ROUTES = {
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
        ...problems('invalid-request', 'invalid-cursor', 'not-found'),
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
} as const;
