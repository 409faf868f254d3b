/** What the templates say about a distribution, checked and put into the shape the server needs. */

export interface Distribution {
  readonly id: string;
  readonly arn: string;
  /** `d111111abcdef8.cloudfront.net` */
  readonly domainName: string;
  /** In the order in which they are tried; the default, which fits every path, is the last. */
  readonly behaviors: readonly Behavior[];
}

export interface Behavior {
  /** `/v1/*`; `*` is the default. */
  readonly pattern: string;
  readonly fits: (path: string) => boolean;
  readonly methods: ReadonlySet<string>;
  readonly origin: Origin;
  readonly compress: boolean;
  /** Source of the function that sees each request first. */
  readonly viewerRequest: string | undefined;
  readonly headers: ResponseHeaders;
}

export type Origin = BucketOrigin | ApiOrigin;

export interface BucketOrigin {
  readonly kind: 'bucket';
  readonly bucket: string;
  /** In front of the path, without a slash at the end. */
  readonly path: string;
  /** Whether requests are signed as CloudFront's; without it they are nobody's. */
  readonly signed: boolean;
}

export interface ApiOrigin {
  readonly kind: 'api';
  readonly path: string;
  /** Milliseconds it may be silent. */
  readonly silence: number;
}

export interface ResponseHeader {
  readonly name: string;
  readonly value: string;
  /** Whether it replaces what the origin says. */
  readonly override: boolean;
}
export type ResponseHeaders = readonly ResponseHeader[];
