/** Commands to devices, and leases: who may give them for a while. */
import * as z from 'zod';
import { commandId } from '../messages/commands.ts';
import { slug } from '../messages/topics.ts';
import {
  COMMAND_STATES,
  command,
  commandDecision,
  commandHistory,
  commandRequest,
  lease,
  leaseRequest,
} from '../resources/commands.ts';
import { TRACEPARENT } from '../trace.ts';
import { etag, idempotencyKey, idParams, json, ok, page, paging, problems, route } from './route.ts';

const commandParams = z.object({ id: commandId });
const states = z.enum(COMMAND_STATES);
const leaseState = z.object({ lease: lease.nullable() }).meta({ id: 'LeaseState' });
const commandPage = page(command).meta({ id: 'CommandPage' });

const decision = <const P extends 'commands:approve' | 'commands:create', const S extends string>(
  permission: P,
  action: 'approve' | 'refuse' | 'cancel',
  summary: S,
) =>
  route(
    { service: 'commands-api', permission },
    {
      method: 'post',
      path: `/v1/commands/{id}/${action}`,
      summary,
      tags: ['commands'],
      request: { params: commandParams, body: { content: json(commandDecision), required: true } },
      responses: {
        200: { ...ok(command, 'The command as it is now'), ...etag },
        ...problems(
          'invalid-request',
          'not-found',
          'command-state',
          ...(action === 'approve' ? (['own-command'] as const) : []),
          'body-too-large',
          'unsupported-media-type',
        ),
      },
    },
  );

/** Routes of commands. */
export const COMMANDS_ROUTES = {
  createCommand: route(
    { service: 'commands-api', permission: 'commands:create' },
    {
      method: 'post',
      path: '/v1/devices/{id}/commands',
      summary: 'Give a command to a device',
      description:
        'Answered with 202 as soon as the command is kept: it is sent when the device is connected, in the order of asking, and not after its time. With `Prefer: wait=N` (RFC 7240) the answer waits up to N seconds for the end, and is 200 then.',
      tags: ['commands'],
      request: {
        params: idParams,
        headers: idempotencyKey.extend({
          traceparent: z
            .string()
            .regex(TRACEPARENT, 'use a traceparent of version 00')
            .optional()
            .meta({ description: 'W3C Trace Context; the command carries it to the device' }),
          prefer: z
            .string()
            .regex(/^wait=([1-9]|1\d|20)$/, 'use wait=1 to wait=20')
            .optional()
            .meta({ description: '`wait=N`: wait up to N seconds, 20 at most, for the end of the command' }),
        }),
        body: { content: json(commandRequest), required: true },
      },
      responses: {
        200: { ...ok(command, 'The command, at its end'), ...etag },
        202: { ...ok(command, 'The command, under way'), ...etag },
        ...problems(
          'invalid-request',
          'not-found',
          'device-retired',
          'command-not-possible',
          'leased',
          'idempotency-conflict',
          'unknown-command',
          'too-many-commands',
          'body-too-large',
          'unsupported-media-type',
        ),
      },
    },
  ),
  listDeviceCommands: route(
    { service: 'commands-api', permission: 'commands:read' },
    {
      method: 'get',
      path: '/v1/devices/{id}/commands',
      summary: 'List the commands of a device, the newest first',
      tags: ['commands'],
      request: { params: idParams, query: z.object({ ...paging, state: states.optional() }).strict() },
      responses: {
        200: ok(commandPage, 'One page'),
        ...problems('invalid-request', 'invalid-cursor', 'not-found'),
      },
    },
  ),
  listCommands: route(
    { service: 'commands-api', permission: 'commands:read' },
    {
      method: 'get',
      path: '/v1/commands',
      summary: 'List the commands of a site, the newest first',
      tags: ['commands'],
      request: { query: z.object({ ...paging, site: slug, state: states.optional() }).strict() },
      responses: {
        200: ok(commandPage, 'One page'),
        ...problems('invalid-request', 'invalid-cursor', 'not-found'),
      },
    },
  ),
  readCommand: route(
    { service: 'commands-api', permission: 'commands:read' },
    {
      method: 'get',
      path: '/v1/commands/{id}',
      summary: 'Read one command',
      tags: ['commands'],
      request: { params: commandParams },
      responses: {
        200: { ...ok(command, 'The command'), ...etag },
        ...problems('invalid-request', 'not-found'),
      },
    },
  ),
  readCommandHistory: route(
    { service: 'commands-api', permission: 'commands:read' },
    {
      method: 'get',
      path: '/v1/commands/{id}/history',
      summary: 'Read every step of a command, with its evidence, and what changed nothing',
      tags: ['commands'],
      request: { params: commandParams },
      responses: {
        200: ok(commandHistory, 'The history'),
        ...problems('invalid-request', 'not-found'),
      },
    },
  ),
  approveCommand: decision('commands:approve', 'approve', 'Approve a command of another person'),
  refuseCommand: decision('commands:approve', 'refuse', 'Refuse a command that waits for approval'),
  cancelCommand: decision('commands:create', 'cancel', 'Cancel a command that has not been sent'),
  takeLease: route(
    { service: 'commands-api', permission: 'commands:create' },
    {
      method: 'put',
      path: '/v1/devices/{id}/lease',
      summary: 'Take the lease of a device, or make one’s own longer: nobody else may command it meanwhile',
      tags: ['commands'],
      request: { params: idParams, body: { content: json(leaseRequest), required: true } },
      responses: {
        200: ok(lease, 'The lease'),
        ...problems(
          'invalid-request',
          'not-found',
          'device-retired',
          'leased',
          'body-too-large',
          'unsupported-media-type',
        ),
      },
    },
  ),
  readLease: route(
    { service: 'commands-api', permission: 'commands:read' },
    {
      method: 'get',
      path: '/v1/devices/{id}/lease',
      summary: 'Read who holds the lease of a device',
      tags: ['commands'],
      request: { params: idParams },
      responses: {
        200: ok(leaseState, 'The lease, or null'),
        ...problems('invalid-request', 'not-found'),
      },
    },
  ),
  releaseLease: route(
    { service: 'commands-api', permission: 'commands:create' },
    {
      method: 'delete',
      path: '/v1/devices/{id}/lease',
      summary: 'Give back the lease of a device; who may approve commands ends that of another',
      tags: ['commands'],
      request: { params: idParams },
      responses: {
        200: ok(leaseState, 'null'),
        ...problems('invalid-request', 'not-found', 'leased'),
      },
    },
  ),
} as const;
