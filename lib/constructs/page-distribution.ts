/** One origin for the page and the API: CloudFront in front of the bucket and of API Gateway. */
import { Duration, Stack, Validations } from 'aws-cdk-lib';
import type * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Settings } from '../settings.ts';

export interface PageDistributionProps {
  readonly settings: Settings;
  readonly bucket: s3.IBucket;
  readonly api: apigateway.RestApi;
  readonly headers: cloudfront.IResponseHeadersPolicy;
}

/**
 * The addresses that the page makes itself have no file: they are the page. What has an extension is a file, and is not
 * there if it is not there: a script that is HTML would only be puzzling.
 */
const PAGE_PATHS = `function handler(event) {
  var request = event.request;
  var name = request.uri.slice(request.uri.lastIndexOf('/') + 1);
  if (name.indexOf('.') < 0) request.uri = '/index.html';
  return request;
}
`;

/** How long API Gateway may be silent: the longest that CloudFront allows without asking AWS. */
const SILENCE = Duration.seconds(60);

/** The distribution, under a domain of one's own where settings have one. */
export class PageDistribution extends cloudfront.Distribution {
  /** `https://lab.example.org`, without a slash at the end. */
  readonly url: string;

  constructor(scope: Construct, id: string, { settings, bucket, api, headers }: PageDistributionProps) {
    const { domain, webAclArn } = settings.page;
    const ofEvery = {
      responseHeadersPolicy: headers,
      viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
    };
    const files = {
      ...ofEvery,
      origin: origins.S3BucketOrigin.withOriginAccessControl(bucket),
      cachePolicy: cloudfront.CachePolicy.CACHING_OPTIMIZED,
      compress: true,
    };
    super(scope, id, {
      comment: `labgate ${settings.stage}`,
      defaultBehavior: {
        ...files,
        functionAssociations: [
          {
            eventType: cloudfront.FunctionEventType.VIEWER_REQUEST,
            function: new cloudfront.Function(scope, 'Paths', {
              code: cloudfront.FunctionCode.fromInline(PAGE_PATHS),
              runtime: cloudfront.FunctionRuntime.JS_2_0,
            }),
          },
        ],
      },
      additionalBehaviors: {
        '/.well-known/*': files,
        '/v1/*': {
          ...ofEvery,
          origin: new origins.HttpOrigin(
            `${api.restApiId}.execute-api.${Stack.of(api).region}.${Stack.of(api).urlSuffix}`,
            {
              originPath: `/${settings.stage}`,
              protocolPolicy: cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
              originSslProtocols: [cloudfront.OriginSslPolicy.TLS_V1_2],
              readTimeout: SILENCE,
            },
          ),
          allowedMethods: cloudfront.AllowedMethods.ALLOW_ALL,
          // Not one answer is for somebody else. API Gateway finds the API by the host, so that it gets its own.
          cachePolicy: cloudfront.CachePolicy.CACHING_DISABLED,
          originRequestPolicy: cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
          compress: false,
        },
      },
      httpVersion: cloudfront.HttpVersion.HTTP2_AND_3,
      ...(domain === undefined
        ? {}
        : {
            domainNames: [domain.name],
            certificate: acm.Certificate.fromCertificateArn(scope, 'Certificate', domain.certificateArn),
            minimumProtocolVersion: cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
          }),
      ...(webAclArn === undefined ? {} : { webAclId: webAclArn }),
    });
    this.url = `https://${domain?.name ?? this.distributionDomainName}`;
    this.#acknowledge(settings);
  }

  #acknowledge({ stage, page }: Settings): void {
    const { domain, webAclArn } = page;
    const reasons = {
      'AwsSolutions-CFR1': 'Laboratories are where they are: no country is shut out.',
      'AwsSolutions-CFR3': 'The API logs its requests; the files of the page are the same for everybody.',
      ...(webAclArn === undefined
        ? {
            'AwsSolutions-CFR2': `Settings of ${stage} name no web ACL; that of the API is in front of the API.`,
          }
        : {}),
      ...(domain === undefined
        ? { 'AwsSolutions-CFR4': `Settings of ${stage} have no domain: the certificate is CloudFront's own.` }
        : {}),
    };
    for (const [id, reason] of Object.entries(reasons)) Validations.of(this).acknowledge({ id, reason });
  }
}
