/** SenML in CBOR: the labels of RFC 8428 §6 as integers, the rest as in JSON. */

import { UndecodableMessage } from '../contracts/messages/message.ts';
import { type CborValue, readCbor } from './cbor.ts';
import type { SenmlRecord } from './senml.ts';
import { CBOR_LABELS } from './senml-labels.ts';

const byNumber = new Map<number, string>(
  Object.entries(CBOR_LABELS).map(([label, number]) => [number, label]),
);

const toRecord = (value: CborValue, at: number): SenmlRecord => {
  if (!(value instanceof Map)) {
    throw new UndecodableMessage('invalid-structure', 'A record is a map.', `/${at}`);
  }
  const record: Record<string, unknown> = Object.create(null);
  for (const [key, member] of value as ReadonlyMap<number | string, CborValue>) {
    // Integers without a meaning are extensions that need not be understood.
    const label = typeof key === 'string' ? key : byNumber.get(key);
    if (label === undefined) continue;
    if (label in record) throw new UndecodableMessage('malformed-cbor', `The label ${label} stands twice.`);
    record[label] = member;
  }
  return record;
};

/**
 * Reads a SenML pack in CBOR into records as JSON would give them.
 * @throws {UndecodableMessage} `malformed-cbor`, or `invalid-structure` when it is no array of maps
 */
export const readSenmlCbor = (bytes: Uint8Array): readonly SenmlRecord[] => {
  const pack = readCbor(bytes);
  if (!Array.isArray(pack)) throw new UndecodableMessage('invalid-structure', 'A pack is an array.', '');
  return pack.map(toRecord);
};
