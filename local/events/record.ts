/**
 * Records of a stream as they stand in a function's event. Each is written out as JSON once and kept so: a batch
 * that comes again, or in halves, is only put together anew.
 */
import type { StreamRecord } from '../types.ts';
import type { StreamMapping } from './mapping.ts';

export interface Entry {
  readonly sequenceNumber: string;
  readonly partitionKey: string;
  /** Milliseconds since the epoch. */
  readonly arrival: number;
  readonly json: string;
  /** Bytes of `json`. */
  readonly bytes: number;
  /** Nobody needs the record again. */
  done: boolean;
}

const PLAIN = /^[\w/.:-]*$/;

/** Turns records of one shard into entries. */
export const entryMaker = (mapping: StreamMapping, shardId: string) => {
  const tail =
    `,"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"${shardId}:SEQUENCE",` +
    `"eventName":"aws:kinesis:record","invokeIdentityArn":${JSON.stringify(mapping.roleArn)},` +
    `"awsRegion":${JSON.stringify(mapping.region)},"eventSourceARN":${JSON.stringify(mapping.sourceArn)}}`;
  const [beforeId = '', afterId = ''] = tail.split('SEQUENCE');
  return ({ sequenceNumber, partitionKey, data, arrival }: StreamRecord): Entry => {
    const key = PLAIN.test(partitionKey) ? `"${partitionKey}"` : JSON.stringify(partitionKey);
    const json =
      `{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":${key},"sequenceNumber":"${sequenceNumber}",` +
      `"data":"${data}","approximateArrivalTimestamp":${arrival / 1000}}${beforeId}${sequenceNumber}${afterId}`;
    const extra = PLAIN.test(partitionKey) ? 0 : Buffer.byteLength(key) - key.length;
    return { sequenceNumber, partitionKey, arrival, json, bytes: json.length + extra, done: false };
  };
};

const OPEN = '{"Records":[';
const CLOSE = ']}';

/** Bytes that an event has beside its records and the commas between them. */
export const EVENT_FRAME = OPEN.length + CLOSE.length;

/** The event of a batch, as JSON text. */
export const eventOf = (entries: readonly Entry[]): string =>
  OPEN + entries.map(({ json }) => json).join(',') + CLOSE;
