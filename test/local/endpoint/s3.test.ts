import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEndpoint } from '../../../local/endpoint/index.ts';
import { assembly, KEY_ARN, resource, SmallIam, silent } from '../../support/endpoint.ts';

const BUCKETS = [
  resource('AWS::S3::Bucket', 'archive', {}, 'arn:aws:s3:::archive'),
  resource('AWS::KMS::Key', 'k1', {}, KEY_ARN),
  resource(
    'AWS::S3::Bucket',
    'secret',
    {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'k1' } },
        ],
      },
    },
    'arn:aws:s3:::secret',
  ),
];

for (const where of ['in memory', 'on disk']) {
  describe(`s3 ${where}`, () => {
    let iam: SmallIam;
    let s3: S3Client;
    let dataDir: string | undefined;
    let close: () => Promise<void>;
    const Bucket = 'archive';

    async function start() {
      const endpoint = await startEndpoint({
        assembly: assembly(BUCKETS),
        iam,
        log: silent,
        host: '127.0.0.1',
        port: 0,
        ...(dataDir === undefined ? {} : { dataDir }),
      });
      s3 = new S3Client({
        endpoint: endpoint.url,
        region: 'us-east-1',
        credentials: iam.role,
        maxAttempts: 1,
      });
      close = async () => {
        s3.destroy();
        await endpoint.close();
      };
    }

    beforeEach(async () => {
      iam = new SmallIam();
      iam.grants = [['s3:*', '*']];
      dataDir = where === 'on disk' ? await mkdtemp(join(tmpdir(), 'labgate-')) : undefined;
      await start();
    });
    afterEach(async () => {
      await close();
      if (dataDir !== undefined) await rm(dataDir, { recursive: true });
    });

    const put = (Key: string, Body: string | Buffer = Key, more = {}) =>
      s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
    const get = async (Key: string, more = {}) => {
      const reply = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
      return { ...reply, text: (await reply.Body?.transformToString()) ?? '' };
    };

    it('keeps an object with what belongs to it', async () => {
      const Key = "quarantine/2026/ä b+c&d=<é>'/x.json";
      const { ETag } = await put(Key, 'grün', { ContentType: 'text/plain', Metadata: { origin: 'a/b' } });
      const found = await get(Key);
      expect(found).toMatchObject({
        text: 'grün',
        ETag,
        ContentType: 'text/plain',
        ContentLength: 5,
        Metadata: { origin: 'a/b' },
      });
      expect(await s3.send(new HeadObjectCommand({ Bucket, Key }))).toMatchObject({ ContentLength: 5, ETag });
      expect((await get(Key, { Range: 'bytes=1-2' })).ContentRange).toBe('bytes 1-2/5');
      expect((await get(Key, { Range: 'bytes=-1' })).text).toBe('n');
      await expect(get(Key, { Range: 'bytes=9-' })).rejects.toMatchObject({ name: 'InvalidRange' });
      const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }));
      expect(Contents?.map((c) => c.Key)).toEqual([Key]);
      await s3.send(new DeleteObjectCommand({ Bucket, Key }));
      await expect(get(Key)).rejects.toMatchObject({ name: 'NoSuchKey' });
    });

    it('takes a stream, whose length and checksum come in chunks', async () => {
      const parts = Array.from({ length: 40 }, (_, n) => Buffer.alloc(10_000, n));
      const whole = Buffer.concat(parts);
      await s3.send(
        new PutObjectCommand({
          Bucket,
          Key: 'stream',
          Body: Readable.from(parts),
          ContentLength: whole.length,
        }),
      );
      const reply = await s3.send(new GetObjectCommand({ Bucket, Key: 'stream' }));
      expect(reply.ContentEncoding).toBeUndefined();
      expect(Buffer.from((await reply.Body?.transformToByteArray()) ?? []).equals(whole)).toBe(true);
    });

    it('refuses a body that does not fit its checksum', async () => {
      await expect(put('x', 'body', { ChecksumCRC32: 'AAAAAA==' })).rejects.toMatchObject({
        name: 'BadDigest',
      });
    });

    it('writes on condition only', async () => {
      const once = { IfNoneMatch: '*' };
      const [a, b] = await Promise.allSettled([put('once', 'a', once), put('once', 'b', once)]);
      expect([a.status, b.status].sort()).toEqual(['fulfilled', 'rejected']);
      const { ETag } = await get('once');
      await put('once', 'c', { IfMatch: ETag });
      await expect(put('once', 'd', { IfMatch: ETag })).rejects.toMatchObject({ name: 'PreconditionFailed' });
      expect((await get('once')).text).toBe('c');
    });

    it('lists in pages, by prefix and by folder, in the order of bytes', async () => {
      const keys = ['B', 'a/1', 'a/2', 'a/b/3', 'a0', 'ä', 'z', '_'];
      await Promise.all(keys.map((key) => put(key)));
      const seen: string[] = [];
      let ContinuationToken: string | undefined;
      do {
        const page = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 3, ContinuationToken }));
        seen.push(...(page.Contents ?? []).map((c) => c.Key ?? ''));
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken);
      expect(seen).toEqual([...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
      const folder = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'a/', Delimiter: '/' }));
      expect(folder.Contents?.map((c) => c.Key)).toEqual(['a/1', 'a/2']);
      expect(folder.CommonPrefixes).toEqual([{ Prefix: 'a/b/' }]);
      const folders: (string | undefined)[] = [];
      let next: string | undefined;
      do {
        const page = await s3.send(
          new ListObjectsV2Command({ Bucket, Delimiter: '/', MaxKeys: 1, ContinuationToken: next }),
        );
        folders.push(...(page.CommonPrefixes ?? []).map((p) => p.Prefix));
        next = page.NextContinuationToken;
      } while (next);
      expect(folders).toEqual(['a/']);
      await s3.send(
        new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.slice(1).map((Key) => ({ Key })) } }),
      );
      expect((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(1);
    });

    it('puts parts together and copies', async () => {
      const Key = 'big.parquet';
      const { UploadId } = await s3.send(
        new CreateMultipartUploadCommand({ Bucket, Key, ContentType: 'x/y' }),
      );
      const parts = await Promise.all(
        [1, 2].map(async (PartNumber) => {
          const part = { Bucket, Key, UploadId, PartNumber, Body: Buffer.alloc(5_242_880, PartNumber) };
          return { PartNumber, ETag: (await s3.send(new UploadPartCommand(part))).ETag };
        }),
      );
      const done = await s3.send(
        new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts: parts } }),
      );
      expect(done.ETag).toMatch(/^"[\da-f]{32}-2"$/);
      await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/${Key}` }));
      const copy = await s3.send(new HeadObjectCommand({ Bucket, Key: 'copy' }));
      expect(copy).toMatchObject({ ContentLength: 10_485_760, ContentType: 'x/y' });
    });

    it('refuses what a role may not do, and does not say what is not there', async () => {
      iam.grants = [
        ['s3:PutObject', 'arn:aws:s3:::archive/mine/*'],
        ['s3:GetObject', 'arn:aws:s3:::archive/*'],
      ];
      await put('mine/x');
      await expect(put('theirs/x')).rejects.toMatchObject({
        name: 'AccessDenied',
        message: expect.stringContaining('s3:PutObject on resource: arn:aws:s3:::archive/theirs/x'),
      });
      await expect(get('mine/y')).rejects.toMatchObject({
        name: 'AccessDenied',
        message: expect.stringContaining('s3:ListBucket'),
      });
      await expect(s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'mine/x' }))).rejects.toMatchObject({
        name: 'NotImplemented',
        message: expect.stringContaining('tagging'),
      });
    });

    it('asks for the use of a customer key', async () => {
      const object = { Bucket: 'secret', Key: 'x' };
      await expect(s3.send(new PutObjectCommand({ ...object, Body: 'x' }))).rejects.toThrow(
        'kms:GenerateDataKey',
      );
      iam.grants = [...iam.grants, ['kms:GenerateDataKey', KEY_ARN]];
      await s3.send(new PutObjectCommand({ ...object, Body: 'x' }));
      await expect(s3.send(new GetObjectCommand(object))).rejects.toThrow('kms:Decrypt');
      iam.grants = [...iam.grants, ['kms:Decrypt', KEY_ARN]];
      await s3.send(new GetObjectCommand(object));
      iam.grants = [['s3:*', '*']];
      await expect(put('x', 'y', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KEY_ARN })).rejects.toThrow(
        'kms:GenerateDataKey',
      );
      await expect(put('x', 'y', { Tagging: 'a=b' })).rejects.toThrow('x-amz-tagging');
    });

    if (where === 'on disk') {
      it('finds everything again after a restart', async () => {
        await put('kept', 'v1');
        await put('kept', 'v2', { Metadata: { n: '2' } });
        await put('gone');
        await s3.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }));
        await close();
        await start();
        expect(await get('kept')).toMatchObject({ text: 'v2', Metadata: { n: '2' } });
        expect((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(1);
      });
    }
  });
}
