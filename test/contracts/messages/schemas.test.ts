import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { type Message, UndecodableMessage } from '../../../contracts/messages/message.ts';
import { columnsMessage, jsonMessage, rowsMessage, senmlPack } from '../../../contracts/messages/schemas.ts';
import { decodeBytes } from '../../payload/decoding.ts';
import { columnsDocument, mutated, rowsDocument, senmlDocument } from '../../support/payload-documents.ts';

const ARRIVAL = Date.UTC(2026, 2, 1, 10) * 1000;

const decode = (text: string): Message | UndecodableMessage => {
  try {
    return decodeBytes(new TextEncoder().encode(text), ARRIVAL);
  } catch (error) {
    if (error instanceof UndecodableMessage) return error;
    throw error;
  }
};

const accounted = ({ columns, faults, points }: Message): void => {
  const stored = columns.reduce((sum, { time }) => sum + time.length, 0);
  const faulty = faults.reduce((sum, fault) => sum + fault.points, 0);
  expect(stored + faulty).toBe(points);
  for (const { time, value, quality, row } of columns) {
    expect(value.length).toBe(time.length);
    expect(quality?.length ?? time.length).toBe(time.length);
    expect(row?.length ?? time.length).toBe(time.length);
  }
};

/** The last: whether the schema says all that decoding checks. */
const formats: readonly [string, fc.Arbitrary<unknown>, z.ZodType, boolean][] = [
  ['rows', rowsDocument, rowsMessage, true],
  ['columns', columnsDocument, columnsMessage, true],
  ['SenML', senmlDocument, senmlPack, false],
];

describe.each(formats)('the published schema of %s', (_, documents, schema, isWhole) => {
  const check = (document: unknown, of: z.ZodType): void => {
    const text = JSON.stringify(document);
    const decoded = decode(text);
    const clean = !(decoded instanceof UndecodableMessage) && decoded.faults.length === 0;
    const taken = of.safeParse(JSON.parse(text)).success;
    if (isWhole || clean) expect(taken, text).toBe(clean);
    if (!(decoded instanceof UndecodableMessage)) accounted(decoded);
  };

  it('takes what decoding takes, whole', () => {
    fc.assert(
      fc.property(documents, (document) => check(document, schema)),
      { numRuns: 300 },
    );
  });

  it('takes of broken documents those that decoding takes', () => {
    fc.assert(
      fc.property(mutated(documents), (document) => check(document, jsonMessage)),
      { numRuns: 1500 },
    );
  });
});
