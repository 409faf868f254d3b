/** Alert rules: what an alert is. */
import * as z from 'zod';
import { slug } from '../messages/topics.ts';
import {
  alertPreview,
  alertPreviewRequest,
  alertRule,
  alertRuleChange,
  alertRuleCreation,
  alertRuleRemoval,
} from '../resources/alert-rules.ts';
import { etag, ifMatch, json, ok, page, paging, problems, route } from './route.ts';

const ruleParams = z.object({ type: slug, id: slug });

/** Routes of alert rules. */
export const ALERT_RULES_ROUTES = {
  createAlertRule: route(
    { service: 'alerts-api', permission: 'alert-rules:manage' },
    {
      method: 'post',
      path: '/v1/alert-rules',
      summary: 'Make an alert rule',
      description:
        'It counts within half a minute. Limits may be in another unit of the same dimension; they are kept as they were said, and as they are compared.',
      tags: ['alert-rules'],
      request: { body: { content: json(alertRuleCreation), required: true } },
      responses: {
        201: { ...ok(alertRule, 'The rule'), ...etag },
        ...problems(
          'invalid-request',
          'unknown-type',
          'conflict',
          'too-many-rules',
          'body-too-large',
          'unsupported-media-type',
        ),
      },
    },
  ),
  listAlertRules: route(
    { service: 'alerts-api', permission: 'alert-rules:read' },
    {
      method: 'get',
      path: '/v1/alert-rules',
      summary: 'List alert rules by instrument type and identifier',
      description: 'A page ends with the last rule of a type; it may hold more than `limit`.',
      tags: ['alert-rules'],
      request: { query: z.object({ ...paging, type: slug.optional() }).strict() },
      responses: {
        200: ok(page(alertRule).meta({ id: 'AlertRulePage' }), 'One page'),
        ...problems('invalid-request', 'invalid-cursor'),
      },
    },
  ),
  readAlertRule: route(
    { service: 'alerts-api', permission: 'alert-rules:read' },
    {
      method: 'get',
      path: '/v1/alert-rules/{type}/{id}',
      summary: 'Read one alert rule',
      tags: ['alert-rules'],
      request: { params: ruleParams },
      responses: {
        200: { ...ok(alertRule, 'The rule'), ...etag },
        ...problems('invalid-request', 'not-found'),
      },
    },
  ),
  replaceAlertRule: route(
    { service: 'alerts-api', permission: 'alert-rules:manage' },
    {
      method: 'put',
      path: '/v1/alert-rules/{type}/{id}',
      summary: 'Change an alert rule',
      description: 'Its channel, and the kind of its condition, stay. An alert that is active goes on.',
      tags: ['alert-rules'],
      request: {
        params: ruleParams,
        headers: ifMatch,
        body: { content: json(alertRuleChange), required: true },
      },
      responses: {
        200: { ...ok(alertRule, 'The rule as it is now'), ...etag },
        ...problems(
          'invalid-request',
          'not-found',
          'too-many-rules',
          'precondition-failed',
          'precondition-required',
          'body-too-large',
          'unsupported-media-type',
        ),
      },
    },
  ),
  removeAlertRule: route(
    { service: 'alerts-api', permission: 'alert-rules:manage' },
    {
      method: 'post',
      path: '/v1/alert-rules/{type}/{id}/remove',
      summary: 'Take an alert rule away',
      description: 'Alerts of it that are active return with the next message of their devices.',
      tags: ['alert-rules'],
      request: {
        params: ruleParams,
        headers: ifMatch,
        body: { content: json(alertRuleRemoval), required: true },
      },
      responses: {
        200: ok(alertRule, 'The rule as it was'),
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
  previewAlertRule: route(
    { service: 'query-api', permission: 'alert-rules:read' },
    {
      method: 'post',
      path: '/v1/alert-rules/preview',
      summary: 'Try an alert rule on past data: how often it would have been raised',
      tags: ['alert-rules'],
      request: { body: { content: json(alertPreviewRequest), required: true } },
      responses: {
        200: ok(alertPreview, 'What the rule would have said'),
        ...problems(
          'invalid-request',
          'not-found',
          'answer-too-large',
          'body-too-large',
          'unsupported-media-type',
        ),
      },
    },
  ),
} as const;
