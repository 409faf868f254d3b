/** Devices: registered, read, changed, retired. */
import * as z from 'zod';
import { slug } from '../messages/topics.ts';
import {
  device,
  deviceDetail,
  deviceMetadata,
  deviceSearch,
  location,
  move,
  moved,
  registered,
  registration,
} from '../resources/devices.ts';
import { removal } from '../resources/reason.ts';
import { etag, idempotencyKey, idParams, ifMatch, json, ok, page, paging, problems, route } from './route.ts';

/** Routes of devices. */
export const DEVICES_ROUTES = {
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
      description:
        'One request looks at no more than some thousand devices: a page may hold fewer than `limit`, or none, and still lead on. What is looked for by reading devices one by one, `search`, `presence` and `attribute`, is looked for within a site.',
      tags: ['devices'],
      request: {
        query: deviceSearch.extend(paging),
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
  moveDevice: route(
    { service: 'control-api', permission: 'devices:move' },
    {
      method: 'post',
      path: '/v1/devices/{id}/move',
      summary: 'Move a device to another site',
      description:
        'The permission is needed at both sites. Its topics change, its connection is cut, and the topics of before are refused. Its data come with it: from then on they are of the new site. Refused while a command of it is open, or somebody else holds its lease. The same request again finishes a move that was interrupted.',
      tags: ['devices'],
      request: { params: idParams, headers: ifMatch, body: { content: json(move), required: true } },
      responses: {
        200: { ...ok(moved, 'The device, and where it speaks from now on'), ...etag },
        ...problems(
          'invalid-request',
          'not-found',
          'device-retired',
          'device-busy',
          'leased',
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
      request: { params: idParams, headers: ifMatch, body: { content: json(removal), required: true } },
      responses: {
        200: { ...ok(device, 'The retired device'), ...etag },
        ...problems(
          'invalid-request',
          'not-found',
          'precondition-failed',
          'precondition-required',
          'body-too-large',
          'unsupported-media-type',
        ),
      },
    },
  ),
} as const;
