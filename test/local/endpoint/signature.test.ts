/** Signatures as AWS's documentation prints them, and what is left of them when anything is changed. */
import { describe, expect, it } from 'vitest';
import { type Received, readSignature } from '../../../local/endpoint/signature/read.ts';
import { verify } from '../../../local/endpoint/signature/verify.ts';
import type { AccessKey } from '../../../local/types.ts';
import { presigned, type Signer, signedHeaders, type Unsigned } from '../../support/signing.ts';

const EXAMPLE: AccessKey = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: '',
  principal: 'somebody',
  session: '',
};
const MAY_2013 = Date.parse('2013-05-24T00:00:00Z');
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

const check = (request: Received, key = EXAMPLE, now = MAY_2013): Promise<void> =>
  verify(request, readSignature(request), key, 'us-east-1', now);

const credential = (service: string, day = '20130524'): string =>
  `Credential=AKIAIOSFODNN7EXAMPLE/${day}/us-east-1/${service}/aws4_request`;

const request = (method: string, url: string, headers: Record<string, string>, body = ''): Received => ({
  method,
  url,
  headers,
  body: Buffer.from(body),
});

describe('the examples of the documentation', () => {
  it('S3: PUT of an object', async () => {
    const put = request(
      'PUT',
      '/test%24file.text',
      {
        host: 'examplebucket.s3.amazonaws.com',
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        'x-amz-date': '20130524T000000Z',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
        authorization: `AWS4-HMAC-SHA256 ${credential('s3')},SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd`,
      },
      'Welcome to Amazon S3.',
    );
    await check(put);
    await expect(check({ ...put, body: Buffer.from('Welcome to Amazon S4.') })).rejects.toMatchObject({
      code: 'XAmzContentSHA256Mismatch',
    });
  });

  it('S3: list of a bucket', async () => {
    await check(
      request('GET', '/?max-keys=2&prefix=J', {
        host: 'examplebucket.s3.amazonaws.com',
        'x-amz-date': '20130524T000000Z',
        'x-amz-content-sha256': EMPTY,
        authorization: `AWS4-HMAC-SHA256 ${credential('s3')}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7`,
      }),
    );
  });

  it('S3: an address', async () => {
    const url =
      '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404';
    const link = request('GET', url, { host: 'examplebucket.s3.amazonaws.com' });
    await check(link);
    await check(link, EXAMPLE, MAY_2013 + 86_400_000);
    await expect(check(link, EXAMPLE, MAY_2013 + 86_401_000)).rejects.toMatchObject({
      code: 'AccessDenied',
      message: 'Request has expired',
    });
  });

  it('IAM: an action, as all services but S3 sign it', async () => {
    const key = {
      ...EXAMPLE,
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    };
    const list = request('GET', '/?Action=ListUsers&Version=2010-05-08', {
      host: 'iam.amazonaws.com',
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'x-amz-date': '20150830T123600Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    });
    await check(list, key, Date.parse('2015-08-30T12:36:00Z'));
  });

  const chunk = (data: string, signature: string): string =>
    `${data.length.toString(16)};chunk-signature=${signature}\r\n${data}${data === '' ? '' : '\r\n'}`;
  const chunked = (kind: string, seed: string, more: Record<string, string>, body: string): Received => {
    const headers: Record<string, string> = {
      host: 's3.amazonaws.com',
      'x-amz-date': '20130524T000000Z',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      'x-amz-content-sha256': kind,
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': '66560',
      ...more,
    };
    const names = Object.keys(headers).sort().join(';');
    const authorization = `AWS4-HMAC-SHA256 ${credential('s3')},SignedHeaders=${names},Signature=${seed}`;
    return request('PUT', '/examplebucket/chunkObject.txt', { ...headers, authorization }, body);
  };
  const big = 'a'.repeat(65_536);
  const rest = 'a'.repeat(1024);

  it('S3: chunks that are signed one by one', async () => {
    const put = chunked(
      'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
      { 'content-length': '66824' },
      chunk(big, 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648') +
        chunk(rest, '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497') +
        chunk('', 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9') +
        '\r\n',
    );
    await check(put);
    for (const [from, to] of [
      ['a\r\n400', 'b\r\n400'],
      ['0055', '0056'],
      ['b6c6', 'b6c7'],
    ] as const) {
      const changed = { ...put, body: Buffer.from(put.body.toString().replace(from, to)) };
      await expect(check(changed)).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
    }
    const cut = { ...put, body: put.body.subarray(0, 65_700) };
    await expect(check(cut)).rejects.toMatchObject({ code: 'IncompleteBody' });
    const more = {
      ...put,
      body: Buffer.concat([put.body, Buffer.from('x-amz-checksum-crc32:AAAAAA==\r\n')]),
    };
    await expect(check(more)).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
  });

  it('S3: chunks and what trails behind them', async () => {
    const put = chunked(
      'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
      '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
      { 'x-amz-trailer': 'x-amz-checksum-crc32c' },
      chunk(big, 'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2') +
        chunk(rest, '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7') +
        chunk('', '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992') +
        'x-amz-checksum-crc32c:sOO8/Q==\r\n' +
        'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n',
    );
    await check(put);
    for (const [from, to] of [
      ['sOO8', 'sOO9'],
      ['x-amz-trailer-signature:d81f', 'x-amz-trailer-signature:d81e'],
      [/x-amz-trailer-signature:\w+\r\n/, ''],
      [/x-amz-checksum-crc32c.*\r\n.*\r\n/, ''],
    ] as const) {
      const changed = { ...put, body: Buffer.from(put.body.toString().replace(from, to)) };
      expect(changed.body).not.toEqual(put.body);
      await expect(check(changed)).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
    }
  });
});

const KEY: AccessKey = { ...EXAMPLE, sessionToken: 'token' };
const NOW = Date.parse('2026-03-01T12:00:00Z');
const JSON_CALL: Unsigned = {
  method: 'POST',
  url: 'http://127.0.0.1:4566/?a=b%20c&a=d&e=',
  headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.GetItem' },
  body: '{"TableName":"t"}',
};
const PUT: Unsigned = {
  method: 'PUT',
  url: 'http://127.0.0.1:4566/archive/a%20b/%C3%A4%2B.json',
  headers: { 'x-amz-meta-note': ' two  words ' },
  body: '{}',
};

/** A request as the endpoint gets it. */
const received = async (unsigned: Unsigned, signer: Partial<Signer> & { service: string }) => {
  const headers = await signedHeaders(unsigned, { credentials: KEY, at: new Date(NOW), ...signer });
  const { pathname, search } = new URL(unsigned.url);
  return request(unsigned.method ?? 'GET', `${pathname}${search}`, headers, String(unsigned.body ?? ''));
};
const refused = (sent: Received, key: AccessKey = KEY, now = NOW): Promise<string> =>
  check(sent, key, now).then(
    () => 'taken',
    (error: { readonly code: string }) => error.code,
  );

describe('a request', () => {
  it.each([
    ['dynamodb', JSON_CALL],
    ['s3', PUT],
    ['iot', { ...PUT, url: 'http://127.0.0.1/things//a%2Fb/../c?x=%2B&x=1&y' }],
  ])('of %s is taken as it was signed', async (service, unsigned) => {
    expect(await refused(await received(unsigned, { service }))).toBe('taken');
  });

  const codes = { s3: 'SignatureDoesNotMatch', dynamodb: 'InvalidSignatureException' } as const;
  describe.each(Object.entries(codes))('of %s is refused with', (service, code) => {
    const unsigned = service === 's3' ? PUT : JSON_CALL;
    it.each<[string, (sent: Received) => Received]>([
      ['another method', (sent) => ({ ...sent, method: 'DELETE' })],
      ['another path', (sent) => ({ ...sent, url: `/x${sent.url}` })],
      [
        'one more parameter',
        (sent) => ({ ...sent, url: `${sent.url}${sent.url.includes('?') ? '&' : '?'}z=1` }),
      ],
      ['another host', (sent) => ({ ...sent, headers: { ...sent.headers, host: 'elsewhere' } })],
      [
        'another value of a signed header',
        (sent) => ({ ...sent, headers: { ...sent.headers, 'x-amz-date': '20260301T120001Z' } }),
      ],
      [
        'a signed header left out',
        ({ headers: { 'x-amz-meta-note': _note, 'x-amz-target': _target, ...headers }, ...sent }) => ({
          ...sent,
          headers,
        }),
      ],
    ])('%s', async (_, change) => {
      expect(await refused(change(await received(unsigned, { service })))).toBe(code);
    });

    it('another secret', async () => {
      const guessed = { ...KEY, secretAccessKey: 'guessed' };
      expect(await refused(await received(unsigned, { service, credentials: guessed }))).toBe(code);
    });
  });

  it('is refused with another body', async () => {
    const body = Buffer.from('{"TableName":"u"}');
    const call = await received(JSON_CALL, { service: 'dynamodb' });
    expect(await refused({ ...call, body })).toBe('InvalidSignatureException');
    const put = await received(PUT, { service: 's3' });
    expect(await refused({ ...put, body })).toBe('XAmzContentSHA256Mismatch');
  });

  it('may leave its body unsigned to S3 alone', async () => {
    const headers = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
    expect(await refused(await received({ ...PUT, headers }, { service: 's3' }))).toBe('taken');
    const call = await received({ ...JSON_CALL, headers }, { service: 'dynamodb' });
    expect(await refused(call)).toBe('InvalidSignatureException');
    const strange = await received(
      { ...PUT, headers: { 'x-amz-content-sha256': 'NONE' } },
      { service: 's3' },
    );
    expect(await refused(strange)).toBe('InvalidArgument');
  });

  it('has a header of its own for each word to S3 that changes what is done', async () => {
    const put = await received(PUT, { service: 's3' });
    const added = { ...put, headers: { ...put.headers, 'x-amz-copy-source': 'archive/secret' } };
    expect(await refused(added)).toBe('AccessDenied');
    const unhosted = String(put.headers.authorization).replace('host;', '');
    expect(await refused({ ...put, headers: { ...put.headers, authorization: unhosted } })).toBe(
      'AccessDenied',
    );
  });

  it.each([
    ['s3', PUT, 'InvalidToken', 'ExpiredToken'],
    ['dynamodb', JSON_CALL, 'UnrecognizedClientException', 'ExpiredTokenException'],
    ['sts', JSON_CALL, 'InvalidClientTokenId', 'ExpiredToken'],
    ['sqs', JSON_CALL, 'InvalidClientTokenId', 'ExpiredToken'],
  ])(
    'of %s needs the token that belongs to the key, while it lasts',
    async (service, unsigned, code, late) => {
      const { sessionToken: _, ...tokenless } = KEY;
      for (const credentials of [
        tokenless,
        { ...KEY, sessionToken: 'nekot' },
        { ...KEY, sessionToken: 'tökén' },
      ]) {
        expect(await refused(await received(unsigned, { service, credentials }))).toBe(code);
      }
      const sent = await received(unsigned, { service });
      expect(await refused(sent, { ...KEY, expires: NOW + 1 })).toBe('taken');
      expect(await refused(sent, { ...KEY, expires: NOW })).toBe(late);
    },
  );

  it.each([
    ['s3', PUT, 'RequestTimeTooSkewed'],
    ['dynamodb', JSON_CALL, 'InvalidSignatureException'],
    ['sts', JSON_CALL, 'SignatureDoesNotMatch'],
  ])('of %s is good for a quarter of an hour', async (service, unsigned, code) => {
    const sent = await received(unsigned, { service });
    const minutes = (count: number) => refused(sent, KEY, NOW + count * 60_000);
    expect(await Promise.all([minutes(-15), minutes(15)])).toEqual(['taken', 'taken']);
    expect(await Promise.all([minutes(-15.1), minutes(15.1)])).toEqual([code, code]);
  });

  it('is for this region', async () => {
    const region = 'eu-central-1';
    expect(await refused(await received(PUT, { service: 's3', region }))).toBe(
      'AuthorizationHeaderMalformed',
    );
    const call = await received(JSON_CALL, { service: 'dynamodb', region });
    expect(await refused(call)).toBe('InvalidSignatureException');
  });

  it.each([
    ['unsigned', '', 'MissingAuthenticationTokenException'],
    ['signed with something else', 'Bearer abc', 'IncompleteSignatureException'],
    ['signed without a scope', 'AWS4-HMAC-SHA256 Credential=a, Signature=b', 'IncompleteSignatureException'],
    [
      'signed without a list of headers',
      `AWS4-HMAC-SHA256 ${credential('dynamodb', '20260301')}, Signature=${EMPTY}`,
      'IncompleteSignatureException',
    ],
    [
      'signed for another day',
      `AWS4-HMAC-SHA256 ${credential('dynamodb', '20260228')}, SignedHeaders=host, Signature=${EMPTY}`,
      'IncompleteSignatureException',
    ],
  ])('that is %s is told so in words of its service', async (_, authorization, code) => {
    const headers = { 'x-amz-target': 'DynamoDB_20120810.GetItem', 'x-amz-date': '20260301T120000Z' };
    const sent = request('POST', '/', { ...headers, authorization });
    expect(() => readSignature(sent)).toThrow(expect.objectContaining({ code, status: 400 }));
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(() => readSignature(request('POST', '/', form))).toThrow(
      expect.objectContaining({ code: 'MissingAuthenticationToken', status: 403 }),
    );
    expect(() => readSignature(request('GET', '/', {}))).toThrow(
      expect.objectContaining({ code: 'AccessDenied', status: 403 }),
    );
  });
});

it('of version 2 is refused by its name', () => {
  const url = '/archive/x?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=x&Expires=1';
  expect(() => readSignature(request('GET', url, {}))).toThrow('Please use AWS4-HMAC-SHA256');
});

describe('an address', () => {
  const link = async (seconds = 60, credentials: Signer['credentials'] = KEY): Promise<Received> => {
    const url = await presigned(
      'http://127.0.0.1:4566/archive/a%20b.csv?response-content-type=text%2Fcsv',
      { credentials, service: 's3', at: new Date(NOW) },
      seconds,
    );
    const { pathname, search, host } = new URL(url);
    return request('GET', `${pathname}${search}`, { host });
  };

  it('is good for what was signed, and for so long', async () => {
    expect(await refused(await link())).toBe('taken');
    expect(await refused(await link(), KEY, NOW + 60_000)).toBe('taken');
    expect(await refused(await link(), KEY, NOW + 60_001)).toBe('AccessDenied');
    expect(await refused(await link(), KEY, NOW - 16 * 60_000)).toBe('AccessDenied');
    expect(await refused(await link(), { ...KEY, expires: NOW + 30_000 }, NOW + 30_000)).toBe('ExpiredToken');
  });

  it.each<[string, (sent: Received) => Received, string]>([
    [
      'another key',
      (sent) => ({ ...sent, url: sent.url.replace('b.csv', 'c.csv') }),
      'SignatureDoesNotMatch',
    ],
    ['another method', (sent) => ({ ...sent, method: 'PUT' }), 'SignatureDoesNotMatch'],
    [
      'a longer life',
      (sent) => ({ ...sent, url: sent.url.replace('Expires=60', 'Expires=6000') }),
      'SignatureDoesNotMatch',
    ],
    [
      'another answer',
      (sent) => ({ ...sent, url: sent.url.replace('csv&', 'html&') }),
      'SignatureDoesNotMatch',
    ],
    ['one more parameter', (sent) => ({ ...sent, url: `${sent.url}&versionId=1` }), 'SignatureDoesNotMatch'],
    [
      'a header that changes what is done',
      (sent) => ({ ...sent, headers: { ...sent.headers, 'x-amz-copy-source': 'archive/secret' } }),
      'AccessDenied',
    ],
    ['another host', (sent) => ({ ...sent, headers: { host: 'elsewhere' } }), 'SignatureDoesNotMatch'],
  ])('is good for nothing else: %s', async (_, change, code) => {
    const sent = await link();
    const changed = change(sent);
    expect(changed).not.toEqual(sent);
    expect(await refused(changed)).toBe(code);
  });

  it('lives for a week at most', async () => {
    expect(await refused(await link(604_800))).toBe('taken');
    const sent = await link();
    for (const seconds of ['604801', '0', '1.5', 'x', '']) {
      const url = sent.url.replace('Expires=60', `Expires=${seconds}`);
      expect(() => readSignature({ ...sent, url })).toThrow('X-Amz-Expires');
    }
  });
});
