/** `audit-roots` with a real table and a bucket that locks what is put there. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Context } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { NO_HASH } from '../../../../contracts/audit-chain.ts';
import { type AuditRoot, RootCheck } from '../../../../contracts/audit-roots.ts';
import { canonicalHash } from '../../../../contracts/audit-seal.ts';
import type { RootsReport } from '../../../../lambdas/functions/audit-roots/handler.ts';
import { appendEntry } from '../../../../lambdas/store/registry/audit.ts';
import { listEntries } from '../../../../lambdas/store/registry/audit-list.ts';
import { openS3 } from '../../../../local/endpoint/s3/index.ts';
import { AwsError, type AwsService } from '../../../../local/types.ts';
import { auditRecordOf } from '../../../support/audit.ts';
import { type Answer, type Aws, type Request, serveWith, serviceOf, startAws } from '../../../support/aws.ts';
import { assembly, resource, SmallIam, silent } from '../../../support/endpoint.ts';

const BUCKET = 'roots';
const LOCKED = resource('AWS::S3::Bucket', BUCKET, {
  VersioningConfiguration: { Status: 'Enabled' },
  ObjectLockEnabled: true,
  ObjectLockConfiguration: {
    ObjectLockEnabled: 'Enabled',
    Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 10 } },
  },
});

let aws: Aws;
let s3: AwsService;
let refused: string | undefined;
let call: (remaining?: number) => Promise<RootsReport>;
const closing: (() => Promise<unknown>)[] = [];

const ofS3 = async (request: Request): Promise<Answer> => {
  try {
    if (refused === request.method) throw new AwsError('AccessDenied', 'for a test', 403);
    const reply = await s3.handle({ ...request, caller: 'test', session: 'test' });
    return { ...reply, status: reply.status };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { status: error.status, headers: {}, body: `<Error><Code>${error.code}</Code></Error>` };
  }
};
const requestOf = (method: string, url: string, body = ''): Request => ({
  method,
  url,
  headers: {},
  body: Buffer.from(body),
});

beforeAll(async () => {
  aws = await startAws();
  const opened = await openS3(assembly([LOCKED]), new SmallIam(), undefined, new Map(), silent);
  s3 = opened.service;
  const server = createServer(
    serveWith((request) => (serviceOf(request) === 's3' ? ofS3(request) : aws.answer(request))),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.env['AWS_ENDPOINT_URL'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env['AUDIT_ROOTS_BUCKET'] = BUCKET;
  const { handler } = await import('../../../../lambdas/functions/audit-roots/handler.ts');
  call = (remaining = 900_000) => handler({}, { getRemainingTimeInMillis: () => remaining } as Context);
  closing.push(
    opened.close,
    () => aws.close(),
    async () => {
      server.closeAllConnections();
      server.close();
    },
  );
});
afterAll(() => Promise.all(closing.map((close) => close())));
afterEach(() => {
  refused = undefined;
  aws.heal();
  vi.useRealTimers();
});

const at = (time: string): void => {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(time);
};
const registry = () => ({ client: aws.dynamo, table: aws.registryTable });
const append = async (time: string, site: string | null, number = 0): Promise<void> => {
  at(time);
  await appendEntry(registry(), auditRecordOf(number, { site }));
};
const rootText = async (day: string): Promise<string> =>
  String((await ofS3(requestOf('GET', `/${BUCKET}/audit-roots/${day}.json`))).body);
const root = async (day: string): Promise<AuditRoot> => JSON.parse(await rootText(day)) as AuditRoot;

it('does nothing while no day with entries is over', async () => {
  at('2026-03-01T12:00:00Z');
  expect(await call()).toEqual({ days: [] });
  await append('2026-03-01T12:00:00Z', 'lab-1');
  await append('2026-03-01T12:00:01Z', 'lab-1', 1);
  await append('2026-03-01T12:00:02Z', null);
  at('2026-03-02T00:59:59Z');
  expect(await call()).toEqual({ days: [] });
});

it('keeps where each chain ended, an hour after the day is over, and once', async () => {
  // What is written afterwards is of the next day.
  await append('2026-03-02T00:30:00Z', 'lab-1', 2);
  at('2026-03-02T01:00:00Z');
  expect(await call()).toEqual({ days: ['2026-03-01'] });
  const kept = await root('2026-03-01');
  expect(kept).toEqual({
    day: '2026-03-01',
    previous: NO_HASH,
    chains: [
      { site: null, lane: 0, seq: 1, hash: expect.stringMatching(/^\w{64}$/) },
      { site: 'lab-1', lane: 0, seq: 2, hash: expect.stringMatching(/^\w{64}$/) },
    ],
  });
  const text = await rootText('2026-03-01');
  expect(await call()).toEqual({ days: [] });
  expect(await rootText('2026-03-01')).toBe(text);
});

it('a call that fails changes nothing, and the next makes up for all days that were missed', async () => {
  await append('2026-03-04T10:00:00Z', 'lab-2');
  at('2026-03-06T01:00:00Z');
  refused = 'PUT';
  await expect(call()).rejects.toThrow('AccessDenied');
  refused = undefined;
  aws.fail('dynamodb:Query');
  await expect(call()).rejects.toThrow();
  aws.heal();
  // Too little time is left to begin a day.
  expect(await call(59_999)).toEqual({ days: [] });
  expect(await call()).toEqual({ days: ['2026-03-02', '2026-03-03', '2026-03-04', '2026-03-05'] });
  expect(await root('2026-03-02')).toMatchObject({
    previous: canonicalHash(await root('2026-03-01')),
    chains: [{ site: 'lab-1', lane: 0, seq: 3 }],
  });
  expect(await root('2026-03-03')).toMatchObject({ chains: [] });
  expect(await root('2026-03-04')).toMatchObject({ chains: [{ site: 'lab-2', seq: 1 }] });
});

it('of calls at the same time one keeps a root, and it stays as it is', async () => {
  at('2026-03-07T01:00:00Z');
  const reports = await Promise.all([call(), call(), call()]);
  expect(reports.flatMap(({ days }) => days)).toEqual(['2026-03-06']);
});

it('nobody can replace or delete a root before its time', async () => {
  at('2026-03-09T01:00:00Z');
  const text = await rootText('2026-03-06');
  const put = requestOf('PUT', `/${BUCKET}/audit-roots/2026-03-06.json`, '{}');
  const md5 = { 'content-md5': 'mZFLkyvTelC5g8XnyQrpOw==' };
  expect(await ofS3({ ...put, headers: md5 })).toMatchObject({ status: 403 });
  expect(await ofS3({ ...put, method: 'DELETE' })).toMatchObject({ status: 403 });
  expect(await rootText('2026-03-06')).toBe(text);
  at('2026-03-17T01:00:01Z');
  expect(await ofS3({ ...put, method: 'DELETE' })).toMatchObject({ status: 204 });
});

it('what the platform holds agrees with the roots', async () => {
  const days = ['01', '02', '03', '04', '05'];
  const roots = await Promise.all(days.map((day) => root(`2026-03-${day}`)));
  const check = new RootCheck(roots, 'lab-1');
  const range = { after: '0', before: '~', subject: undefined, descending: false, limit: 100 };
  const { entries } = await listEntries(registry(), { ...range, site: 'lab-1' });
  for (const [index, entry] of entries.entries()) check.take(entry, index + 1);
  check.end({ site: 'lab-1', from: null, to: '2026-03-06T00:00:00Z' }, entries.length);
  expect(check.agreed).toBe(2);
});
