/**
 * The AWS endpoint: every SDK call of the functions (and of the gateway's own parts) comes here, is known by
 * its signature, has to be allowed by the role's policies, and is answered by the service it is meant for.
 */

import { boundsOf, Connections, UNBOUND } from '../connections.ts';
import { damagePolicy } from '../damage.ts';
import type {
  AccessKey,
  AccessRequest,
  Assembly,
  AwsRequest,
  AwsResponse,
  AwsService,
  Endpoint,
  Iam,
  Log,
} from '../types.ts';
import { AwsError } from '../types.ts';
import { openDynamo } from './dynamodb/index.ts';
import { asAwsError, errorResponse } from './errors.ts';
import type { Faults } from './faults.ts';
import { FaultInjector } from './faults.ts';
import { KinesisService } from './kinesis/service.ts';
import { StreamSet } from './kinesis/streams.ts';
import { handlePartly } from './partial-batches.ts';
import { openS3 } from './s3/index.ts';
import type { Bucket } from './s3/store.ts';
import type { RawRequest } from './server.ts';
import { listen } from './server.ts';
import { likelyService, readSignature, type Signature } from './signature/read.ts';
import { refusal } from './signature/refusals.ts';
import { verify } from './signature/verify.ts';
import { openSns } from './sns/index.ts';
import { openSqs } from './sqs/index.ts';
import { StsService } from './sts/index.ts';

export type { Fault, Faults } from './faults.ts';

/** By name: for what lives inside AWS itself, and asks for permission by itself. */
export type Buckets = ReadonlyMap<string, Bucket>;

/** CloudFormation types that the endpoint runs. */
export const resourceTypes: readonly string[] = [
  'AWS::DynamoDB::Table',
  'AWS::DynamoDB::GlobalTable',
  'AWS::Kinesis::Stream',
  'AWS::S3::Bucket',
  'AWS::SQS::Queue',
  'AWS::SNS::Topic',
  'AWS::SNS::Subscription',
];

/** As much as one UploadPart of S3 may reasonably be here; the largest of the others is 16 MiB. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

export interface EndpointOptions {
  readonly assembly: Assembly;
  readonly iam: Iam;
  readonly log: Log;
  /** Folder whose content survives a restart; in memory when absent. */
  readonly dataDir?: string;
  /** Leaves out what is damaged in the folder, instead of refusing to start. */
  readonly acceptDamage?: boolean;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Milliseconds between two steps of the search for what has expired; a second, and a minute in S3, when absent. */
  readonly sweepMs?: number;
  /** Bounds of its connections; its own when absent. */
  readonly connections?: Connections;
  /** Bytes that each stream keeps for consumers which have not released them; 256 MiB when absent. */
  readonly streamBytes?: number;
}

/** Makes the declared tables, streams, buckets, queues and topics, and starts the endpoint. */
export async function startEndpoint(
  options: EndpointOptions,
): Promise<Endpoint & { readonly faults: Faults; readonly buckets: Buckets }> {
  const { assembly, iam, log, dataDir, host, acceptDamage = false } = options;
  const onDamage = damagePolicy(acceptDamage, log);
  // Whatever has been opened is closed again, in the opposite order, also when a later one fails to open.
  await using opened = new AsyncDisposableStack();
  const own = <T extends { close(): Promise<void> }>(part: T): T => {
    opened.defer(() => part.close());
    return part;
  };
  const faults = new FaultInjector();
  const streams = own(
    await StreamSet.open({ assembly, iam, faults, log, dataDir, onDamage, maxBytes: options.streamBytes }),
  );
  const dynamo = own(await openDynamo(assembly, dataDir, log, acceptDamage, options.sweepMs));
  const sqs = own(await openSqs(assembly, dataDir, log, onDamage));
  const s3 = own(await openS3(assembly, iam, dataDir, sqs.queues, log, options.sweepMs));
  const services = new Map<string, AwsService>([
    ['kinesis', new KinesisService(streams)],
    ['dynamodb', dynamo.service],
    ['s3', s3.service],
    ['sqs', sqs.service],
    ['sns', openSns(assembly, sqs.queues, log)],
    ['sts', new StsService(assembly, iam)],
  ]);
  const context: Context = { services, iam, region: assembly.region, faults, log };
  const answer = (request: RawRequest) => dispatch(request, context);
  const connections =
    options.connections ?? new Connections({ ...UNBOUND, mostSilent: boundsOf().strangers, log });
  const server = own(
    await listen({ host, port: options.port, maxBody: MAX_BODY_BYTES, connections }, answer),
  );
  const running = opened.move();
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`,
    port: server.port,
    faults,
    buckets: s3.buckets,
    kinesis: streams,
    register(signingName, service) {
      services.set(signingName, service);
    },
    onAppend: (streamArn, wake) => streams.onAppend(streamArn, wake),
    close: () => running.disposeAsync(),
  };
}

interface Context {
  readonly services: ReadonlyMap<string, AwsService>;
  readonly iam: Iam;
  readonly region: string;
  readonly faults: FaultInjector;
  readonly log: Log;
}

/** From a raw request to its answer; whatever goes wrong becomes an answer too. */
async function dispatch(raw: RawRequest, context: Context): Promise<AwsResponse> {
  const { services, iam, faults, log } = context;
  let name = likelyService(raw);
  let requests: readonly AccessRequest[] = [];
  try {
    const signature = readSignature(raw);
    name = signature.service;
    const service = services.get(name);
    if (!service) {
      throw new AwsError(
        'UnknownOperationException',
        `the local gateway does not run the service ${name}`,
        404,
      );
    }
    const { principal: caller, session } = await identify(raw, signature, context);
    raw.proven();
    const { method, url, headers, body } = raw;
    const request: AwsRequest = { method, url, headers, body, caller, session };
    requests = service.access(request);
    for (const needed of requests) iam.authorize(request.caller, needed);
    const hit = await faults.before(requests);
    const response = hit.partial
      ? await handlePartly(service, request, hit.partial)
      : await service.handle(request);
    if (hit.lostReply) throw hit.lostReply;
    return { ...response, headers: { 'x-amzn-requestid': raw.id, ...response.headers } };
  } catch (error) {
    const known = asAwsError(name, error);
    if (!known) {
      log('error', 'endpoint: a service failed', {
        service: name,
        actions: requests.map((request) => request.action),
        error: error instanceof Error ? error.stack : String(error),
      });
    }
    const shown = known ?? new AwsError('InternalFailure', 'the local gateway failed; see its log', 500);
    return errorResponse(name, shown, raw.id);
  }
}

/** @throws {AwsError} when the request was not signed by somebody who was given the access key */
async function identify(raw: RawRequest, signature: Signature, { iam, region }: Context): Promise<AccessKey> {
  const key = iam.accessKey(signature.accessKeyId);
  if (key === undefined) throw refusal('unknown-key', signature.service);
  await verify(raw, signature, key, region, Date.now());
  return key;
}
