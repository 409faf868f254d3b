/** Exports: points written into files in the background. */
import * as z from 'zod';
import { exportFilesQuery, exportJob, exportRequest, linkedFile } from '../resources/exports.ts';
import { idempotencyKey, idParams, json, ok, page, problems, route } from './route.ts';

/** Routes of exports. */
export const EXPORTS_ROUTES = {
  createExport: route(
    { service: 'records-api', permission: 'exports:create' },
    {
      method: 'post',
      path: '/v1/exports',
      summary: 'Have the points of devices written into files',
      description:
        'Made in the background: read it until it has succeeded, then get its manifest and its files. The same key gives the same export, and the same export always the same bytes. A person or a program may order 100 on a day in UTC.',
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
} as const;
