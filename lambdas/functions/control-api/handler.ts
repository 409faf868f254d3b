/** `control-api`: sites, devices and instrument types. */
import { allowedSites, type Permission, type Principal } from '../../../contracts/roles.ts';
import { shown } from '../../domain/devices/certificates.ts';
import { dynamoClient, iotClient, iotDataClient } from '../../runtime/clients.ts';
import { digest } from '../../runtime/digest.ts';
import { readEnv } from '../../runtime/env.ts';
import { createApi, jsonResponse } from '../../runtime/http/api.ts';
import type { Note } from '../../runtime/http/audit.ts';
import { etagOf } from '../../runtime/http/etag.ts';
import { bufferedHandler } from '../../runtime/http/lambda.ts';
import { pageResponse } from '../../runtime/http/page.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { visible } from '../../runtime/http/scope.ts';
import { brokerAddress } from '../../runtime/iot.ts';
import { createLogger } from '../../runtime/logger.ts';
import { once } from '../../runtime/once.ts';
import { brokerRoots } from '../../runtime/trust.ts';
import { auditInto } from '../../store/registry/audit.ts';
import { certificatesOf, readDetail, readDevice, type StoredDevice } from '../../store/registry/devices.ts';
import { readType } from '../../store/registry/types.ts';
import { issueCertificate, revoke } from './certificates.ts';
import { type Context, topicsOf } from './context.ts';
import { changeDevice, devicePage, listIdentity } from './devices.ts';
import { answerOf, idempotently } from './idempotency.ts';
import { moveDevice, sitesOfMove } from './move.ts';
import { register } from './register.ts';
import { retire } from './retire.ts';
import { describeSite, findSite, removeSite, SITE_LIST, sitePage } from './sites.ts';
import { addType, changeType, TYPE_LIST, typePage } from './types.ts';

const env = readEnv(['REGISTRY_TABLE', 'DEVICE_POLICY', 'THING_TYPE', 'DATA_RULE', 'ALLOWED_ORIGINS']);
const iot = iotClient();
const registry = { client: dynamoClient(), table: env.REGISTRY_TABLE };
const context: Context = {
  registry,
  iot,
  iotData: iotDataClient(),
  policy: env.DEVICE_POLICY,
  thingType: env.THING_TYPE,
  dataRule: env.DATA_RULE,
  broker: once(() => brokerAddress(iot)),
  roots: once(() => brokerRoots()),
  logger: createLogger(),
};

/** The device, for who may do this with it. */
const storedFor = async (
  id: string,
  principal: Principal,
  act: Permission,
  note: Note,
): Promise<StoredDevice> => {
  const stored = await readDevice(registry, id);
  const { site, version } = visible(stored?.device, principal, { see: 'devices:read', act });
  if (stored === undefined) throw new ProblemError('not-found');
  note({ site, before: etagOf(version) });
  return stored;
};

/** Sites that are hidden are not found, whether they are there or not. */
const requireSite = (site: string, principal: Principal, act?: Permission, note?: Note): void => {
  visible({ site }, principal, { see: 'sites:read', ...(act === undefined ? {} : { act }) });
  note?.({ site });
};

/** Types belong to all sites. */
const requireEverywhere = (principal: Principal, permission: Permission): void => {
  if (allowedSites(principal, permission) !== 'all')
    throw new ProblemError('forbidden', { detail: `${permission} is needed at every site` });
};

const api = createApi('control-api', auditInto(registry, context.logger), {
  live: () => jsonResponse({ status: 'ok' }),

  registerDevice: ({ body, headers, principal, now, note }) => {
    note({ site: body.site, resource: { kind: 'devices', id: body.id } });
    return idempotently(
      registry,
      { key: headers['idempotency-key'], hash: digest(['registerDevice', body]), principal, now },
      async () => {
        const registered = await register(context, body, principal, now);
        const { id, version } = registered.device;
        return answerOf(201, etagOf(version), `/v1/devices/${id}`, registered);
      },
    );
  },

  listDevices: async ({ query, principal, url }) =>
    pageResponse(url, listIdentity(query), await devicePage(registry, principal, query)),

  readDevice: async ({ params, principal, now }) => {
    const detail = visible(await readDetail(registry, params.id, now), principal, { see: 'devices:read' });
    return jsonResponse(detail, 200, { etag: etagOf(detail.version) });
  },

  updateDevice: async ({ params, headers, body, principal, now, note }) => {
    const stored = await storedFor(params.id, principal, 'devices:update', note);
    const change = { patch: body, ifMatch: headers['if-match'], now };
    const device = await changeDevice(registry, stored, change);
    return jsonResponse(device, 200, { etag: etagOf(device.version) });
  },

  moveDevice: async ({ params, headers, body, principal, now, note }) => {
    const stored = await storedFor(params.id, principal, 'devices:move', note);
    const sites = sitesOfMove(stored, body.site);
    note({ site: sites });
    for (const site of sites) visible({ site }, principal, { see: 'devices:read', act: 'devices:move' });
    const by = { ifMatch: headers['if-match'], principal, now };
    const device = await moveDevice(context, stored, body.site, by);
    return jsonResponse({ device, topics: topicsOf(context, device) }, 200, { etag: etagOf(device.version) });
  },

  retireDevice: async ({ params, headers, principal, now, note }) => {
    const stored = await storedFor(params.id, principal, 'devices:retire', note);
    const device = await retire(context, stored, headers['if-match'], now);
    return jsonResponse(device, 200, { etag: etagOf(device.version) });
  },

  listCertificates: async ({ params, principal, now }) => {
    const stored = await readDevice(registry, params.id);
    visible(stored?.device, principal, { see: 'devices:read' });
    const all = stored === undefined ? [] : certificatesOf(stored);
    return jsonResponse({ items: all.map((kept) => shown(kept, now)), next: null });
  },

  issueCertificate: async ({ params, body, principal, now, note }) => {
    const stored = await storedFor(params.id, principal, 'certificates:manage', note);
    const kept = await issueCertificate(context, stored, body.csr, { principal, now });
    note({ after: kept.id });
    return jsonResponse({ certificate: shown(kept, now), pem: kept.pem }, 201);
  },

  revokeCertificate: async ({ params, principal, now, note }) => {
    const stored = await storedFor(params.id, principal, 'certificates:manage', note);
    return jsonResponse(shown(await revoke(context, stored, params.certificate, { principal, now }), now));
  },

  listSites: async ({ query, principal, url }) =>
    pageResponse(url, SITE_LIST, await sitePage(registry, principal, query)),

  readSite: async ({ params, principal }) => {
    requireSite(params.id, principal);
    const site = await findSite(registry, params.id);
    if (site === undefined) throw new ProblemError('not-found', { site: params.id });
    return jsonResponse(site, 200, { etag: etagOf(site.version) });
  },

  describeSite: async ({ params, headers, body, principal, now, note }) => {
    requireSite(params.id, principal, 'sites:manage', note);
    const { reason: _audited, ...description } = body;
    const by = { ifMatch: headers['if-match'], principal, now };
    const { before, site } = await describeSite(registry, params.id, description, by);
    note({ before: etagOf(before) });
    return jsonResponse(site, 200, { etag: etagOf(site.version) });
  },

  removeSite: async ({ params, headers, principal, note }) => {
    requireSite(params.id, principal, 'sites:manage', note);
    const site = await removeSite(registry, params.id, headers['if-match']);
    note({ before: etagOf(site.version) });
    return jsonResponse(site);
  },

  createType: ({ body, headers, principal, now, note }) => {
    note({ resource: { kind: 'types', id: body.id } });
    requireEverywhere(principal, 'types:create');
    return idempotently(
      registry,
      { key: headers['idempotency-key'], hash: digest(['createType', body]), principal, now },
      async () => {
        const type = await addType(registry, body, principal, now);
        return answerOf(201, etagOf(type.version), `/v1/types/${type.id}`, type);
      },
    );
  },

  replaceType: async ({ params, headers, body, principal, now }) => {
    requireEverywhere(principal, 'types:update');
    const by = { ifMatch: headers['if-match'], principal, now };
    const { reason: _audited, ...change } = body;
    const type = await changeType(registry, params.id, change, by);
    return jsonResponse(type, 200, { etag: etagOf(type.version) });
  },

  listTypes: async ({ query, url }) => pageResponse(url, TYPE_LIST, await typePage(registry, query)),

  readType: async ({ params }) => {
    const type = await readType(registry, params.id);
    if (type === undefined) throw new ProblemError('not-found');
    return jsonResponse(type, 200, { etag: etagOf(type.version) });
  },
});

export const handler = bufferedHandler(api, context.logger, env.ALLOWED_ORIGINS);
