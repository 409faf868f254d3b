/** `alerts-api`: alerts and alert rules. */
import type { Alert } from '../../../contracts/resources/alerts.ts';
import { allowed } from '../../../contracts/roles.ts';
import { alertQueue } from '../../runtime/alert-queue.ts';
import { dynamoClient } from '../../runtime/clients.ts';
import { readEnv } from '../../runtime/env.ts';
import { createApi, jsonResponse } from '../../runtime/http/api.ts';
import { etagOf } from '../../runtime/http/etag.ts';
import { bufferedHandler } from '../../runtime/http/lambda.ts';
import { pageResponse } from '../../runtime/http/page.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { visible } from '../../runtime/http/scope.ts';
import { createLogger } from '../../runtime/logger.ts';
import { listDeviceAlerts, listOpenAlerts, listSiteAlerts } from '../../store/registry/alerts.ts';
import { auditInto } from '../../store/registry/audit.ts';
import { readDevice } from '../../store/registry/devices.ts';
import {
  acknowledge,
  assign,
  comment,
  type Dependencies,
  findAlert,
  reset,
  shelve,
  unshelve,
} from './act.ts';
import { alertPage, siteReport } from './lists.ts';
import { addRule, changeRule, findRule, RULE_LIST, removeRule, requireManager, rulePage } from './rules.ts';

const env = readEnv(['REGISTRY_TABLE', 'ALERTS_QUEUE_URL', 'ALLOWED_ORIGINS']);
const registry = { client: dynamoClient(), table: env.REGISTRY_TABLE };
const deps: Dependencies = { registry, send: alertQueue(env.ALERTS_QUEUE_URL) };
const logger = createLogger();

const alertResponse = (alert: Alert): Response => jsonResponse(alert, 200, { etag: etagOf(alert.version) });

const api = createApi('alerts-api', auditInto(registry, logger), {
  createAlertRule: async ({ body: { reason: _reason, ...input }, principal, now, note }) => {
    const { type, id, site } = input;
    note({ resource: { kind: 'alert-rules', id: `${type}/${id}` }, ...(site === undefined ? {} : { site }) });
    requireManager(principal, site);
    const rule = await addRule(registry, input, { principal, now, note });
    const location = `/v1/alert-rules/${type}/${id}`;
    return jsonResponse(rule, 201, { etag: etagOf(rule.version), location });
  },

  listAlertRules: async ({ query, url }) => pageResponse(url, RULE_LIST, await rulePage(registry, query)),

  readAlertRule: async ({ params: { type, id } }) => {
    const rule = await findRule(registry, type, id);
    return jsonResponse(rule, 200, { etag: etagOf(rule.version) });
  },

  replaceAlertRule: async ({ params, headers, body, principal, now, note }) => {
    const by = { principal, now, note };
    const rule = await changeRule(registry, params, body, headers['if-match'], by);
    return jsonResponse(rule, 200, { etag: etagOf(rule.version) });
  },

  removeAlertRule: async ({ params, headers, principal, now, note }) => {
    const rule = await removeRule(registry, params, headers['if-match'], { principal, now, note });
    note({ after: 'removed', ...(rule.site === undefined ? {} : { site: rule.site }) });
    return jsonResponse(rule);
  },

  listAlerts: async ({ query, principal, url }) => {
    const { site, device, open, state = null, priority = null } = query;
    if (device !== undefined) {
      visible((await readDevice(registry, device))?.device, principal, { see: 'alerts:read' });
      const identity = { alertsOfDevice: device, state, priority };
      return pageResponse(
        url,
        identity,
        await alertPage(identity, query, (range) => listDeviceAlerts(registry, device, range)),
      );
    }
    if (site === undefined) throw new ProblemError('invalid-request');
    const identity = { alertsOf: site, open, state, priority };
    const list = open === 'true' ? listOpenAlerts : listSiteAlerts;
    const page = allowed(principal, 'alerts:read', site)
      ? await alertPage(identity, query, (range) => list(registry, site, range))
      : { items: [], position: undefined };
    return pageResponse(url, identity, page);
  },

  readAlert: async ({ params, principal }) =>
    alertResponse((await findAlert(deps, params.id, principal)).alert),

  readAlertHistory: async ({ params, principal }) => {
    const { entries } = await findAlert(deps, params.id, principal);
    return jsonResponse({ id: params.id, entries });
  },

  acknowledgeAlert: async ({ params, body, principal, now, note }) =>
    alertResponse(await acknowledge(deps, { ...params, principal, now, note, comment: body.comment })),

  commentAlert: async ({ params, body, principal, now, note }) =>
    alertResponse(await comment(deps, { ...params, principal, now, note, comment: body.comment })),

  assignAlert: async ({ params, body, principal, now, note }) => {
    const { subject, name = subject ?? '' } = body;
    const assignee = subject === null ? undefined : { subject, name };
    return alertResponse(await assign(deps, { ...params, principal, now, note }, assignee));
  },

  resetAlert: async ({ params, body, principal, now, note }) =>
    alertResponse(await reset(deps, { ...params, principal, now, note, comment: body.reason })),

  shelveAlert: async ({ params, body, principal, now, note }) =>
    alertResponse(
      await shelve(deps, { ...params, principal, now, note, comment: body.reason }, body.seconds),
    ),

  unshelveAlert: async ({ params, body, principal, now, note }) =>
    alertResponse(await unshelve(deps, { ...params, principal, now, note, comment: body.reason })),

  readAlertReport: async ({ query, principal, now }) => {
    const { site } = query;
    if (!allowed(principal, 'alerts:read', site)) throw new ProblemError('not-found', { site });
    return jsonResponse(await siteReport(registry, query, now));
  },
});

export const handler = bufferedHandler(api, logger, env.ALLOWED_ORIGINS);
