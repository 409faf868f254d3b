/** Messages as devices send them, all of the same moment, and what the decoder makes of them. */
import { expect } from 'vitest';
import type { Message } from '../../contracts/messages/message.ts';
import { inflaters } from '../../lambdas/domain/ingestion/inflaters.ts';
import { decodeMessage } from '../../payload/decode.ts';

/** When messages arrive; {@link T} is the same. */
export const NOW = Date.UTC(2026, 2, 1, 10) * 1000;
export const T = '2026-03-01T10:00:00.000Z';
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
/** A message of any bytes, as `ingest` reads it. */
export const decodeBytes = (bytes: Uint8Array, arrival = NOW): Message =>
  decodeMessage(bytes, arrival, inflaters);
export const decode = (document: unknown): Message => decodeBytes(utf8(JSON.stringify(document)));
export const rows = (...data: readonly unknown[]) => ({ v: 1, data });
/** The error of a message of which nothing can be used. */
export const refused = (code: string, pointer?: string) =>
  expect.objectContaining({
    name: 'UndecodableMessage',
    code,
    ...(pointer === undefined ? {} : { pointer }),
  });
