/** Items of the registry as the words of the contract. */
import { type Device, device } from '../../../contracts/devices.ts';
import { type InstrumentType, instrumentType } from '../../../contracts/instrument-types.ts';
import { type Attribute, type Item, marshal, unmarshal } from '../attributes.ts';
import { deviceKey, deviceListKey, ITEM_FORMAT, META, typeKey, UnknownItemFormat } from './keys.ts';

const open = (item: Item): { [name: string]: Attribute } => {
  const object = unmarshal(item);
  if (object['format'] !== ITEM_FORMAT) throw new UnknownItemFormat(String(object['pk']), object['format']);
  return object;
};

/**
 * A `META` item of a device.
 * @throws {UnknownItemFormat}
 * @throws {z.ZodError} when the item is not what the contract says
 */
export const deviceFromItem = (item: Item): Device => device.parse(open(item));

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
 * @throws {UnknownItemFormat}
 * @throws {z.ZodError} when the item is not what the contract says
 */
export const typeFromItem = (item: Item): InstrumentType => {
  const { pk: _pk, sk: _sk, kind: _kind, listKey: _listKey, format: _format, ...rest } = open(item);
  return instrumentType.parse(rest);
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
