/** Items of the registry as the words of the contract. */
import * as z from 'zod';
import { isObject } from '../../../contracts/json.ts';
import { channelName } from '../../../contracts/resources/channel-name.ts';
import {
  type CommandDeclaration,
  commandDeclaration,
} from '../../../contracts/resources/command-declarations.ts';
import { type Device, device, location } from '../../../contracts/resources/devices.ts';
import {
  channel,
  type InstrumentType,
  instrumentType,
} from '../../../contracts/resources/instrument-types.ts';
import { formerSite } from '../../domain/devices/former-sites.ts';
import { type Attribute, type Item, marshal, unmarshal } from '../dynamodb/attributes.ts';
import { checkFormat, deviceKey, deviceListKey, ITEM_FORMAT, META, typeKey } from './keys.ts';

/** Devices as they are read: members that nobody here knows are passed over. */
const storedDevice = device.extend({ location: location.strip().optional() }).strip();

/** Commands as they are read: what they were checked by when they were written may know more by now. */
const storedCommand = commandDeclaration.strip().extend({
  parameters: z.custom<CommandDeclaration['parameters']>(isObject),
  interlocks: z.custom<CommandDeclaration['interlocks']>(Array.isArray),
});

/** Instrument types as they are read: members that nobody here knows are passed over. */
const storedType = instrumentType
  .extend({
    channels: z.record(channelName, channel.strip()),
    commands: z.record(z.string(), storedCommand).optional(),
  })
  .strip();

const open = (item: Item): { [name: string]: Attribute } => {
  checkFormat(String(item['pk']?.S), item['format']?.N);
  return unmarshal(item);
};

/**
 * A `META` item of a device.
 * @throws {UnknownFormat}
 * @throws {z.ZodError} when the item is not what the contract says
 */
export const deviceFromItem = (item: Item): Device => storedDevice.parse(open(item));

const knownDevice = device
  .pick({ id: true, site: true, type: true, state: true })
  .extend({ formerSites: z.array(formerSite).optional() });

/** What a device is judged by. */
export type KnownDevice = z.infer<typeof knownDevice>;

/**
 * What a `META` item of a device says of what it is judged by: less work than the whole device.
 * @throws {UnknownFormat}
 * @throws {z.ZodError} when the item is not what the contract says
 */
export const knownDeviceFromItem = (item: Item): KnownDevice => {
  checkFormat(String(item['pk']?.S), item['format']?.N);
  const { id, site, type, state, formerSites } = item;
  return knownDevice.parse({
    id: id?.S,
    site: site?.S,
    type: type?.S,
    state: state?.S,
    ...(formerSites === undefined ? {} : { formerSites: unmarshal({ formerSites })['formerSites'] }),
  });
};

export const deviceToItem = (value: Device): Item =>
  marshal({
    ...value,
    pk: deviceKey(value.id),
    sk: META,
    kind: 'DEVICE',
    listKey: deviceListKey(value.site, value.id),
    format: ITEM_FORMAT,
  });

/**
 * A `META` item of an instrument type.
 * @throws {UnknownFormat}
 * @throws {z.ZodError} when the item is not what the contract says
 */
export const typeFromItem = (item: Item): InstrumentType => {
  const { pk: _pk, sk: _sk, kind: _kind, listKey: _listKey, format: _format, ...rest } = open(item);
  return storedType.parse(rest);
};

export const typeToItem = (value: InstrumentType): Item =>
  marshal({
    ...value,
    pk: typeKey(value.id),
    sk: META,
    kind: 'TYPE',
    listKey: value.id,
    format: ITEM_FORMAT,
  });
