import { expect, it } from 'vitest';
import { csvRows, type FleetLine, fleetLines } from '../../../../bin/cli/client/fleet-file.ts';

const read = (text: string, defaults = {}): FleetLine[] => [...fleetLines(text, defaults)];

it('reads CSV with quotes, line breaks, CRLF and a byte order mark, and says where rows begin', () => {
  expect([...csvRows('\u{feff}a,"b ""x"", y"\r\n\r\n"two\nlines",\n1,2,')]).toEqual([
    { line: 1, cells: ['a', 'b "x", y'] },
    { line: 3, cells: ['two\nlines', ''] },
    { line: 5, cells: ['1', '2', ''] },
  ]);
});

it.each([
  ['a quote that does not end', 'id\n"a', 2],
  ['text behind a quote', 'id\nx\n"a"b', 3],
  ['a quote within', 'id\na"b', 2],
])('refuses %s, naming the line', (_, text, line) => {
  expect(() => read(text)).toThrow(`line ${line}: a quote`);
});

it('reads devices with place and labels, and what they leave out', () => {
  const text = 'id,site,name,latitude,longitude,room,label.bench\na1,lab-2,One,1.5,2,R1,3\na2,,,,,,\n';
  expect(read(text, { site: 'lab-1', type: 'meter' })).toEqual([
    {
      line: 2,
      entry: {
        id: 'a1',
        site: 'lab-2',
        type: 'meter',
        name: 'One',
        location: { latitude: 1.5, longitude: 2, room: 'R1' },
        labels: { bench: '3' },
      },
    },
    { line: 3, entry: { id: 'a2', site: 'lab-1', type: 'meter' } },
  ]);
});

it('says of each line what is wrong with it', () => {
  const text = 'id,site,type,latitude,longitude\nA b,s,t,,\nb,s,,,\nc,s,t,x,1\nd,s,t,1,2,3\n';
  const lines = read(text).map((each) => ('error' in each ? `${each.line} ${each.error}` : each.line));
  expect(lines).toEqual([
    expect.stringMatching(/^2 id: use lower-case letters/),
    expect.stringMatching(/^3 type: /),
    expect.stringMatching(/^4 location\.latitude: /),
    '5 has 6 cells, the heading 5',
  ]);
});

it.each(['site\nx', 'id,colour\na,b', 'id,id\na,b', 'id,csr\na,b'])('refuses the heading of %j', (text) => {
  expect(() => read(text)).toThrow('line 1: name columns once');
});

it('reads NDJSON line by line', () => {
  const text = '{"id":"a","site":"s","type":"t","labels":{"x":"1"}}\n\n{broken\n[1]\n{"id":"b","csr":"x"}\n';
  expect(read(text, { site: 's', type: 't' })).toEqual([
    { line: 1, entry: { id: 'a', site: 's', type: 't', labels: { x: '1' } } },
    { line: 3, id: undefined, error: 'is no JSON' },
    { line: 4, id: undefined, error: expect.any(String) },
    { line: 5, id: 'b', error: expect.stringContaining('csr') },
  ]);
});
