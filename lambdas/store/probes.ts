/** Probes for health checks: each asks a dependency for something real. */
import { DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { callService } from '../runtime/calls.ts';
import { lookAt } from './objects/objects.ts';

/** Asks a dependency; throws when it does not answer, or not as it should. */
export type Probe = (signal: AbortSignal) => Promise<void>;

/** What a dependency answered. */
export interface Verdict {
  readonly name: string;
  readonly status: 'ok' | 'failing';
  readonly millis: number;
  /** Name of the fault. */
  readonly detail?: string;
}

/** A dependency that answers, but is not ready. */
class NotReady extends Error {
  override readonly name = 'NotReady';
}

const TABLE_READY = new Set(['ACTIVE', 'UPDATING']);

export const probeTable =
  (client: DynamoDBClient, table: string): Probe =>
  async (signal) => {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: table }), {
      abortSignal: signal,
    });
    if (!TABLE_READY.has(Table?.TableStatus ?? '')) throw new NotReady();
  };

export const probeBucket = (bucket: string): Probe => lookAt(bucket);

interface StreamSummary {
  readonly StreamDescriptionSummary?: { readonly StreamStatus?: string };
}

export const probeStream =
  (stream: string): Probe =>
  async (signal) => {
    const input = { StreamName: stream };
    const answer = await callService('kinesis', 'DescribeStreamSummary', input, signal);
    const { StreamDescriptionSummary: summary } = answer as StreamSummary;
    if (!TABLE_READY.has(summary?.StreamStatus ?? '')) throw new NotReady();
  };

/**
 * Asks dependencies side by side, each for no longer than the limit.
 * @param limitMillis how long to wait for each
 * @param onFault is told the whole fault; only its name goes out
 */
export const askAll = async (
  probes: Readonly<Record<string, Probe>>,
  limitMillis: number,
  onFault: (name: string, fault: unknown) => void,
): Promise<Verdict[]> =>
  await Promise.all(
    Object.entries(probes).map(async ([name, probe]): Promise<Verdict> => {
      const start = performance.now();
      const millis = (): number => Math.round((performance.now() - start) * 10) / 10;
      try {
        await probe(AbortSignal.timeout(limitMillis));
        return { name, status: 'ok', millis: millis() };
      } catch (fault) {
        onFault(name, fault);
        return {
          name,
          status: 'failing',
          millis: millis(),
          detail: fault instanceof Error ? fault.name : 'Error',
        };
      }
    }),
  );
