/** Reads a distribution out of the templates. */
import type * as z from 'zod';
import { distributionDomain } from '../assembly/names.ts';
import type { Assembly, Resource } from '../types.ts';
import type { Behavior, Distribution, Origin, ResponseHeader, ResponseHeaders } from './model.ts';
import { patternOf } from './paths.ts';
import * as properties from './properties.ts';

/** CloudFormation types that the local CloudFront runs. */
export const resourceTypes: readonly string[] = [
  'AWS::CloudFront::Distribution',
  'AWS::CloudFront::Function',
  'AWS::CloudFront::OriginAccessControl',
  'AWS::CloudFront::ResponseHeadersPolicy',
];

type Config = z.output<typeof properties.distribution>['DistributionConfig'];

/** The distribution of an assembly; one is served. */
export const distributionOf = (assembly: Assembly): Resource | undefined => {
  const [resource, another] = assembly.byType('AWS::CloudFront::Distribution');
  if (another !== undefined)
    throw new Error(`one distribution is served locally, the assembly has also ${another.logicalId}`);
  return resource;
};

/** Names by which browsers know a distribution: its own ones, and the one that CloudFront gives. */
export const namesOf = (resource: Resource): readonly string[] => [
  ...properties.read(properties.distribution, resource).DistributionConfig.Aliases,
  distributionDomain(resource.physicalId),
];

const find = (assembly: Assembly, type: string, id: string, user: Resource): Resource => {
  const found = assembly.byType(type).find(({ physicalId }) => physicalId === id);
  if (found === undefined)
    throw new Error(`${user.logicalId} names ${id}, which is no ${type} of the assembly`);
  return found;
};

const readOrigin = (
  { Id, DomainName, OriginPath, OriginAccessControlId, CustomOriginConfig }: Config['Origins'][number],
  assembly: Assembly,
  user: Resource,
): Origin => {
  const path = OriginPath.replace(/\/$/, '');
  const bucket = assembly
    .byType('AWS::S3::Bucket')
    .find(({ physicalId }) => DomainName === `${physicalId}.s3.${assembly.region}.amazonaws.com`);
  if (bucket !== undefined) {
    const control =
      OriginAccessControlId === undefined
        ? undefined
        : properties.read(
            properties.originAccessControl,
            find(assembly, 'AWS::CloudFront::OriginAccessControl', OriginAccessControlId, user),
          );
    const signed = control?.OriginAccessControlConfig.SigningBehavior === 'always';
    return { kind: 'bucket', bucket: bucket.physicalId, path, signed };
  }
  const api = assembly
    .byType('AWS::ApiGateway::RestApi')
    .find(({ physicalId }) => DomainName === `${physicalId}.execute-api.${assembly.region}.amazonaws.com`);
  if (api === undefined || CustomOriginConfig === undefined)
    throw new Error(
      `${user.logicalId}: origin ${Id} (${DomainName}) is no bucket or REST API of the assembly`,
    );
  return { kind: 'api', path, silence: CustomOriginConfig.OriginReadTimeout * 1000 };
};

const readHeaders = (assembly: Assembly, id: string | undefined, user: Resource): ResponseHeaders => {
  if (id === undefined) return [];
  const resource = find(assembly, 'AWS::CloudFront::ResponseHeadersPolicy', id, user);
  const { SecurityHeadersConfig: security, CustomHeadersConfig } = properties.read(
    properties.responseHeadersPolicy,
    resource,
  ).ResponseHeadersPolicyConfig;
  const { ContentSecurityPolicy, ContentTypeOptions, FrameOptions, ReferrerPolicy, StrictTransportSecurity } =
    security;
  const named = (
    name: string,
    of: { readonly Override: boolean } | undefined,
    value: string | undefined,
  ): ResponseHeader[] =>
    of === undefined || value === undefined ? [] : [{ name, value, override: of.Override }];
  const transport = StrictTransportSecurity && [
    `max-age=${StrictTransportSecurity.AccessControlMaxAgeSec}`,
    ...(StrictTransportSecurity.IncludeSubdomains ? ['includeSubDomains'] : []),
    ...(StrictTransportSecurity.Preload ? ['preload'] : []),
  ];
  return [
    ...named('content-security-policy', ContentSecurityPolicy, ContentSecurityPolicy?.ContentSecurityPolicy),
    ...named('x-content-type-options', ContentTypeOptions, 'nosniff'),
    ...named('x-frame-options', FrameOptions, FrameOptions?.FrameOption),
    ...named('referrer-policy', ReferrerPolicy, ReferrerPolicy?.ReferrerPolicy),
    ...named('strict-transport-security', StrictTransportSecurity, transport?.join('; ')),
    ...CustomHeadersConfig.Items.map(({ Header, Value, Override }) => {
      return { name: Header.toLowerCase(), value: Value, override: Override };
    }),
  ];
};

/**
 * Reads a distribution.
 * @throws {Error} naming what is declared and not supported, or does not fit together
 */
export const readDistribution = (assembly: Assembly, resource: Resource): Distribution => {
  const { DistributionConfig: config } = properties.read(properties.distribution, resource);
  const origins = new Map(config.Origins.map((each) => [each.Id, readOrigin(each, assembly, resource)]));
  const readBehavior = (pattern: string, declared: Config['DefaultCacheBehavior']): Behavior => {
    const origin = origins.get(declared.TargetOriginId);
    if (origin === undefined)
      throw new Error(`${resource.logicalId}: ${pattern} has no origin ${declared.TargetOriginId}`);
    if (origin.kind === 'api' && declared.OriginRequestPolicyId === undefined)
      throw new Error(
        `${resource.logicalId}: ${pattern} hands no token to the API: it has no OriginRequestPolicyId`,
      );
    const [association] = declared.FunctionAssociations;
    const source =
      association &&
      properties.read(
        properties.cloudFrontFunction,
        find(assembly, 'AWS::CloudFront::Function', association.FunctionARN, resource),
      ).FunctionCode;
    return {
      pattern,
      fits: patternOf(pattern),
      methods: new Set(declared.AllowedMethods),
      origin,
      // A cache policy that does not cache has no encodings either.
      compress: declared.Compress && declared.CachePolicyId === properties.CACHING_OPTIMIZED,
      viewerRequest: source,
      headers: readHeaders(assembly, declared.ResponseHeadersPolicyId, resource),
    };
  };
  return {
    id: resource.physicalId,
    arn: resource.arn ?? resource.physicalId,
    domainName: distributionDomain(resource.physicalId),
    behaviors: [
      ...config.CacheBehaviors.map((each) => readBehavior(each.PathPattern, each)),
      readBehavior('*', config.DefaultCacheBehavior),
    ],
  };
};
