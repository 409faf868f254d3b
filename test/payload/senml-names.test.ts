import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channelName } from '../../contracts/resources/channel-name.ts';
import { channelOf, isSenmlName } from '../../payload/senml-names.ts';
import { decode, refused } from './decoding.ts';

describe('the channel of a SenML name', () => {
  it.each([
    ['urn:dev:ow:10e2073a01080063:temp', 'temp'],
    ['urn:dev:ow:10e2073a01080063:chamber/temp', 'chamber.temp'],
    ['urn:dev:ow:10e2073a01080063:a:b', 'a.b'],
    ['urn:dev:ow:10e2073a01080063/inlet/temp', 'inlet.temp'],
    ['urn:dev:ops:32473-Refrigerator-5002_door', 'door'],
    ['URN:dev:mac:0024befffe804ff1_Temp', 'temp'],
    ['urn:dev:ow:10e2073a01080063', 'value'],
    ['urn:dev:ow:10e2073a01080063:', 'value'],
    ['urn:uuid:f81d4fae-7dec-11d0:temp', 'urn.uuid.f81d4fae-7dec-11d0.temp'],
    ['lab/device-1/temp', 'lab.device-1.temp'],
    ['temp', 'temp'],
    ['chamber.temp', 'chamber.temp'],
    ['a..b//c:', 'a.b.c'],
    ['2001:db8::2/temperature', 'n2001.db8.2.temperature'],
    ['/3303/0/5700', 'n3303.0.5700'],
    ['urn:dev:os:32473-1:3303/0/5700', 'n3303.0.5700'],
  ])('of %s is %s', (name, channel) => expect(channelOf(name)).toBe(channel));

  it('is one that an instrument type can declare', () => {
    const names = fc.stringMatching(/^(urn:dev:(ow|os):)?\/?[A-Za-z0-9][A-Za-z0-9\-:./_]{0,40}$/);
    fc.assert(
      fc.property(names, (name) => {
        fc.pre(isSenmlName(name));
        expect(channelName.safeParse(channelOf(name)), name).toMatchObject({ success: true });
      }),
      { numRuns: 1000 },
    );
  });

  it.each(['', '/', '//a', '-a', '.a', '_a', 'a b', 'é', 'a\n'])('is not asked of %j', (name) =>
    expect(isSenmlName(name)).toBe(false),
  );
});

describe('names of one message', () => {
  const channelsOf = (...pack: readonly object[]) => decode(pack).columns.map(({ channel }) => channel);

  it('are channels of their own, whatever base name they hang on', () => {
    expect(
      channelsOf(
        { bn: 'urn:dev:ow:1:inlet/', n: 'temp', v: 1 },
        { bn: 'urn:dev:ow:1:outlet/', n: 'temp', v: 2 },
        { bn: '/3303/0/', n: '5700', v: 3 },
        { bn: '/3303/1/', n: '5700', v: 4 },
      ),
    ).toEqual(['inlet.temp', 'outlet.temp', 'n3303.0.5700', 'n3303.1.5700']);
  });

  it('may be split between base name and name in several ways', () => {
    expect(
      decode([
        { bn: 'te', n: 'mp', v: 1 },
        { bn: 'temp', v: 2 },
        { bn: '', n: 'temp', v: 3 },
      ]).columns,
    ).toMatchObject([{ channel: 'temp', value: [1, 2, 3] }]);
  });

  it.each<[string, string, readonly object[]]>([
    [
      'of two devices',
      '/1/n',
      [
        { bn: 'urn:dev:ow:1:', n: 'temp', v: 1 },
        { bn: 'urn:dev:ow:2:', n: 'temp', v: 2 },
      ],
    ],
    [
      'of two devices without names',
      '/1',
      [
        { bn: 'urn:dev:ow:1', v: 1 },
        { bn: 'urn:dev:ow:2', v: 2 },
      ],
    ],
    [
      'that differ in case alone',
      '/1/n',
      [
        { n: 'temp', v: 1 },
        { n: 'Temp', v: 2 },
      ],
    ],
    [
      'that differ in separators alone',
      '/2/n',
      [
        { n: 'a/b', v: 1 },
        { n: 'a/c', v: 2 },
        { n: 'a:b', v: 2 },
      ],
    ],
    [
      'one of which looks like a sum',
      '/1/n',
      [
        { n: 'power', v: 1, s: 5 },
        { n: 'power.sum', v: 2 },
      ],
    ],
    [
      'that look like a sum before it comes',
      '/1/n',
      [
        { n: 'power.sum', v: 2 },
        { n: 'power', v: 1, s: 5 },
      ],
    ],
  ])('are refused when they are one channel: names %s', (_, pointer, pack) => {
    expect(() => decode(pack)).toThrow(refused('ambiguous-channel', pointer));
  });
});
