/** Devices in the registry: one `META` item each, changed only on the version that was read. */
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { LISTING_INDEX } from '../../../contracts/deployment/indexes.ts';
import {
  connection,
  type Device,
  type DeviceDetail,
  deviceFacts,
} from '../../../contracts/resources/devices.ts';
import { type KeptCertificate, keptCertificate } from '../../domain/devices/certificates.ts';
import { type FormerSite, formerSite } from '../../domain/devices/former-sites.ts';
import { type Item, marshal, marshalValue, unmarshal } from '../dynamodb/attributes.ts';
import { queryPages, readPage } from '../dynamodb/query.ts';
import { deviceFromItem, deviceToItem } from './items.ts';
import { CONNECTION, deviceKey, LEASE, META, REPORTED, type Registry } from './keys.ts';
import { leaseFromItem } from './leases.ts';
import { createItem, readItem, replaceItem } from './single.ts';

/** What is kept of a registration to finish or repeat it; none of it is secret, none of it is shown in lists. */
const enrolment = z.object({
  /** Digest of the request: the same request again is answered again, another one is a conflict. */
  requestHash: z.string(),
  certificateArn: z.string(),
  certificatePem: z.string(),
  /** All that are remembered, the newest last; absent while there was never another than the first. */
  certificates: z.array(keptCertificate).optional(),
});
export type Enrolment = z.infer<typeof enrolment>;

export interface StoredDevice {
  readonly device: Device;
  readonly enrolment: Enrolment;
  /** Where it was before, the newest last. */
  readonly formerSites: readonly FormerSite[];
}

/** The certificates of a device, the newest last. */
export const certificatesOf = ({
  device: { certificateId: id, state, createdAt, createdBy },
  enrolment: { certificateArn: arn, certificatePem: pem, certificates },
}: StoredDevice): readonly KeptCertificate[] => {
  const isOver = state === 'retiring' || state === 'retired';
  if (certificates !== undefined)
    return isOver ? certificates.map((each) => ({ ...each, state: 'revoked' })) : certificates;
  if (id === undefined) return [];
  const now = isOver ? 'revoked' : state === 'active' ? 'active' : 'pending';
  return [{ id, arn, pem, state: now, createdAt, createdBy }];
};

const toItem = ({ device, enrolment: kept, formerSites }: StoredDevice): Item => ({
  ...deviceToItem(device),
  enrolment: marshalValue(kept),
  ...(formerSites.length === 0 ? {} : { formerSites: marshalValue(formerSites) }),
});

const unshown = z.object({ enrolment, formerSites: z.array(formerSite).default([]) });

const fromItem = (item: Item): StoredDevice => ({
  device: deviceFromItem(item),
  ...unshown.parse(unmarshal(item)),
});

/** Reads a device as it is now. */
export const readDevice = async (registry: Registry, id: string): Promise<StoredDevice | undefined> => {
  const item = await readItem(registry, deviceKey(id), META);
  return item === undefined ? undefined : fromItem(item);
};

/** The site that a device is at; `undefined` when it is not registered. Half a read: it may be a moment old. */
export const readSite = async ({ client, table }: Registry, id: string): Promise<string | undefined> => {
  const get = new GetItemCommand({
    TableName: table,
    Key: marshal({ pk: deviceKey(id), sk: META }),
    ProjectionExpression: 'site',
  });
  return (await client.send(get)).Item?.['site']?.S;
};

const reported = deviceFacts.extend({ at: z.string() });

/** Reads a device with its connection, what it reports, and its lease, as they are now. 1 Query. */
export const readDetail = async (
  registry: Registry,
  id: string,
  now: Date,
): Promise<DeviceDetail | undefined> => {
  const question = { condition: 'pk = :pk', values: marshal({ ':pk': deviceKey(id) }), consistent: true };
  const items = (await Array.fromAsync(queryPages(registry.client, registry.table, question))).flat();
  const part = (sk: string): Item | undefined => items.find((item) => item['sk']?.S === sk);
  const meta = part(META);
  if (meta === undefined) return undefined;
  const connected = part(CONNECTION);
  const facts = part(REPORTED);
  const lease = leaseFromItem(part(LEASE), now);
  return {
    ...deviceFromItem(meta),
    connection: connected === undefined ? { state: 'unknown' } : connection.parse(unmarshal(connected)),
    ...(facts === undefined ? {} : { reported: reported.parse(unmarshal(facts)) }),
    ...(lease === undefined ? {} : { lease }),
  };
};

/**
 * Writes a device that is not there yet.
 * @throws {ConditionFailed} when it is there
 */
export const createDevice = async (registry: Registry, stored: StoredDevice): Promise<void> => {
  await createItem(registry, toItem(stored));
};

/**
 * Writes a device over the version it was made from.
 * @param stored with a version one above that in the table
 * @throws {ConditionFailed} when the table holds another version
 */
export const replaceDevice = async (registry: Registry, stored: StoredDevice): Promise<void> => {
  await replaceItem(registry, toItem(stored), stored.device.version - 1);
};

/** What a list asks for; `after` is a list key, excluded. */
export interface ListRange {
  /** Absent: all sites. */
  readonly site: string | undefined;
  readonly after: string | undefined;
  readonly type: string | undefined;
  readonly state: Device['state'] | undefined;
  /** Items looked at, at most. */
  readonly limit: number;
}

export interface ListSlice {
  readonly devices: readonly Device[];
  /** List key of the last item looked at; absent at the end of the range. */
  readonly seen: string | undefined;
}

/**
 * List keys hold letters, digits, hyphens and `#`. `!` sorts before all of them, so a key with it appended is
 * the next possible key; `$` comes right after `#`, so a site with it appended ends the site.
 */
const startOf = ({ after, site }: ListRange): string =>
  after !== undefined ? `${after}!` : site !== undefined ? `${site}#` : '!';
const endOf = ({ site }: ListRange): string => (site === undefined ? '~' : `${site}$`);

/** One Query over devices in the order of site and identifier. */
export const listDevices = async (registry: Registry, range: ListRange): Promise<ListSlice> => {
  const filtered = (['type', 'state'] as const).filter((name) => range[name] !== undefined);
  const { items, next } = await readPage(registry.client, registry.table, {
    index: LISTING_INDEX.name,
    condition: 'kind = :kind AND listKey BETWEEN :low AND :high',
    values: marshal({
      ':kind': 'DEVICE',
      ':low': startOf(range),
      ':high': endOf(range),
      ':type': range.type,
      ':state': range.state,
    }),
    ...(filtered.length === 0
      ? {}
      : {
          filter: filtered.map((name) => `#${name} = :${name}`).join(' AND '),
          names: Object.fromEntries(filtered.map((name) => [`#${name}`, name])),
        }),
    consistent: false,
    limit: range.limit,
  });
  return { devices: items.map(deviceFromItem), seen: next?.['listKey']?.S };
};
