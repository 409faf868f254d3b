import { describe, expect, it } from 'vitest';
import { ackMessage, errorsMessage } from '../../../contracts/messages/downstream.ts';

describe('an acknowledgement', () => {
  const ack = {
    v: 1,
    session: '01JABC',
    ranges: [
      [0, 4],
      [6, 6],
    ],
    seq: 4,
  };

  it('is read', () => expect(ackMessage.parse(ack)).toEqual(ack));

  it.each([
    { ...ack, v: 2 },
    { ...ack, session: undefined },
    { ...ack, ranges: [] },
    { ...ack, ranges: [[5, 4]] },
    { ...ack, ranges: [[-1, 4]] },
    { ...ack, ranges: [[0, 1.5]] },
    { ...ack, seq: -1 },
  ])('is refused as %j', (wrong) => expect(ackMessage.safeParse(wrong).success).toBe(false));
});

describe('an errors note', () => {
  const note = {
    v: 1,
    session: 's',
    seq: 3,
    codes: [{ code: 'invalid-time', pointer: '/data/0/t', points: 1, detail: 'x' }],
    at: '2026-03-01T10:00:00Z',
    ref: 'quarantine/a',
  };

  it('is read', () => expect(errorsMessage.parse(note)).toEqual(note));

  it('knows only codes of the contract', () => {
    expect(
      errorsMessage.safeParse({ ...note, codes: [{ ...note.codes[0], code: 'bad-luck' }] }).success,
    ).toBe(false);
  });
});
