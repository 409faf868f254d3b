import { describe, expect, it } from 'vitest';
import { commandId } from '../../../../contracts/messages/commands.ts';
import { quality } from '../../../../contracts/quality.ts';
import {
  commandDeclaration,
  commandDeclarations,
} from '../../../../contracts/resources/command-declarations.ts';
import { channel } from '../../../../contracts/resources/instrument-types.ts';
import { newCommandId, timeOfCommandId } from '../../../../lambdas/domain/commands/command-id.ts';
import { declarationFaults } from '../../../../lambdas/domain/commands/declarations.ts';
import { interlockFaults } from '../../../../lambdas/domain/commands/interlocks.ts';

const channels = {
  temp: channel.parse({ unit: 'Cel' }),
  door: channel.parse({ unit: '1', type: 'boolean' }),
};
const faults = (command: object) =>
  declarationFaults({ channels, commands: commandDeclarations.parse({ go: command }) }).map(
    ({ pointer }) => pointer,
  );

describe('declarations', () => {
  it('that make sense pass', () => {
    const heat = { properties: { t: { type: 'number', unit: 'Cel', minimum: 1, default: 2 } } };
    expect(faults({ parameters: heat, interlocks: [{ channel: 'door', equals: false, maxAge: 5 }] })).toEqual(
      [],
    );
  });

  it.each([
    [
      { parameters: { properties: { t: { type: 'number', unit: 'degC' } } } },
      '/commands/go/parameters/properties/t/unit',
    ],
    [
      { parameters: { properties: { t: { type: 'number', maximum: 1, default: 2 } } } },
      '/commands/go/parameters/properties/t/default',
    ],
    [{ interlocks: [{ channel: 'flow', min: 1, maxAge: 5 }] }, '/commands/go/interlocks/0/channel'],
    [{ interlocks: [{ channel: 'door', min: 1, maxAge: 5 }] }, '/commands/go/interlocks/0'],
    [{ interlocks: [{ channel: 'temp', equals: 'warm', maxAge: 5 }] }, '/commands/go/interlocks/0/equals'],
  ])('%j is pointed at', (command, pointer) => {
    expect(faults(command)).toEqual([pointer]);
  });

  it.each([
    [{ parameters: { properties: {}, required: ['t'] } }],
    [{ parameters: { properties: { t: { type: 'number', pattern: '(a+)+$' } } } }],
    [{ parameters: { properties: { t: { type: 'object' } } } }],
    [{ parameters: { properties: { 'a b': { type: 'number' } } } }],
    [{ parameters: { properties: { t: { type: 'number', minimum: 1e-200 } } } }],
    [{ interlocks: [{ channel: 'temp', maxAge: 5 }] }],
    [{ timeout: 0 }],
    [{ lock: true }],
  ])('%j is not one', (command) => {
    expect(commandDeclaration.safeParse(command).success).toBe(false);
  });
});

describe('interlocks', () => {
  const now = new Date('2026-03-01T00:01:00Z');
  const at = (seconds: number) => (now.getTime() - seconds * 1000) * 1000;
  const point = (value: number | boolean | string, age = 1, of = 0) => [
    { channel: 'temp', time: at(age), value, quality: of },
  ];
  const check = (lock: object, points: Parameters<typeof interlockFaults>[1]) =>
    interlockFaults([{ channel: 'temp', maxAge: 10, ...lock }], points, now);

  it('hold with a fresh, good value within bounds', () => {
    expect(check({ min: 1, max: 3 }, point(2))).toEqual([]);
    expect(check({ equals: 'idle' }, point('idle'))).toEqual([]);
    expect(check({ equals: false }, point(false))).toEqual([]);
  });

  it('say what stands against a command', () => {
    expect(check({ min: 1 }, [])).toEqual(['nothing is known of temp']);
    expect(check({ min: 1 }, point(2, 11))).toEqual(['the last value of temp is 11 s old, and may be 10 s']);
    expect(check({ min: 1 }, point(2, 1, quality('bad/sensor-failure')))).toEqual([
      'the last value of temp is bad',
    ]);
    expect(check({ min: 3 }, point(2))).toEqual(['temp is 2, and has to be 3 at least']);
    expect(check({ max: 1 }, point(2))).toEqual(['temp is 2, and may be 1 at most']);
    expect(check({ max: 1 }, point('warm'))).toEqual(['temp is warm, and may be 1 at most']);
    expect(check({ equals: true }, point(false))).toEqual(['temp is false, and has to be true']);
  });
});

describe('identifiers of commands', () => {
  it('sort by time and tell it', () => {
    const random = new Uint8Array(10).fill(255);
    const times = ['2026-03-01T00:00:00.000Z', '2026-03-01T00:00:00.001Z', '2040-01-01T00:00:00Z'];
    const ids = times.map((time) => newCommandId(new Date(time), random));
    expect(ids.toSorted()).toEqual(ids);
    expect(ids.map((id) => new Date(timeOfCommandId(id)).getTime())).toEqual(
      times.map((time) => Date.parse(time)),
    );
    for (const id of ids) expect(commandId.safeParse(id).success).toBe(true);
    // The example of the specification: 01ARYZ6S41 is 1469918176385.
    expect(newCommandId(new Date(1469918176385), random).slice(0, 10)).toBe('01aryz6s41');
  });
});
