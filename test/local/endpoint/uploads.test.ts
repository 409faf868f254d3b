/** What S3 keeps of an upload besides its bytes: checksums, and parts. */
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  type ChecksumAlgorithm,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEndpoint } from '../../../local/endpoint/index.ts';
import type { Endpoint } from '../../../local/types.ts';
import { assembly, resource, SmallIam, silent } from '../../support/endpoint.ts';
import { fetchSigned } from '../../support/signing.ts';

const Bucket = 'archive';
const iam = new SmallIam();
const started = Date.now();
let endpoint: Endpoint;
let s3: S3Client;

beforeAll(async () => {
  iam.grants = [['s3:*', '*']];
  endpoint = await startEndpoint({
    assembly: assembly([resource('AWS::S3::Bucket', Bucket, {}, `arn:aws:s3:::${Bucket}`)]),
    iam,
    log: silent,
    host: '127.0.0.1',
    port: 0,
  });
  s3 = new S3Client({
    endpoint: endpoint.url,
    region: 'us-east-1',
    credentials: iam.role,
    maxAttempts: 1,
    forcePathStyle: true,
  });
});
afterAll(async () => {
  s3.destroy();
  await endpoint.close();
});

/** Of the nine bytes by which check values of CRCs are defined, and of their digests. */
const CHECKS = {
  CRC32: 'y/Q5Jg==',
  CRC32C: '4waSgw==',
  CRC64NVME: 'rosUhgp5mIg=',
  SHA1: createHash('sha1').update('123456789').digest('base64'),
  SHA256: createHash('sha256').update('123456789').digest('base64'),
} as const;
const algorithms = Object.entries(CHECKS) as [keyof typeof CHECKS, string][];

describe.each(algorithms)('the checksum %s', (algorithm, value) => {
  const field = `Checksum${algorithm}` as const;
  const head = (Key: string) => s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));

  it('is kept with an object, and given to who asks for it', async () => {
    const Key = `kept-${algorithm}`;
    const put = { Bucket, Key, Body: '123456789', ChecksumAlgorithm: algorithm };
    expect(await s3.send(new PutObjectCommand(put))).toMatchObject({ [field]: value });
    expect(await head(Key)).toMatchObject({ [field]: value, ChecksumType: 'FULL_OBJECT' });
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key })))[field]).toBeUndefined();
    const part = { Bucket, Key, ChecksumMode: 'ENABLED', Range: 'bytes=1-2' } as const;
    expect((await s3.send(new GetObjectCommand(part)))[field]).toBeUndefined();
    await s3.send(new CopyObjectCommand({ Bucket, Key: `${Key}-copy`, CopySource: `${Bucket}/${Key}` }));
    expect(await head(`${Key}-copy`)).toMatchObject({ [field]: value });
  });

  it('that comes behind a stream is kept', async () => {
    const Key = `stream-${algorithm}`;
    const Body = Readable.from(['1234', '56789'].map((text) => Buffer.from(text)));
    const put = { Bucket, Key, Body, ContentLength: 9, ChecksumAlgorithm: algorithm };
    expect(await s3.send(new PutObjectCommand(put))).toMatchObject({ [field]: value });
    expect(await head(Key)).toMatchObject({ [field]: value });
  });

  it('has to fit', async () => {
    const put = { Bucket, Key: 'wrong', Body: '12345678', [field]: value };
    await expect(s3.send(new PutObjectCommand(put))).rejects.toMatchObject({ name: 'BadDigest' });
  });

  it('of parts makes that of the whole', async () => {
    const Key = `parts-${algorithm}`;
    const bodies = [randomBytes(5 * 1024 * 1024), Buffer.from('123456789')];
    const { UploadId, ChecksumType } = await s3.send(
      new CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm: algorithm }),
    );
    expect(ChecksumType).toBe(algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE');
    const parts: (CompletedPart & { readonly [name in typeof field]?: string | undefined })[] = [];
    for (const [at, Body] of bodies.entries()) {
      const part = { Bucket, Key, UploadId, PartNumber: at + 1, Body, ChecksumAlgorithm: algorithm };
      const { ETag, [field]: checksum } = await s3.send(new UploadPartCommand(part));
      parts.push({ PartNumber: at + 1, ETag, [field]: checksum });
    }
    expect(parts[1]?.[field]).toBe(value);
    const complete = (Parts: typeof parts) =>
      s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
    const changed = parts.map((part) => ({ ...part, [field]: value }));
    await expect(complete(changed)).rejects.toMatchObject({ name: 'InvalidPart' });
    const done = await complete(parts);
    const found = await head(Key);
    expect(found).toMatchObject({ [field]: done[field], ChecksumType });
    if (ChecksumType === 'FULL_OBJECT') {
      const Body = Buffer.concat(bodies);
      const whole = { Bucket, Key: 'whole', Body, ChecksumAlgorithm: algorithm };
      expect((await s3.send(new PutObjectCommand(whole)))[field]).toBe(found[field]);
    } else {
      const sums = Buffer.concat(parts.map((part) => Buffer.from(part[field] ?? '', 'base64')));
      const sum = { Bucket, Key: 'sums', Body: sums, ChecksumAlgorithm: algorithm };
      expect(`${(await s3.send(new PutObjectCommand(sum)))[field]}-2`).toBe(found[field]);
    }
  });
});

describe('a checksum', () => {
  const put = async (headers: Record<string, string>, body: string): Promise<string> => {
    const request = { method: 'PUT', url: `${endpoint.url}/archive/x`, headers, body };
    const response = await fetchSigned(request, { credentials: iam.role, service: 's3' });
    return /<Code>(\w+)/.exec(await response.text())?.[1] ?? `${response.status}`;
  };

  it.each<[string, Record<string, string>, string]>([
    ['is not kept when there is none', {}, '200'],
    [
      'is one',
      { 'x-amz-checksum-crc32': CHECKS.CRC32, 'x-amz-checksum-crc32c': CHECKS.CRC32C },
      'InvalidRequest',
    ],
    ['that was announced comes', { 'x-amz-sdk-checksum-algorithm': 'CRC32' }, 'InvalidRequest'],
    ['of another kind is refused by its name', { 'x-amz-checksum-xxhash64': 'AAAA' }, 'NotImplemented'],
    ['of the old kind has to fit as well', { 'content-md5': 'AAAA' }, 'BadDigest'],
  ])('%s', async (_, headers, code) => {
    expect(await put(headers, '123456789')).toBe(code);
  });

  const chunked = {
    'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'x-amz-decoded-content-length': '9',
    'x-amz-trailer': 'x-amz-checksum-crc32',
  };
  const nine = '9\r\n123456789\r\n0\r\n';

  it.each<[string, Record<string, string>, string, string]>([
    ['comes behind chunks', {}, `${nine}x-amz-checksum-crc32:${CHECKS.CRC32}\r\n\r\n`, '200'],
    ['behind chunks has to fit', {}, `${nine}x-amz-checksum-crc32:AAAAAA==\r\n\r\n`, 'BadDigest'],
    ['behind chunks has to come', {}, `${nine}\r\n`, 'MalformedTrailerError'],
    [
      'does not help chunks that are too few',
      { 'x-amz-decoded-content-length': '10' },
      `${nine}x-amz-checksum-crc32:${CHECKS.CRC32}\r\n\r\n`,
      'IncompleteBody',
    ],
    ['does not help chunks that were cut off', {}, '9\r\n12345', 'IncompleteBody'],
  ])('%s', async (_, headers, body, code) => {
    expect(await put({ ...chunked, ...headers }, body)).toBe(code);
  });
});

describe('an upload in parts', () => {
  const begin = async (Key: string, ChecksumAlgorithm?: ChecksumAlgorithm) => {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm }));
    return { Bucket, Key, UploadId };
  };

  it('tells what has come', async () => {
    const upload = await begin('listed', 'CRC32');
    for (const PartNumber of [7, 1, 3]) {
      const Body = 'x'.repeat(PartNumber);
      await s3.send(new UploadPartCommand({ ...upload, PartNumber, Body }));
    }
    const first = await s3.send(new ListPartsCommand({ ...upload, MaxParts: 2 }));
    expect(first).toMatchObject({ IsTruncated: true, NextPartNumberMarker: '3', ChecksumAlgorithm: 'CRC32' });
    expect(first.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [1, 1],
      [3, 3],
    ]);
    expect(first.Parts?.[0]).toMatchObject({
      ETag: expect.stringMatching(/^"[\da-f]{32}"$/),
      ChecksumCRC32: expect.stringMatching(/==$/),
      LastModified: expect.any(Date),
    });
    const rest = await s3.send(new ListPartsCommand({ ...upload, PartNumberMarker: '3' }));
    expect(rest.IsTruncated).toBe(false);
    expect(rest.Parts?.map(({ PartNumber }) => PartNumber)).toEqual([7]);
    await s3.send(new AbortMultipartUploadCommand(upload));
    await expect(s3.send(new ListPartsCommand(upload))).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });

  it('has parts of five mebibytes, but for the last', async () => {
    const upload = await begin('small');
    const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
    for (const PartNumber of [1, 2]) {
      const part = { ...upload, PartNumber, Body: Buffer.alloc(5 * 1024 * 1024 - 1) };
      Parts.push({ PartNumber, ETag: (await s3.send(new UploadPartCommand(part))).ETag });
    }
    const complete = (parts: typeof Parts) =>
      s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } }));
    await expect(complete(Parts)).rejects.toMatchObject({ name: 'EntityTooSmall' });
    await complete(Parts.slice(0, 1));
  });

  it('has checksums of the kind that it was begun with', async () => {
    const upload = await begin('mixed', 'SHA256');
    const part = { ...upload, PartNumber: 1, Body: 'x', ChecksumAlgorithm: 'CRC32' } as const;
    await expect(s3.send(new UploadPartCommand(part))).rejects.toMatchObject({ name: 'InvalidRequest' });
    const wrong = { Bucket, Key: 'x', ChecksumAlgorithm: 'SHA256', ChecksumType: 'FULL_OBJECT' } as const;
    await expect(s3.send(new CreateMultipartUploadCommand(wrong))).rejects.toMatchObject({
      name: 'InvalidRequest',
    });
  });
});

describe('a bucket', () => {
  it('is listed with the day on which it was made', async () => {
    const { Buckets = [], Owner } = await s3.send(new ListBucketsCommand());
    expect(Buckets.map(({ Name }) => Name)).toEqual([Bucket]);
    expect(Math.abs((Buckets[0]?.CreationDate?.getTime() ?? 0) - started)).toBeLessThan(60_000);
    expect(Owner?.ID).toBe('000000000000');
  });

  it('says that it is there, or not', async () => {
    expect(await s3.send(new HeadBucketCommand({ Bucket }))).toMatchObject({ BucketRegion: 'us-east-1' });
    await expect(s3.send(new HeadBucketCommand({ Bucket: 'none' }))).rejects.toMatchObject({
      name: 'NotFound',
    });
  });
});
