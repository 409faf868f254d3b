import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { deployFiles } from '../../../local/bucket-deployment/index.ts';
import { Bucket } from '../../../local/endpoint/s3/store.ts';
import type { JsonObject } from '../../../local/types.ts';
import { assemblyOf, newLog, resource } from '../../support/hand-made-assembly.ts';

const folder = mkdtempSync(join(tmpdir(), 'labgate-deployment-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Makes the folder of an asset. */
const asset = (key: string, files: Readonly<Record<string, string>>): string => {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, key, path)), { recursive: true });
    writeFileSync(join(folder, key, path), content);
  }
  return key;
};

let bucket: Bucket;
beforeEach(async () => {
  bucket = await Bucket.open('page', undefined, undefined, newLog().log);
});

const deploy = (properties: JsonObject, origins = new Map<string, string>()): Promise<void> => {
  const declared = resource('Custom::CDKBucketDeployment', 'Files', {
    ServiceToken: 'arn:aws:lambda:us-east-1:000000000000:function:provider',
    SourceBucketNames: ['assets'],
    DestinationBucketName: 'page',
    ...properties,
  });
  const assembly = { ...assemblyOf([declared]), assetPath: (key: string) => join(folder, key) };
  return deployFiles({ assembly, buckets: new Map([['page', bucket]]), origins });
};
const keys = (): string[] => bucket.list().map(({ key }) => key);
const textOf = async (key: string): Promise<string> => {
  const head = bucket.head(key);
  return head === undefined ? '' : String(await bucket.read(head));
};

test('files get their place, their type and what is said of all of them', async () => {
  const SourceObjectKeys = [asset('one', { 'a.css': 'a{}', 'deep/b.js': 'b', '.well-known/c': '{}' })];
  await deploy({
    SourceObjectKeys,
    DestinationBucketKeyPrefix: 'x',
    SystemMetadata: { 'cache-control': 'no-cache' },
    UserMetadata: { Who: 'me' },
  });
  expect(keys()).toEqual(['x/.well-known/c', 'x/a.css', 'x/deep/b.js']);
  expect(bucket.head('x/a.css')?.headers).toMatchObject({
    'content-type': 'text/css',
    'cache-control': 'no-cache',
    'x-amz-meta-who': 'me',
  });
  expect(bucket.head('x/.well-known/c')?.headers['content-type']).toBe('binary/octet-stream');
});

test('what has not changed is left as it is', async () => {
  const SourceObjectKeys = [asset('same', { 'a.txt': 'a' })];
  await deploy({ SourceObjectKeys });
  const before = bucket.head('a.txt');
  await deploy({ SourceObjectKeys });
  expect(bucket.head('a.txt')).toBe(before);
  await deploy({ SourceObjectKeys, SystemMetadata: { 'content-type': 'text/x-other' } });
  expect(bucket.head('a.txt')?.headers['content-type']).toBe('text/x-other');
});

test('a prune takes away what is no longer there, below its prefix and by its patterns', async () => {
  await deploy({ SourceObjectKeys: [asset('old', { 'x/a': '1', 'x/b': '1', 'y/c': '1', 'x/kept/d': '1' })] });
  const SourceObjectKeys = [asset('new', { a: '2' })];
  await deploy({ SourceObjectKeys, DestinationBucketKeyPrefix: 'x/', Exclude: ['kept/*'] });
  expect(keys()).toEqual(['x/a', 'x/kept/d', 'y/c']);
  await deploy({ SourceObjectKeys, DestinationBucketKeyPrefix: 'y/', Prune: false });
  expect(keys()).toEqual(['x/a', 'x/kept/d', 'y/a', 'y/c']);
});

test('of patterns that fit a file the last one counts, and a slash is a character', async () => {
  const SourceObjectKeys = [asset('patterns', { 'a.map': '1', 'b.js': '1', 'd/e.js': '1', 'd/f.css': '1' })];
  await deploy({ SourceObjectKeys, Exclude: ['*'], Include: ['*.js'] });
  expect(keys()).toEqual(['b.js', 'd/e.js']);
});

describe('markers', () => {
  const files = { 'said.json': '{"name":"<<marker:0xbaba:0>>","n":1}' };

  test('are filled in, escaped within JSON, and addresses of AWS are those of this computer', async () => {
    await deploy(
      {
        SourceObjectKeys: [
          asset('markers', {
            'said.json': '{"u":"https://<<marker:0xbaba:0>>.aws/x","v":"<<marker:0xbaba:1>>"}',
          }),
        ],
        SourceMarkers: [{ '<<marker:0xbaba:0>>': 'own', '<<marker:0xbaba:1>>': '"$&\n"' }],
        SourceMarkersConfig: [{ jsonEscape: true }],
      },
      new Map([['https://own.aws', 'http://127.0.0.1:1']]),
    );
    expect(JSON.parse(await textOf('said.json'))).toEqual({ u: 'http://127.0.0.1:1/x', v: '"$&\n"' });
  });

  test('change no byte of anything else', async () => {
    const key = asset('binary', {});
    mkdirSync(join(folder, key), { recursive: true });
    const bytes = Buffer.from([0, 0xff, 0xfe, 0x80, 0x0a, 0xc3, 0x28]);
    writeFileSync(join(folder, key, 'x.bin'), bytes);
    await deploy({ SourceObjectKeys: [key], SourceMarkers: [{ '<<m>>': 'ä' }] });
    const head = bucket.head('x.bin');
    expect(head && Buffer.compare(await bucket.read(head), bytes)).toBe(0);
  });

  test('that are no text need JSON', async () => {
    const SourceObjectKeys = [asset('no-text', files)];
    await expect(
      deploy({ SourceObjectKeys, SourceMarkers: [{ '<<marker:0xbaba:0>>': { a: 1 } }] }),
    ).rejects.toThrow('marker <<marker:0xbaba:0>> is no text');
  });
});

test.each([
  [{ Extract: false }, /Files: Extract is not supported locally/],
  [{ SystemMetadata: { 'storage-class': 'GLACIER' } }, /Files: SystemMetadata/],
  [{ Colour: 'blue' }, /Files: Colour is not supported locally/],
  [{ DestinationBucketName: 'other' }, /Files: no bucket other/],
])('%j is refused by name', async (more, message) => {
  await expect(deploy({ SourceObjectKeys: [asset('x', { a: '1' })], ...more })).rejects.toThrow(message);
});
