/** Many devices and types of the registry at once, and the facts that devices report. */
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { DeviceFacts } from '../../../contracts/resources/devices.ts';
import type { InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import { formatTime, type Micros } from '../../../contracts/time.ts';
import { type Item, marshalValue } from '../dynamodb/attributes.ts';
import { batchGet } from '../dynamodb/batch-get.ts';
import { isWritten } from '../dynamodb/conditions.ts';
import { rulesFromItem, type StoredRules } from './alert-rules.ts';
import { type KnownDevice, knownDeviceFromItem, typeFromItem } from './items.ts';
import { alertRulesKey, deviceKey, ITEM_FORMAT, META, REPORTED, type Registry, typeKey } from './keys.ts';

export interface RegistryExtract {
  /** By identifier; one that is not registered is absent. */
  readonly devices: ReadonlyMap<string, KnownDevice>;
  readonly types: ReadonlyMap<string, InstrumentType>;
  /** Alert rules by type; one that has none is absent. */
  readonly rules: ReadonlyMap<string, StoredRules>;
}

type Kind = 'device' | 'type' | 'rules';

/** Told of an item that cannot be read: what it is about, and why. */
export type OnDamaged = (kind: Kind, id: string, error: unknown) => void;

const kindOf = (item: Item): Kind => {
  const key = item['pk']?.S ?? '';
  if (key.startsWith(alertRulesKey(''))) return 'rules';
  return item['kind']?.S === 'TYPE' || key.startsWith(typeKey('')) ? 'type' : 'device';
};

const refuseDamaged: OnDamaged = (kind, id, error) => {
  throw new Error(`what the registry has of the ${kind} ${id} cannot be read`, { cause: error });
};

/**
 * Reads devices and instrument types by identifier.
 * @param wanted identifiers; repeated ones are read once
 * @param signal ends the waiting between tries
 * @param onDamaged told of each item that cannot be read, which is left out; by default that is an error
 * @throws {ItemsUnread} when DynamoDB leaves keys unread after several tries with back-off
 */
export const readRegistry = async (
  registry: Registry,
  wanted: {
    readonly devices: readonly string[];
    readonly types: readonly string[];
    /** Types of which the alert rules are wanted. */
    readonly rules?: readonly string[];
  },
  signal?: AbortSignal,
  onDamaged: OnDamaged = refuseDamaged,
): Promise<RegistryExtract> => {
  const keys = new Set([
    ...wanted.devices.map(deviceKey),
    ...wanted.types.map(typeKey),
    ...(wanted.rules ?? []).map(alertRulesKey),
  ]);
  const items = await batchGet(
    registry.client,
    registry.table,
    [...keys].map((pk) => ({ pk: { S: pk }, sk: { S: META } })),
    // Consistent: a device that is not found loses its data to the quarantine, so the answer must be true.
    { consistent: true, signal },
  );
  const devices = new Map<string, KnownDevice>();
  const types = new Map<string, InstrumentType>();
  const rules = new Map<string, StoredRules>();
  for (const item of items) {
    const kind = kindOf(item);
    try {
      if (kind === 'rules') {
        const stored = rulesFromItem(item);
        rules.set(stored.type, stored);
      } else if (kind === 'type') {
        const type = typeFromItem(item);
        types.set(type.id, type);
      } else {
        const known = knownDeviceFromItem(item);
        devices.set(known.id, known);
      }
    } catch (error) {
      const id = (item['pk']?.S ?? '').replace(/^[^#]*#/, '');
      onDamaged(kind, id, error);
    }
  }
  return { devices, types, rules };
};

/**
 * Keeps what a device says of itself. Facts that it leaves out stay as they were; nothing is written when
 * nothing changed, or when newer facts are there already.
 * @param at when the message arrived
 * @returns whether anything was written
 */
export const saveReported = async (
  registry: Registry,
  device: string,
  facts: DeviceFacts,
  at: Micros,
): Promise<'saved' | 'unchanged'> => {
  const given = Object.entries(facts).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  if (given.length === 0) return 'unchanged';
  const names: Record<string, string> = { '#micros': 'micros', '#at': 'at', '#format': 'format' };
  const values: Item = {
    ':micros': marshalValue(at),
    ':at': marshalValue(formatTime(at)),
    ':format': marshalValue(ITEM_FORMAT),
  };
  for (const [index, [name, value]] of given.entries()) {
    names[`#f${index}`] = name;
    values[`:f${index}`] = marshalValue(value);
  }
  const sets = given.map((_, index) => `#f${index} = :f${index}`);
  const changes = given.map((_, index) => `attribute_not_exists(#f${index}) OR #f${index} <> :f${index}`);
  const update = new UpdateItemCommand({
    TableName: registry.table,
    Key: { pk: { S: deviceKey(device) }, sk: { S: REPORTED } },
    UpdateExpression: `SET #micros = :micros, #at = :at, #format = :format, ${sets.join(', ')}`,
    ConditionExpression: `attribute_not_exists(#micros) OR (#micros < :micros AND (${changes.join(' OR ')}))`,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  });
  return (await isWritten(registry.client.send(update))) ? 'saved' : 'unchanged';
};
