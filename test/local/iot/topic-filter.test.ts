import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filterFault, topicFault } from '../../../local/iot/limits.ts';
import { isTopicFilter, levelsOf, topicFilter } from '../../../local/iot/topic-filter.ts';

const matches = (filter: string, topic: string): boolean => topicFilter(filter).matches(levelsOf(topic));

// MQTT 3.1.1, section 4.7.1 and 4.7.2.
it.each([
  ['sport/tennis/player1/#', 'sport/tennis/player1', true],
  ['sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
  ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
  ['sport/#', 'sport', true],
  ['#', 'a/b/c', true],
  ['sport/tennis/+', 'sport/tennis/player1', true],
  ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
  ['sport/+', 'sport', false],
  ['sport/+', 'sport/', true],
  ['+/+', '/finance', true],
  ['/+', '/finance', true],
  ['+', '/finance', false],
  ['#', '$SYS/a', false],
  ['+/monitor', '$SYS/monitor', false],
  ['$SYS/#', '$SYS/monitor', true],
])('%s on %s: %s', (filter, topic, expected) => {
  expect(matches(filter, topic)).toBe(expected);
});

it.each(['sport/tennis#', 'sport/tennis/#/ranking', 'sport+', '', 'a\0b'])('%j is no filter', (text) => {
  expect(isTopicFilter(text)).toBe(false);
  expect(() => topicFilter(text)).toThrow(RangeError);
});

it('agrees with the regular expression of a filter', () => {
  const level = fc.constantFrom('a', 'b', '', '+', 'lab');
  fc.assert(
    fc.property(
      fc.array(level, { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      fc.array(fc.constantFrom('a', 'b', '', 'lab'), { minLength: 1, maxLength: 6 }),
      (levels, open, topic) => {
        const filter = [...levels, ...(open ? ['#'] : [])].join('/');
        fc.pre(filter !== '');
        const pattern = levels.map((each) => (each === '+' ? '[^/]*' : each)).join('/');
        const expected = new RegExp(`^${pattern}${open ? '(/.*)?' : ''}$`).test(topic.join('/'));
        expect(matches(filter, topic.join('/'))).toBe(expected);
      },
    ),
  );
});

describe('limits of AWS IoT', () => {
  it('do not count the prefix of Basic Ingest', () => {
    const longest = 'a/b/c/d/e/f/g/h';
    expect(topicFault(longest)).toBeUndefined();
    expect(topicFault(`${longest}/i`)).toMatch(/slashes/);
    expect(topicFault(`$aws/rules/ingest/${longest}`)).toBeUndefined();
    expect(topicFault(`$aws/rules/ingest/${longest}/i`)).toMatch(/slashes/);
    expect(topicFault('$aws/things/x')).toMatch(/reserved/);
    expect(topicFault('$aws/rules/')).toMatch(/reserved/);
  });

  it('count bytes, not characters', () => {
    expect(topicFault('a'.repeat(256))).toBeUndefined();
    expect(topicFault('a'.repeat(257))).toMatch(/bytes/);
    expect(topicFault('€'.repeat(86))).toMatch(/bytes/);
    expect(filterFault('€'.repeat(85))).toBeUndefined();
  });
});
