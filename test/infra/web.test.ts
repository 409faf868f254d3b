/** The page and the API on one origin: what a browser is told, who reads the bucket, and what is kept where. */
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { compile } from '../../local/cloudfront/viewer-request.ts';
import { named, ofType, type Resource, synthesize } from './synthesize.ts';

const dev = synthesize('dev');
const own = synthesize('dev', {
  page: {
    domain: {
      name: 'lab.example.org',
      certificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/0a1b',
    },
    webAclArn: 'arn:aws:wafv2:us-east-1:123456789012:global/webacl/edge/0a1b',
  },
});

const only = ({ web }: typeof dev, type: string): Resource => {
  const [[, resource] = [], another] = ofType(web, type);
  if (resource === undefined || another !== undefined) throw new Error(`not one ${type}`);
  return resource;
};
const configOf = (templates: typeof dev) =>
  only(templates, 'AWS::CloudFront::Distribution').Properties['DistributionConfig'] as {
    DefaultCacheBehavior: Record<string, unknown>;
    CacheBehaviors: Record<string, unknown>[];
    Origins: Record<string, unknown>[];
  } & Record<string, unknown>;

/** A joined text, with the names of what stands in it. */
const text = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return String(value);
  const [[name, argument] = ['']] = Object.entries(value) as [string, unknown][];
  if (name === 'Fn::Join') return (argument as [string, unknown[]])[1].map(text).join('');
  if (name === 'Fn::Select') return `{part ${String((argument as unknown[])[0])} of the issuer}`;
  return named(value);
};

describe('what a browser is told', () => {
  const headers = only(dev, 'AWS::CloudFront::ResponseHeadersPolicy').Properties[
    'ResponseHeadersPolicyConfig'
  ] as { SecurityHeadersConfig: Record<string, Record<string, unknown>> };
  const policy = new Map(
    text(headers.SecurityHeadersConfig['ContentSecurityPolicy']?.['ContentSecurityPolicy'])
      .split('; ')
      .map((directive) => {
        const [name = '', ...sources] = directive.split(' ');
        return [name, sources.join(' ')] as const;
      }),
  );

  test('no script but its own, in no way', () => {
    expect(policy.get('default-src')).toBe("'none'");
    expect(policy.get('script-src')).toBe("'self'");
    expect([...policy.keys()].filter((name) => name.startsWith('script-src'))).toEqual(['script-src']);
    expect([...policy.values()].join(' ')).not.toMatch(/unsafe-eval|https?:(?!\/\/)|\*/);
    expect(policy.get('base-uri')).toBe("'none'");
    expect(policy.get('frame-ancestors')).toBe("'none'");
    expect(policy.get('worker-src')).toBe("'self' blob:");
    expect(policy.get('style-src-attr')).toBe("'none'");
  });

  test('connections go to its own origin, to where people sign in, and to the broker', () => {
    expect(policy.get('connect-src')).toBe(
      "'self' {part 0 of the issuer}//{part 2 of the issuer} https://{SignInUsersDomain}.auth.us-east-1.amazoncognito.com wss://{LiveEndpointAsked}/mqtt".replaceAll(
        '  ',
        ' ',
      ),
    );
  });

  test('HTTPS alone, types as they are said, in no frame, and an origin for the sign-in page', () => {
    const all = { Override: true };
    expect(headers.SecurityHeadersConfig).toMatchObject({
      StrictTransportSecurity: { AccessControlMaxAgeSec: 31_536_000, IncludeSubdomains: true, ...all },
      ContentTypeOptions: all,
      FrameOptions: { FrameOption: 'DENY', ...all },
      ReferrerPolicy: { ReferrerPolicy: 'strict-origin-when-cross-origin', ...all },
    });
    const { DefaultCacheBehavior, CacheBehaviors } = configOf(dev);
    for (const behavior of [DefaultCacheBehavior, ...CacheBehaviors]) {
      expect(behavior).toMatchObject({
        ResponseHeadersPolicyId: { Ref: expect.stringMatching(/^Headers/) },
        ViewerProtocolPolicy: 'redirect-to-https',
      });
    }
  });
});

describe('the distribution', () => {
  test('keeps nothing of the API, and hands it everything but the host', () => {
    const [behavior] = configOf(dev).CacheBehaviors.filter(({ PathPattern }) => PathPattern === '/v1/*');
    expect(behavior).toMatchObject({
      AllowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'],
      CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad', // CachingDisabled
      OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac', // AllViewerExceptHostHeader
    });
    expect(behavior).not.toHaveProperty('FunctionAssociations');
    const origin = configOf(dev).Origins.find(({ Id }) => Id === behavior?.['TargetOriginId']);
    expect(origin).toMatchObject({
      OriginPath: '/dev',
      CustomOriginConfig: { OriginProtocolPolicy: 'https-only', OriginSSLProtocols: ['TLSv1.2'] },
    });
    expect(configOf(dev)).not.toHaveProperty('CustomErrorResponses');
  });

  test('makes the page of every address that is no file', () => {
    const { DefaultCacheBehavior, CacheBehaviors } = configOf(dev);
    expect(DefaultCacheBehavior).toMatchObject({ FunctionAssociations: [{ EventType: 'viewer-request' }] });
    expect(CacheBehaviors.map(({ PathPattern }) => PathPattern)).toEqual(['/.well-known/*', '/v1/*']);
    const source = String(only(dev, 'AWS::CloudFront::Function').Properties['FunctionCode']);
    const run = compile(source);
    const request = { method: 'GET', querystring: {}, headers: {}, cookies: {} };
    const about = { distributionId: 'E1', distributionDomainName: 'd1', requestId: 'r', ip: '127.0.0.1' };
    const seen = (uri: string) => run({ ...about, request: { ...request, uri } });
    for (const uri of ['/', '/devices', '/devices/ph-meter-1', '/explore/a.b/', '/v2/x'])
      expect(seen(uri)).toMatchObject({ uri: '/index.html' });
    for (const uri of ['/favicon.svg', '/assets/index-0a1b.js', '/nothing.map'])
      expect(seen(uri)).toMatchObject({ uri });
  });

  test('alone reads the bucket, which is private', () => {
    dev.web.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
    dev.web.hasResourceProperties('AWS::CloudFront::OriginAccessControl', {
      OriginAccessControlConfig: Match.objectLike({ SigningBehavior: 'always', SigningProtocol: 'sigv4' }),
    });
    const { Statement } = only(dev, 'AWS::S3::BucketPolicy').Properties['PolicyDocument'] as {
      Statement: { Effect: string; Action: unknown; Principal: unknown; Condition: unknown }[];
    };
    const allowed = Statement.filter(({ Effect }) => Effect === 'Allow');
    expect(allowed).toEqual([
      expect.objectContaining({
        Action: 's3:GetObject',
        Principal: { Service: 'cloudfront.amazonaws.com' },
        Condition: { StringEquals: { 'AWS:SourceArn': expect.anything() } },
      }),
    ]);
    const [{ Condition } = {}] = allowed as { Condition?: { StringEquals: Record<string, unknown> } }[];
    expect(text(Condition?.StringEquals['AWS:SourceArn'])).toBe(
      'arn:{AWS::Partition}:cloudfront::{AWS::AccountId}:distribution/{Distribution}',
    );
  });

  test('has the domain, the certificate and the web ACL of the settings', () => {
    expect(configOf(own)).toMatchObject({
      Aliases: ['lab.example.org'],
      ViewerCertificate: {
        AcmCertificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/0a1b',
        MinimumProtocolVersion: 'TLSv1.2_2021',
      },
      WebACLId: 'arn:aws:wafv2:us-east-1:123456789012:global/webacl/edge/0a1b',
    });
    own.web.hasResourceProperties('AWS::Cognito::UserPoolClient', {
      CallbackURLs: ['https://lab.example.org/'],
      LogoutURLs: ['https://lab.example.org/'],
    });
    expect(configOf(dev)).not.toHaveProperty('Aliases');
  });
});

describe('the files of the page', () => {
  const deployments = ofType(dev.web, 'Custom::CDKBucketDeployment').map(([, resource]) => resource);

  test('are kept for ever where their names change with them, and asked for each time where not', () => {
    expect(
      deployments.map(({ Properties }) => [
        Properties['DestinationBucketKeyPrefix'] ?? '',
        (Properties['SystemMetadata'] as Record<string, string>)['cache-control'],
      ]),
    ).toEqual([
      ['assets/', 'public, max-age=31536000, immutable'],
      ['', 'no-cache'],
      ['', 'no-cache'],
    ]);
  });

  test('are never taken away from a page that is open, and what names them comes last', () => {
    for (const { Properties } of deployments) expect(Properties).toMatchObject({ Prune: false });
    expect(deployments.at(-1)?.['DependsOn']).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^PageHashedCustom/),
        expect.stringMatching(/^PageDiscoveryCustom/),
      ]),
    );
  });

  test('are put there with memory enough', () => {
    const functions = ofType(dev.web, 'AWS::Lambda::Function');
    expect(functions.map(([, { Properties }]) => Properties['MemorySize'])).toEqual([1024]);
  });
});

test("the page's client has no secret, and sends people back to the page alone", () => {
  const page = [
    { 'Fn::Join': ['', ['https://', { 'Fn::GetAtt': [expect.any(String), 'DomainName'] }, '/']] },
  ];
  expect(only(dev, 'AWS::Cognito::UserPoolClient').Properties).toMatchObject({
    GenerateSecret: false,
    AllowedOAuthFlows: ['code'],
    AllowedOAuthScopes: ['openid', 'labgate/api'],
    CallbackURLs: page,
    LogoutURLs: page,
    AccessTokenValidity: 5,
    EnableTokenRevocation: true,
  });
});
