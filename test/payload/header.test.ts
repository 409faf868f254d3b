import { describe, expect, it } from 'vitest';
import { decode, refused, rows, T } from './decoding.ts';

describe('the header', () => {
  it.each<[object, string, string]>([
    [{ v: 2 }, 'unsupported-version', '/v'],
    [{ v: '1' }, 'invalid-structure', '/v'],
    [{ v: undefined }, 'invalid-structure', '/v'],
    [{ session: '' }, 'invalid-structure', '/session'],
    [{ session: 'a b' }, 'invalid-structure', '/session'],
    [{ session: 'x'.repeat(65) }, 'invalid-structure', '/session'],
    [{ session: 's', seq: -1 }, 'invalid-structure', '/seq'],
    [{ session: 's', seq: 1.5 }, 'invalid-structure', '/seq'],
    [{ session: 's', seq: '1' }, 'invalid-structure', '/seq'],
    [{ session: 's', seq: 2 ** 53 }, 'invalid-structure', '/seq'],
    [{ seq: 1 }, 'invalid-structure', '/session'],
    [{ session: 's', ack: true }, 'invalid-structure', '/seq'],
    [{ session: 's', seq: 1, ack: 'yes' }, 'invalid-structure', '/ack'],
    [{ data: {} }, 'invalid-structure', '/data'],
    [{ data: undefined }, 'invalid-structure', '/data'],
    [{ data: [] }, 'no-content', ''],
    [{ data: [], device: {} }, 'no-content', ''],
    [{ c: {} }, 'invalid-structure', ''],
  ])('with %j is refused as %s', (part, code, pointer) => {
    const document = { ...rows({ n: 'a', t: T, v: 1 }), ...part };
    expect(() => decode(document)).toThrow(code === 'no-content' ? refused(code) : refused(code, pointer));
  });

  it('with a wrong time or fact loses only that', () => {
    expect(
      decode({ ...rows({ n: 'a', t: T, v: 1 }), sent: 'x', device: { ip: 'x', mac: 5, firmware: '1' } }),
    ).toMatchObject({
      sent: undefined,
      facts: { firmware: '1' },
      points: 1,
      faults: [
        { code: 'invalid-time', pointer: '/sent', points: 0 },
        { code: 'invalid-structure', pointer: '/device/mac', points: 0 },
        { code: 'invalid-structure', pointer: '/device/ip', points: 0 },
      ],
    });
    expect(decode({ ...rows(), device: 5 })).toMatchObject({
      facts: undefined,
      faults: [{ pointer: '/device' }],
    });
  });
});
