/**
 * What the parts of the local gateway know of one another. Each part is one folder; this file holds the
 * few words that cross between them.
 */
import type { IncomingHttpHeaders } from 'node:http';

/** JSON as it stands in a template after every intrinsic function has been resolved. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** One resource of a synthesized template, resolved. */
export interface Resource {
  readonly stack: string;
  readonly logicalId: string;
  /** For example `AWS::Lambda::Function`. */
  readonly type: string;
  readonly properties: JsonObject;
  /** What `Ref` gives. */
  readonly physicalId: string;
  /** What `Fn::GetAtt ... Arn` gives, where the type has one. */
  readonly arn: string | undefined;
}

/** A loaded cloud assembly. */
export interface Assembly {
  /** `000000000000`, unless the assembly names another. */
  readonly account: string;
  /** `us-east-1`, unless the assembly names another. */
  readonly region: string;
  readonly resources: readonly Resource[];
  byType(type: string): readonly Resource[];
  /** Finds a resource by ARN or physical id. */
  find(arnOrId: string): Resource | undefined;
  /** Folder (or file) of a CDK asset by the S3 object key that a template gives, e.g. `<hash>.zip`. */
  assetPath(objectKey: string): string;
  /** Outputs of a stack, resolved. */
  readonly outputs: ReadonlyMap<string, JsonObject>;
}

/** Credentials as the SDK takes them; the access key tells the endpoint who calls. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** An access key that was given to somebody. */
export interface AccessKey extends Credentials {
  /** ARN of the role or user that it stands for. */
  readonly principal: string;
  /** What the session of a role is called: `assumed-role/ROLE/SESSION`. */
  readonly session: string;
  /** When it ends, in milliseconds since the epoch; with the gateway when absent. */
  readonly expires?: number;
}

/** What one call needs to be allowed. */
export interface AccessRequest {
  /** For example `dynamodb:Query`. */
  readonly action: string;
  /** ARN, or `*` where the action knows no resource. */
  readonly resource: string;
  /** Condition keys, lower-case names, e.g. `kms:viaservice`. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/** One denial, as it is logged, returned to the caller and kept for tests. */
export interface Denial {
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  /** A statement denies it; otherwise none allows it. */
  readonly explicit?: boolean;
}

/** Identity and access: the roles of the templates and what they may do. */
export interface Iam {
  /** Credentials of a role of the template; stable for the life of the gateway. */
  credentialsFor(roleArn: string): Credentials;
  /** Credentials of the person who runs the gateway: everything is allowed. */
  readonly operator: Credentials;
  /** The access key of this id; `undefined` when nobody was given it. Whoever names it has yet to sign with it. */
  accessKey(id: string): AccessKey | undefined;
  /** Gives a role to whoever may take it, for so many seconds. Whether he may is for `authorize` to say. */
  assume(roleArn: string, session: string, seconds: number): AccessKey & { readonly expires: number };
  /**
   * Whether the trust policy of a role lets a service such as `lambda.amazonaws.com` take it.
   * @param context condition keys in lower case, e.g. `aws:sourcearn`; the account is filled in
   */
  assumableBy(roleArn: string, service: string, context?: Readonly<Record<string, string>>): boolean;
  /**
   * Whether the policy that a queue, topic, bucket or key carries itself lets a service such as `s3.amazonaws.com`
   * do something with it.
   */
  serviceMay(service: string, request: AccessRequest): boolean;
  /**
   * Passes when the role's identity policies allow the request and nothing denies it; `sts:AssumeRole` needs the trust
   * of the role that is to be taken as well.
   * @throws {AccessDenied} naming action, resource and role; the denial is recorded.
   */
  authorize(roleArn: string, request: AccessRequest): void;
  /** Every denial so far, oldest first. */
  readonly denials: readonly Denial[];
}

export class AccessDenied extends Error {
  override readonly name = 'AccessDenied';
  readonly denial: Denial;
  constructor(denial: Denial) {
    const because =
      denial.explicit === true
        ? 'with an explicit deny in a policy'
        : `because no identity-based policy allows the ${denial.action} action`;
    super(
      `User: ${denial.principal} is not authorized to perform: ${denial.action} on resource: ${denial.resource} ${because}`,
    );
    this.denial = denial;
  }
}

/** One request to the AWS endpoint after the caller has been identified. */
export interface AwsRequest {
  readonly method: string;
  /** Path with query string, as sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** ARN of the calling role. */
  readonly caller: string;
  /** Name of the session in which it calls. */
  readonly session: string;
}

export interface AwsResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

/**
 * One AWS service behind the endpoint. The endpoint picks it by the signing name in the credential scope of
 * the Authorization header (`dynamodb`, `kinesis`, `s3`, `sqs`, `iot`, `iotdata`, ...).
 */
export interface AwsService {
  /** What the request needs to be allowed; authorized before `handle` is called. */
  access(request: AwsRequest): readonly AccessRequest[];
  handle(request: AwsRequest): Promise<AwsResponse>;
}

/** The one HTTP address of all AWS services (`AWS_ENDPOINT_URL`). */
export interface Endpoint {
  readonly url: string;
  readonly port: number;
  /** Puts a service behind the endpoint under its SigV4 signing name. */
  register(signingName: string, service: AwsService): void;
  /**
   * Tells when records were appended to a stream, so that nobody has to poll an idle one.
   * @returns a function that ends the subscription
   */
  onAppend(streamArn: string, wake: () => void): () => void;
  /** Streams without the hop over HTTP, for what lives inside AWS itself: the rules engine and the poller. */
  readonly kinesis: Streams;
  close(): Promise<void>;
}

/** A failure as a service answers it, for example `ProvisionedThroughputExceededException`. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly code: string;
  /** HTTP status the service answers with. */
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** One record of a shard. */
export interface StreamRecord {
  /** 56 decimal digits; greater ones of a shard are also greater as strings. */
  readonly sequenceNumber: string;
  readonly partitionKey: string;
  /** Base64, as it stands in the event of a function. */
  readonly data: string;
  /** When the stream took it, in milliseconds since the epoch. */
  readonly arrival: number;
}

export interface StreamBatch {
  readonly records: readonly StreamRecord[];
  /** Pass it as the next `from`, also when no record came. */
  readonly next: string;
  readonly millisBehindLatest: number;
}

/** The streams of the assembly, called in the name of a role: its policies and injected faults apply. */
export interface Streams {
  /**
   * Appends all records, in order, or none; authorized as `kinesis:PutRecord` and the use of the stream's key.
   * @param stream name or ARN
   * @throws {AccessDenied}
   * @throws {AwsError} `ProvisionedThroughputExceededException` when the stream holds all it can keep: try again
   */
  put(
    caller: string,
    stream: string,
    records: readonly { readonly partitionKey: string; readonly data: Buffer }[],
  ): Promise<void>;
  /** Shard ids, in order; authorized as `kinesis:DescribeStream` or `kinesis:ListShards` like the real poller. */
  shards(caller: string, streamArn: string): readonly string[];
  /**
   * Reads at most `limit` records (and 10 MiB); authorized as `kinesis:DescribeStream`, `GetShardIterator`,
   * `GetRecords` and the use of the stream's key.
   * @param from sequence number to read after, `TRIM_HORIZON`, `LATEST`, or a time to read from
   * @throws {AccessDenied}
   * @throws {AwsError}
   */
  get(caller: string, streamArn: string, shardId: string, from: string | Date, limit: number): StreamBatch;
  /**
   * Tells that a consumer needs nothing up to this record any more (its checkpoint). Call it once at the start
   * too (with the position it starts from). When a stream is full only what every consumer has released makes room.
   * @param consumer any stable name, e.g. the id of the event source mapping
   */
  release(consumer: string, streamArn: string, shardId: string, sequenceNumber: string): void;
}

/** What every part of the gateway is started with. */
export interface PartOptions {
  readonly assembly: Assembly;
  readonly iam: Iam;
  readonly endpoint: Endpoint;
  readonly log: Log;
  /** Folder whose content survives a restart; in memory when absent. */
  readonly dataDir?: string;
  /** Leaves out what is damaged in the folder, instead of refusing to start. */
  readonly acceptDamage?: boolean;
}

/** Runs functions of the templates. */
export interface Functions {
  /**
   * Synchronous invocation.
   * @param functionArn ARN of an `AWS::Lambda::Function`
   * @returns the payload, or how the function failed
   */
  invoke(functionArn: string, event: unknown): Promise<InvokeResult>;
  /** Streaming invocation: calls back with the prelude (status, headers), then gives the body. */
  invokeStreaming(functionArn: string, event: unknown): Promise<StreamingResult>;
  close(): Promise<void>;
}

/** Calls functions without waiting for them, as Scheduler does. */
export interface AsyncFunctions {
  /**
   * Asynchronous invocation: what fails is tried again, as the function's `EventInvokeConfig` says, and what is given
   * up goes to its destination.
   * @returns how the event ended; who calls in AWS does not hear of it
   */
  invokeAsync(functionArn: string, event: unknown): Promise<InvokeResult>;
}

export type InvokeResult =
  | { readonly ok: true; readonly payload: unknown }
  | { readonly ok: false; readonly errorType: string; readonly errorMessage: string };

export interface StreamingResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly multiValueHeaders: Readonly<Record<string, readonly string[]>>;
  readonly body: AsyncIterable<Uint8Array>;
}

/** Structured log of the gateway: one line an event on standard error, or nothing. */
export type Log = (level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: object) => void;
