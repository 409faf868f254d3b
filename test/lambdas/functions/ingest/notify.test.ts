import { describe, expect, it, vi } from 'vitest';
import { parseTime } from '../../../../contracts/time.ts';
import { type Notification, notify, toAcks, toErrors } from '../../../../lambdas/functions/ingest/notify.ts';
import { createLogger } from '../../../../lambdas/runtime/logger.ts';
import type { Publish } from '../../../../lambdas/runtime/publisher.ts';

const origin = { site: 'lab', device: 'a' };

describe('an acknowledgement', () => {
  it('is one of each session, with the numbers that are durable', () => {
    expect(
      toAcks(origin, [
        {
          session: 's',
          ranges: [
            [0, 4],
            [7, 7],
          ],
          seq: 4,
        },
        { session: 't', ranges: [[3, 3]], seq: undefined },
      ]),
    ).toEqual([
      {
        topic: 'lab/lab/a/ack',
        document: {
          v: 1,
          session: 's',
          ranges: [
            [0, 4],
            [7, 7],
          ],
          seq: 4,
        },
      },
      { topic: 'lab/lab/a/ack', document: { v: 1, session: 't', ranges: [[3, 3]] } },
    ]);
  });

  it('is cut where the ranges are very many, and each part says the highest durable number', () => {
    const ranges = Array.from({ length: 2001 }, (_, at): [number, number] => [at * 2, at * 2]);
    const acks = toAcks(origin, [{ session: 's', ranges, seq: 0 }]).map(({ document }) => document);
    expect(acks.map((ack) => ('ranges' in ack ? ack.ranges.length : 0))).toEqual([1000, 1000, 1]);
    expect(acks.flatMap((ack) => ('ranges' in ack ? ack.ranges : []))).toEqual(ranges);
    expect(acks.every((ack) => 'seq' in ack && ack.seq === 0)).toBe(true);
  });
});

describe('the note on a quarantined message', () => {
  const arrived = parseTime('2026-03-01T10:00:00Z') ?? 0;
  const arrival = { sequence: '1', arrived, bytes: new Uint8Array() };
  it.each([
    ['a message that could be read', { session: 's', seq: 3 }],
    ['one that could not', {}],
  ])('names why, when, and where it is kept: of %s', (_, identity) => {
    const notes = [{ code: 'too-old' as const, points: 2, pointer: '/data/0', detail: 'eight days' }];
    const quarantined = { arrival, session: undefined, seq: undefined, ...identity, notes };
    expect(toErrors(origin, quarantined, 'quarantine/x')).toEqual({
      topic: 'lab/lab/a/errors',
      document: {
        v: 1,
        ...identity,
        codes: notes,
        at: '2026-03-01T10:00:00.000Z',
        ref: 'quarantine/x',
      },
    });
  });
});

describe('notification', () => {
  const notifications: Notification[] = Array.from({ length: 40 }, (_, at) => ({
    topic: `lab/lab/d${at}/ack`,
    document: { v: 1, session: 's', ranges: [[0, at]] },
  }));
  const signal = new AbortController().signal;

  it('reaches everyone, a few at a time', async () => {
    const told: string[] = [];
    let atOnce = 0;
    let most = 0;
    const publish: Publish = async (topic) => {
      most = Math.max(most, ++atOnce);
      await new Promise(setImmediate);
      atOnce -= 1;
      told.push(topic);
    };
    expect(await notify(publish, notifications, createLogger(), signal)).toBe(0);
    expect(told.sort()).toEqual(notifications.map(({ topic }) => topic).sort());
    expect(most).toBeLessThanOrEqual(16);
    expect(most).toBeGreaterThan(1);
  });

  it('counts whom it could not reach, and reaches the others', async () => {
    const told: string[] = [];
    const publish: Publish = async (topic, _document, given) => {
      expect(given).toBe(signal);
      if (topic.includes('/d3')) throw new Error('refused');
      told.push(topic);
    };
    const logger = createLogger();
    const warn = vi.spyOn(logger, 'warn').mockReturnValue(undefined);
    expect(await notify(publish, notifications, logger, signal)).toBe(11);
    expect(warn).toHaveBeenCalledTimes(11);
    expect(told).toHaveLength(29);
  });
});
