/** Alerts: which there are, what is done about them, and how many there were. */
import * as z from 'zod';
import { slug } from '../messages/topics.ts';
import { alertReport, alertReportQuery } from '../resources/alert-report.ts';
import { PRIORITIES } from '../resources/alert-rules.ts';
import {
  ALERT_STATES,
  alert,
  alertAcknowledgement,
  alertAssignment,
  alertComment,
  alertDecision,
  alertHistory,
  alertId,
  alertShelving,
} from '../resources/alerts.ts';
import type { Permission } from '../roles.ts';
import { etag, json, ok, page, paging, problems, route } from './route.ts';

const alertParams = z.object({ id: alertId });

const act = <const P extends Permission, const A extends string, const B extends z.ZodType>(
  permission: P,
  action: A,
  summary: string,
  body: B,
) =>
  route(
    { service: 'alerts-api', permission },
    {
      method: 'post',
      path: `/v1/alerts/{id}/${action}`,
      summary,
      tags: ['alerts'],
      request: { params: alertParams, body: { content: json(body), required: true } },
      responses: {
        200: { ...ok(alert, 'The alert as it is now'), ...etag },
        ...problems(
          'invalid-request',
          'not-found',
          'alert-state',
          'unavailable',
          'body-too-large',
          'unsupported-media-type',
        ),
      },
    },
  );

/** Routes of alerts. */
export const ALERTS_ROUTES = {
  listAlerts: route(
    { service: 'alerts-api', permission: 'alerts:read' },
    {
      method: 'get',
      path: '/v1/alerts',
      summary: 'List alerts of a site or a device, the newest first',
      tags: ['alerts'],
      request: {
        query: z
          .object({
            ...paging,
            site: slug.optional().meta({ description: 'Site or device is needed' }),
            device: slug.optional(),
            open: z
              .enum(['true', 'false'])
              .default('true')
              .meta({ description: '`true`: those of a site that are not closed; `false`: all' }),
            state: z.enum(ALERT_STATES).optional(),
            priority: z.enum(PRIORITIES).optional(),
          })
          .strict()
          .refine(({ site, device }) => (site === undefined) !== (device === undefined), {
            message: 'give a site or a device',
            path: ['site'],
          }),
      },
      responses: {
        200: ok(page(alert).meta({ id: 'AlertPage' }), 'One page'),
        ...problems('invalid-request', 'invalid-cursor', 'not-found'),
      },
    },
  ),
  readAlert: route(
    { service: 'alerts-api', permission: 'alerts:read' },
    {
      method: 'get',
      path: '/v1/alerts/{id}',
      summary: 'Read one alert',
      tags: ['alerts'],
      request: { params: alertParams },
      responses: { 200: { ...ok(alert, 'The alert'), ...etag }, ...problems('invalid-request', 'not-found') },
    },
  ),
  readAlertHistory: route(
    { service: 'alerts-api', permission: 'alerts:read' },
    {
      method: 'get',
      path: '/v1/alerts/{id}/history',
      summary: 'Read all that became of an alert, with who and when',
      tags: ['alerts'],
      request: { params: alertParams },
      responses: { 200: ok(alertHistory, 'The history'), ...problems('invalid-request', 'not-found') },
    },
  ),
  acknowledgeAlert: act('alerts:act', 'acknowledge', 'Say that one has seen an alert', alertAcknowledgement),
  commentAlert: act('alerts:act', 'comment', 'Say something of an alert', alertComment),
  assignAlert: act('alerts:act', 'assign', 'Say who is to look after an alert, or nobody', alertAssignment),
  resetAlert: act(
    'alerts:act',
    'reset',
    'Close an alert that has latched, or of which nothing is watched any more',
    alertDecision,
  ),
  shelveAlert: act(
    'alerts:shelve',
    'shelve',
    'Have nobody told of an alert for a while, nor of others of its rule and device',
    alertShelving,
  ),
  unshelveAlert: act(
    'alerts:shelve',
    'unshelve',
    'End the shelving of an alert; it is told at once if it is active',
    alertDecision,
  ),
  readAlertReport: route(
    { service: 'alerts-api', permission: 'alerts:read' },
    {
      method: 'get',
      path: '/v1/alert-report',
      summary: 'Measures of the alerts of a site by EEMUA 191, and whether there is a flood now',
      tags: ['alerts'],
      request: { query: alertReportQuery },
      responses: {
        200: ok(alertReport, 'The measures'),
        ...problems('invalid-request', 'answer-too-large', 'not-found'),
      },
    },
  ),
} as const;
