/** The chains of the audit in a real table: appended to by many at once, and by those who die in the middle. */
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ChainVerifier } from '../../../../contracts/audit-chain.ts';
import { canonicalHash } from '../../../../contracts/audit-seal.ts';
import type { AuditEntry } from '../../../../contracts/resources/audit.ts';
import type { Logger } from '../../../../lambdas/runtime/logger.ts';
import { marshal } from '../../../../lambdas/store/dynamodb/attributes.ts';
import {
  AuditContended,
  appendEntry,
  auditDayKey,
  auditHeadKey,
  auditInto,
} from '../../../../lambdas/store/registry/audit.ts';
import { type AuditRange, listEntries } from '../../../../lambdas/store/registry/audit-list.ts';
import type { Registry } from '../../../../lambdas/store/registry/keys.ts';
import { auditRecordOf } from '../../../support/audit.ts';
import { type Aws, startAws } from '../../../support/aws.ts';

let aws: Aws;
let registry: Registry;
beforeAll(async () => {
  aws = await startAws();
  registry = { client: aws.dynamo, table: aws.registryTable };
}, 30_000);
afterAll(() => aws.close());
afterEach(() => {
  aws.heal();
  vi.useRealTimers();
});

const append = (site: string, number: number): Promise<AuditEntry> =>
  appendEntry(registry, auditRecordOf(number, { site }));

const EVERYTHING = { after: '0', before: '~', subject: undefined, descending: false, limit: 1000 };

/** All of a site, page by page. */
const read = async (site: string, more: Partial<AuditRange> = {}): Promise<AuditEntry[]> => {
  const found: AuditEntry[] = [];
  let range: AuditRange = { ...EVERYTHING, site, ...more };
  for (;;) {
    const { entries, seen } = await listEntries(registry, range);
    found.push(...entries);
    if (seen === undefined) return found;
    range = { ...range, [range.descending ? 'before' : 'after']: seen };
  }
};

/** Each entry once, and chains without a gap or a fork. */
const verified = async (site: string): Promise<AuditEntry[]> => {
  const entries = await read(site);
  const verifier = new ChainVerifier(canonicalHash);
  for (const entry of entries) verifier.take(entry);
  for (const { first } of verifier.stretches) expect(first).toBe(1);
  return entries;
};
const requests = (entries: readonly AuditEntry[]): string[] =>
  entries.map(({ requestId }) => requestId).sort();

describe('appending', () => {
  it('makes one chain where nobody else does, with 1 read and 2 writes an entry', async () => {
    for (let number = 0; number < 5; number += 1) await append('alone', number);
    aws.calls.length = 0;
    const entry = await append('alone', 5);
    expect(entry).toMatchObject({ lane: 0, seq: 6 });
    expect(aws.calls.map(({ action }) => action)).toEqual([
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:PutItem',
    ]);
    expect(await verified('alone')).toHaveLength(6);
  });

  it('by many at once leaves no gap, no fork, and nothing out', async () => {
    const numbers = Array.from({ length: 80 }, (_, number) => number);
    const entries = await Promise.all(numbers.map((number) => append('crowd', number)));
    const found = await verified('crowd');
    expect(requests(found)).toEqual(requests(entries));
    expect(new Set(found.map(({ requestId }) => requestId)).size).toBe(80);
  });

  it('goes on over midnight, and after a clock that was ahead', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    for (const [number, time] of ['T23:59:59.999Z', 'T00:00:00.001Z', 'T12:00:00Z'].entries()) {
      vi.setSystemTime(`2026-03-0${number === 1 ? 2 : 1}${time}`);
      await append('midnight', number);
    }
    const found = await verified('midnight');
    expect(found.map(({ at }) => at)).toEqual([
      '2026-03-01T23:59:59.999Z',
      '2026-03-02T00:00:00.001Z',
      '2026-03-02T00:00:00.001Z',
    ]);
  });

  it('gives up when others are always quicker, and says so', async () => {
    aws.fail('dynamodb:PutItem', { code: 'ConditionalCheckFailedException', status: 400, left: 1000 });
    await expect(append('busy', 0)).rejects.toThrow(AuditContended);
    aws.heal();
    expect(await verified('busy')).toEqual([]);
  });

  // The calls of an append: the newest entry is filed, the day is noted twice, the head moves on.
  it.each(['before', 'after'] as const)('holds when it dies %s any of its writes', async (when) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const site = `dying-${when}`;
    const sure: string[] = [];
    for (let step = 0; step < 12; step += 1) {
      // A new day with each fourth, so that every kind of write is met.
      vi.setSystemTime(`2026-03-0${1 + Math.floor(step / 4)}T00:00:${10 + step}Z`);
      aws.fail('dynamodb:PutItem', { when, skip: step % 4, left: 1, status: 400, code: 'Died' });
      const attempt = await append(site, step).then(
        () => true,
        () => false,
      );
      if (attempt) sure.push(`request-${step}`);
      aws.heal();
      await append(site, step + 100);
      sure.push(`request-${step + 100}`);
    }
    expect(requests(await verified(site))).toEqual(expect.arrayContaining(sure));
  });

  it('writes one entry when the answer of a write is lost and the SDK tries again', async () => {
    await append('lost', 0);
    // Of the two writes of an entry the second moves the head.
    aws.fail('dynamodb:PutItem', {
      when: 'after',
      skip: 1,
      left: 1,
      status: 500,
      code: 'InternalServerError',
    });
    await append('lost', 1);
    aws.heal();
    await append('lost', 2);
    expect(requests(await verified('lost'))).toEqual(['request-0', 'request-1', 'request-2']);
  });
});

describe('lists', () => {
  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    for (let number = 0; number < 40; number += 1) {
      vi.setSystemTime(Date.UTC(2026, 2, 1 + 3 * Math.floor(number / 10), 10, 0, number));
      // Three at once: more than one chain.
      await Promise.all([0, 1, 2].map((each) => append('list', number * 3 + each)));
    }
    vi.useRealTimers();
  }, 60_000);

  it.each([1, 7, 100])('give each entry once in pages of %d, from either end', async (limit) => {
    const all = await verified('list');
    expect(all).toHaveLength(120);
    expect(new Set(all.map(({ lane }) => lane)).size).toBeGreaterThan(1);
    expect(await read('list', { limit })).toEqual(all);
    expect(await read('list', { limit, descending: true })).toEqual(all.toReversed());
  });

  it('are bounded by time and by subject', async () => {
    const all = await verified('list');
    const range = { after: '2026-03-01T10:00:05.000Z', before: '2026-03-04T10:00:12.000Z' };
    const within = all.filter(({ at }) => at >= range.after && at < range.before);
    expect(within).toHaveLength(21);
    expect(await read('list', { ...range, limit: 5 })).toEqual(within);
    const mine = within.filter(({ actor }) => actor.subject === 'user-1');
    expect(await read('list', { ...range, subject: 'user-1', limit: 2, descending: true })).toEqual(
      mine.toReversed(),
    );
    expect(await read('list', { after: range.before, before: range.after })).toEqual([]);
  });
});

describe('what somebody with access to the table does', () => {
  const change = async (pk: string, sk: string, edit: (entry: AuditEntry) => void): Promise<void> => {
    const Key = marshal({ pk, sk });
    const { Item = {} } = await aws.dynamo.send(new GetItemCommand({ TableName: registry.table, Key }));
    const entry: AuditEntry = JSON.parse(Item['entry']?.S ?? '');
    edit(entry);
    const changed = { ...Item, entry: { S: JSON.stringify(entry) } };
    await aws.dynamo.send(new PutItemCommand({ TableName: registry.table, Item: changed }));
  };
  const rename = (entry: AuditEntry): void => {
    entry.actor.name = 'eve';
  };

  it('to an entry of a day, or to the newest, is found', async () => {
    for (let number = 0; number < 4; number += 1) await append('touched', number);
    const [, second] = await verified('touched');
    await change(auditHeadKey('touched'), '00', rename);
    await expect(verified('touched')).rejects.toThrow('entry 4 of chain 0 is not what its hash was made of');
    const position = `${second?.at}#00#000000000002`;
    await change(auditDayKey('touched', second?.at.slice(0, 10) ?? ''), position, rename);
    await expect(verified('touched')).rejects.toThrow('entry 2 of chain 0 is not what its hash was made of');
  });
});

describe('tries that do not succeed', () => {
  const errors: object[] = [];
  const logger = { error: (...line: object[]) => errors.push(line) } as unknown as Logger;

  it('are told ten times a minute, then counted, for each caller and operation', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime('2026-03-01T10:00:30Z');
    const audit = auditInto(registry, logger);
    const denied = { site: 'flood', outcome: 'denied', code: 'forbidden' } as const;
    for (let count = 0; count < 50; count += 1) await audit(auditRecordOf(0, denied));
    await audit(auditRecordOf(1, denied));
    await audit(auditRecordOf(0, { ...denied, action: 'retireDevice' }));
    await audit(auditRecordOf(0, { site: 'flood' }));
    vi.setSystemTime('2026-03-01T10:01:00Z');
    await audit(auditRecordOf(0, denied));
    const found = await verified('flood');
    expect(found).toHaveLength(16);
    expect(found.flatMap(({ tries }) => tries ?? [])).toEqual([20, 40]);
  });

  it('stand in the log when they cannot be written, as changes do', async () => {
    aws.fail('dynamodb:PutItem', { status: 400, code: 'AccessDeniedException' });
    const audit = auditInto(registry, logger);
    const record = auditRecordOf(0, { site: 'unwritable' });
    await expect(audit(record)).rejects.toThrow();
    expect(errors).toEqual([['the change was made, but not audited', { record, error: expect.any(Error) }]]);
  });
});
