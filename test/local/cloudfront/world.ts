/** A distribution out of hand-made resources, in front of a bucket and of an API that tells what it was asked. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openDistribution } from '../../../local/cloudfront/index.ts';
import { newHead } from '../../../local/endpoint/s3/object.ts';
import { Bucket } from '../../../local/endpoint/s3/store.ts';
import { createIam } from '../../../local/iam/index.ts';
import type { Assembly, JsonObject, Resource } from '../../../local/types.ts';
import { assemblyOf, newLog, REGION, resource } from '../../support/hand-made-assembly.ts';

export const DISTRIBUTION_ARN = 'arn:aws:cloudfront::000000000000:distribution/E1';

const CACHED = '658327ea-f89d-4fab-a63d-7e88639e58f6';
const NOT_CACHED = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';
const ALL_BUT_HOST = 'b689b0a8-53d0-40ab-baf2-68738e2966ac';

const FUNCTION = `function handler(event) {
  var request = event.request;
  if (request.uri === '/gone') return { statusCode: 410, headers: { 'x-why': { value: 'function' } }, body: 'gone' };
  if (request.uri === '/throws') throw new Error('no');
  if (request.uri === '/loops') for (;;);
  if (request.uri.indexOf('.') < 0) request.uri = '/index.html';
  return request;
}`;

/** What of the resources a test has otherwise. */
export interface Otherwise {
  readonly config?: JsonObject;
  readonly api?: JsonObject;
  readonly files?: JsonObject;
  readonly policy?: readonly JsonObject[];
  readonly control?: JsonObject;
  readonly headers?: JsonObject;
  readonly code?: string;
}

const GRANT: JsonObject = {
  Effect: 'Allow',
  Action: 's3:GetObject',
  Principal: { Service: 'cloudfront.amazonaws.com' },
  Resource: 'arn:aws:s3:::page/*',
  Condition: { StringEquals: { 'AWS:SourceArn': DISTRIBUTION_ARN } },
};

export const resourcesOf = (other: Otherwise = {}): Resource[] => [
  resource('AWS::S3::Bucket', 'page', {}, 'arn:aws:s3:::page'),
  resource('AWS::S3::Bucket', 'archive', {}, 'arn:aws:s3:::archive'),
  resource('AWS::S3::BucketPolicy', 'policy', {
    Bucket: 'page',
    PolicyDocument: { Version: '2012-10-17', Statement: other.policy ?? [GRANT] },
  }),
  resource('AWS::ApiGateway::RestApi', 'api', {}),
  resource('AWS::CloudFront::OriginAccessControl', 'control', {
    OriginAccessControlConfig: {
      Name: 'control',
      OriginAccessControlOriginType: 's3',
      SigningBehavior: 'always',
      SigningProtocol: 'sigv4',
      ...other.control,
    },
  }),
  resource('AWS::CloudFront::Function', 'function', {
    AutoPublish: true,
    FunctionCode: other.code ?? FUNCTION,
    FunctionConfig: { Runtime: 'cloudfront-js-2.0' },
    Name: 'function',
  }),
  resource('AWS::CloudFront::ResponseHeadersPolicy', 'headers', {
    ResponseHeadersPolicyConfig: {
      Name: 'headers',
      SecurityHeadersConfig: {
        ContentSecurityPolicy: { ContentSecurityPolicy: "default-src 'none'", Override: true },
        ContentTypeOptions: { Override: true },
        ReferrerPolicy: { ReferrerPolicy: 'strict-origin', Override: false },
      },
      CustomHeadersConfig: { Items: [{ Header: 'X-Own', Value: 'edge', Override: true }] },
      ...other.headers,
    },
  }),
  resource(
    'AWS::CloudFront::Distribution',
    'E1',
    {
      DistributionConfig: {
        Enabled: true,
        Aliases: ['lab.example.org'],
        Origins: [
          {
            Id: 'files',
            DomainName: `page.s3.${REGION}.amazonaws.com`,
            OriginAccessControlId: 'control',
            S3OriginConfig: { OriginAccessIdentity: '' },
          },
          {
            Id: 'api',
            DomainName: `api.execute-api.${REGION}.amazonaws.com`,
            OriginPath: '/prod',
            CustomOriginConfig: { OriginProtocolPolicy: 'https-only' },
          },
        ],
        DefaultCacheBehavior: {
          TargetOriginId: 'files',
          CachePolicyId: CACHED,
          Compress: true,
          FunctionAssociations: [{ EventType: 'viewer-request', FunctionARN: 'function' }],
          ResponseHeadersPolicyId: 'headers',
          ViewerProtocolPolicy: 'redirect-to-https',
          ...other.files,
        },
        CacheBehaviors: [
          {
            PathPattern: '/v1/*',
            TargetOriginId: 'api',
            CachePolicyId: NOT_CACHED,
            OriginRequestPolicyId: ALL_BUT_HOST,
            AllowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'],
            ResponseHeadersPolicyId: 'headers',
            ...other.api,
          },
        ],
        ...other.config,
      },
    },
    DISTRIBUTION_ARN,
  ),
];

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface World extends AsyncDisposable {
  readonly url: string;
  readonly assembly: Assembly;
  /** Asks with the path as it stands: nothing is normalized on the way. */
  ask(
    path: string,
    more?: { method?: string; headers?: Record<string, string>; body?: string },
  ): Promise<Answer>;
  readonly lines: ReturnType<typeof newLog>['lines'];
}

export type ApiHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Tells what it was asked. */
const echo: ApiHandler = (asked, response) => {
  const parts: Buffer[] = [];
  asked.on('data', (part: Buffer) => parts.push(part));
  asked.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'referrer-policy': 'no-referrer' });
    const { method, url, headers } = asked;
    response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(parts).toString() }));
  });
};

export const openWorld = async (
  files: Readonly<Record<string, string>>,
  other: Otherwise & { readonly answer?: ApiHandler } = {},
): Promise<World> => {
  const { log, lines } = newLog();
  const assembly = assemblyOf(resourcesOf(other));
  const api = createServer(other.answer ?? echo);
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  const page = await Bucket.open('page', undefined, undefined, log);
  for (const [key, content] of Object.entries(files)) {
    const body = Buffer.from(content);
    const type = key.endsWith('.html') ? 'text/html' : 'text/javascript';
    await page.put(newHead(key, body, undefined, { 'content-type': type }), body, () => undefined);
  }
  const archive = await Bucket.open('archive', undefined, undefined, log);
  const secret = Buffer.from('secret');
  await archive.put(newHead('secret.js', secret, undefined, {}), secret, () => undefined);
  const part = await openDistribution({ assembly, log, host: '127.0.0.1', port: 0 });
  part.serve({
    assembly,
    iam: createIam(assembly, log),
    buckets: new Map([
      ['page', page],
      ['archive', archive],
    ]),
    api: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
  });
  const { port } = new URL(part.url ?? '');
  return {
    url: part.url ?? '',
    assembly,
    lines,
    ask: (path, { method = 'GET', headers = {}, body } = {}) =>
      new Promise((resolve, reject) => {
        const asked = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
          const parts: Buffer[] = [];
          response.on('data', (chunk: Buffer) => parts.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers as Record<string, string>,
              body: Buffer.concat(parts),
            }),
          );
        });
        asked.on('error', reject);
        asked.end(body);
      }),
    async [Symbol.asyncDispose]() {
      await part.close();
      api.closeAllConnections();
      await new Promise((resolve) => api.close(resolve));
    },
  };
};
