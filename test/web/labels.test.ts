import { expect, test } from 'vitest';
import { labelsOf, labelsPatch, labelsText } from '../../web/src/pages/device/labels.ts';

test('labels come back as they were written', () => {
  const labels = { bench: 'left', url: 'https://example.org/a b' };
  expect(labelsOf(`\n${labelsText(labels)}\n`)).toEqual(labels);
});

test.each(['bench', 'bench:', ': left', 'a: 1\na: 2'])('%j is refused', (text) => {
  expect(labelsOf(text)).toBeUndefined();
});

test('a change takes away what is gone, and names only what differs', () => {
  expect(labelsPatch({ a: '1', b: '2', c: '3' }, { a: '1', b: '4', d: '5' })).toEqual({
    b: '4',
    c: null,
    d: '5',
  });
});
