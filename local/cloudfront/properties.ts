/**
 * Properties of the CloudFormation types that the local CloudFront understands. Every object is strict: a property that
 * would change behaviour in AWS and is not known here stops the start by name.
 */
import * as z from 'zod';
import type { Resource } from '../types.ts';

const ignored = z.unknown().optional();
const flag = z.union([z.boolean(), z.stringbool()]);
const count = z.coerce.number();
const texts = z.array(z.string());
const unsupported = (what: string) => z.undefined(`is not supported locally: ${what}`).optional();

/** Managed policies of AWS: "Use managed cache policies" and "Use managed origin request policies". */
export const CACHING_OPTIMIZED = '658327ea-f89d-4fab-a63d-7e88639e58f6';
const CACHING_DISABLED = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';
const ALL_VIEWER_EXCEPT_HOST_HEADER = 'b689b0a8-53d0-40ab-baf2-68738e2966ac';

const behavior = {
  TargetOriginId: z.string(),
  AllowedMethods: texts.default(['GET', 'HEAD']),
  CachePolicyId: z.enum([CACHING_OPTIMIZED, CACHING_DISABLED], 'is not supported locally'),
  CachedMethods: ignored,
  Compress: flag.default(false),
  FunctionAssociations: z
    .array(
      z.strictObject({
        EventType: z.literal('viewer-request', 'is not supported locally: only viewer-request is'),
        FunctionARN: z.string(),
      }),
    )
    .max(1)
    .default([]),
  OriginRequestPolicyId: z
    .literal(ALL_VIEWER_EXCEPT_HOST_HEADER, 'is not supported locally: only AllViewerExceptHostHeader is')
    .optional(),
  ResponseHeadersPolicyId: z.string().optional(),
  // There is no TLS here: what comes over HTTP stands for what comes over HTTPS.
  ViewerProtocolPolicy: ignored,
};

const origin = z.strictObject({
  Id: z.string(),
  DomainName: z.string(),
  OriginPath: z.string().default(''),
  OriginAccessControlId: z.string().optional(),
  S3OriginConfig: z
    .strictObject({ OriginAccessIdentity: z.literal('', 'is not supported locally').default('') })
    .optional(),
  CustomOriginConfig: z
    .strictObject({
      OriginProtocolPolicy: z.literal('https-only', 'is not supported locally: API Gateway has HTTPS alone'),
      OriginReadTimeout: count.default(30),
      OriginKeepaliveTimeout: ignored,
      OriginSSLProtocols: ignored,
      HTTPSPort: ignored,
      HTTPPort: ignored,
    })
    .optional(),
  ConnectionAttempts: ignored,
  ConnectionTimeout: ignored,
});

export const distribution = z.strictObject({
  DistributionConfig: z.strictObject({
    Aliases: texts.default([]),
    CacheBehaviors: z.array(z.strictObject({ ...behavior, PathPattern: z.string() })).default([]),
    Comment: ignored,
    CustomErrorResponses: unsupported('errors are answered as the origin answers them'),
    DefaultCacheBehavior: z.strictObject(behavior),
    DefaultRootObject: unsupported('a function of the default behaviour says what / is'),
    Enabled: z.literal(true, 'is not supported locally: a distribution is enabled'),
    HttpVersion: ignored,
    IPV6Enabled: ignored,
    Logging: unsupported('nothing is logged'),
    Origins: z.array(origin).min(1),
    PriceClass: ignored,
    Restrictions: unsupported('nobody knows where a loopback address lies'),
    ViewerCertificate: ignored,
    // That of CloudFront lies in another region, and is no part of the assembly.
    WebACLId: ignored,
  }),
  Tags: ignored,
});

export const cloudFrontFunction = z.strictObject({
  AutoPublish: z.literal(true, 'is not supported locally: a function that is not published does nothing'),
  FunctionCode: z.string(),
  FunctionConfig: z.strictObject({
    Comment: ignored,
    KeyValueStoreAssociations: unsupported('there is no key value store'),
    Runtime: z.literal('cloudfront-js-2.0', 'is not supported locally: only cloudfront-js-2.0 is'),
  }),
  FunctionMetadata: ignored,
  Name: z.string(),
  Tags: ignored,
});

export const originAccessControl = z.strictObject({
  OriginAccessControlConfig: z.strictObject({
    Description: ignored,
    Name: z.string(),
    OriginAccessControlOriginType: z.literal('s3', 'is not supported locally: only s3 is'),
    SigningBehavior: z.enum(['always', 'never'], 'is not supported locally'),
    SigningProtocol: z.literal('sigv4'),
  }),
});

const override = { Override: flag };

export const responseHeadersPolicy = z.strictObject({
  ResponseHeadersPolicyConfig: z.strictObject({
    Comment: ignored,
    Name: z.string(),
    CorsConfig: unsupported('the page and the API have one origin'),
    CustomHeadersConfig: z
      .strictObject({
        Items: z.array(z.strictObject({ Header: z.string(), Value: z.string(), ...override })),
      })
      .default({ Items: [] }),
    RemoveHeadersConfig: unsupported('no header is taken away'),
    ServerTimingHeadersConfig: ignored,
    SecurityHeadersConfig: z
      .strictObject({
        ContentSecurityPolicy: z.strictObject({ ContentSecurityPolicy: z.string(), ...override }).optional(),
        ContentTypeOptions: z.strictObject(override).optional(),
        FrameOptions: z.strictObject({ FrameOption: z.string(), ...override }).optional(),
        ReferrerPolicy: z.strictObject({ ReferrerPolicy: z.string(), ...override }).optional(),
        StrictTransportSecurity: z
          .strictObject({
            AccessControlMaxAgeSec: count,
            IncludeSubdomains: flag.default(false),
            Preload: flag.default(false),
            ...override,
          })
          .optional(),
        XSSProtection: unsupported('browsers have given it up'),
      })
      .default({}),
  }),
});

/**
 * Reads the properties of a resource.
 * @throws {Error} naming resource, property and what is wrong with it
 */
export const read = <T extends z.ZodType>(schema: T, from: Resource): z.output<T> => {
  const result = schema.safeParse(from.properties);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys : [];
  const path = [...(issue?.path ?? []), ...unknown].map(String).join('.');
  const what = unknown.length > 0 ? 'is not supported locally' : issue?.message;
  throw new Error(`${from.type} ${from.stack}/${from.logicalId}: ${path} ${what}`);
};
