/** What a browser is told about every answer: where the page may load from and connect to, and who may show it. */
import { Duration } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import type { Construct } from 'constructs';

export interface PageHeadersProps {
  /** Origins and addresses that the page connects to besides its own. */
  readonly connectTo: readonly string[];
}

/**
 * The policy of content. Nothing is said of `blob:` scripts or of eval: neither is needed.
 *
 * Styles: scripts may set `element.style`, which no policy forbids, and uPlot and React do no more than that. Mantine
 * puts `<style>` elements into the page, whose text depends on theme and size: neither a hash nor, in files that are the
 * same for everybody, a nonce can name them.
 */
const contentSecurityPolicy = (connectTo: readonly string[]): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src-elem 'self' 'unsafe-inline'",
    "style-src-attr 'none'",
    // Browsers that do not tell the two apart.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    `connect-src ${["'self'", ...connectTo].join(' ')}`,
    // The timers of MQTT.js, which keep a hidden tab connected, are a worker out of a blob.
    "worker-src 'self' blob:",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');

/** What of a computer the page has no use for. */
const UNUSED = [
  'accelerometer',
  'camera',
  'display-capture',
  'geolocation',
  'gyroscope',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'serial',
  'usb',
];

/** The headers of all answers of the distribution, those of errors and of the API among them. */
export class PageHeaders extends cloudfront.ResponseHeadersPolicy {
  constructor(scope: Construct, id: string, { connectTo }: PageHeadersProps) {
    const override = true;
    super(scope, id, {
      securityHeadersBehavior: {
        contentSecurityPolicy: { contentSecurityPolicy: contentSecurityPolicy(connectTo), override },
        contentTypeOptions: { override },
        frameOptions: { frameOption: cloudfront.HeadersFrameOption.DENY, override },
        // With `no-referrer` or `same-origin` browsers post the form of the sign-in page with `Origin: null`.
        referrerPolicy: {
          referrerPolicy: cloudfront.HeadersReferrerPolicy.STRICT_ORIGIN_WHEN_CROSS_ORIGIN,
          override,
        },
        strictTransportSecurity: {
          accessControlMaxAge: Duration.days(365),
          includeSubdomains: true,
          override,
        },
      },
      customHeadersBehavior: {
        customHeaders: [
          { header: 'cross-origin-opener-policy', value: 'same-origin', override },
          { header: 'cross-origin-resource-policy', value: 'same-origin', override },
          { header: 'permissions-policy', value: UNUSED.map((name) => `${name}=()`).join(', '), override },
        ],
      },
    });
  }
}
