/**
 * The AWS endpoint: every SDK call of the functions (and of the gateway's own parts) comes here, is known by
 * its access key, has to be allowed by the role's policies, and is answered by the service it is meant for.
 */
import type {
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
import { asAwsError, errorResponse, unknownKey } from './errors.ts';
import type { Faults } from './faults.ts';
import { FaultInjector } from './faults.ts';
import { KinesisService } from './kinesis/service.ts';
import { StreamSet } from './kinesis/streams.ts';
import { handlePartly } from './partial.ts';
import { openS3 } from './s3/index.ts';
import type { RawRequest } from './server.ts';
import { listen } from './server.ts';
import type { Signature } from './sigv4.ts';
import { checkPresigned, readSignature } from './sigv4.ts';
import { openSns } from './sns/index.ts';
import { openSqs } from './sqs/index.ts';

export type { Fault, Faults } from './faults.ts';

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
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Bytes that each stream keeps for consumers which have not released them; 256 MiB when absent. */
  readonly streamBytes?: number;
}

/** Makes the declared tables, streams, buckets, queues and topics, and starts the endpoint. */
export async function startEndpoint(
  options: EndpointOptions,
): Promise<Endpoint & { readonly faults: Faults }> {
  const { assembly, iam, log, dataDir, host } = options;
  // Whatever has been opened is closed again, in the opposite order, also when a later one fails to open.
  await using opened = new AsyncDisposableStack();
  const own = <T extends { close(): Promise<void> }>(part: T): T => {
    opened.defer(() => part.close());
    return part;
  };
  const faults = new FaultInjector();
  const streams = own(
    await StreamSet.open({ assembly, iam, faults, log, dataDir, maxBytes: options.streamBytes }),
  );
  const dynamo = own(await openDynamo(assembly, dataDir, log));
  const sqs = own(await openSqs(assembly, dataDir));
  const services = new Map<string, AwsService>([
    ['kinesis', new KinesisService(streams)],
    ['dynamodb', dynamo.service],
    ['s3', await openS3(assembly, iam, dataDir, sqs.queues)],
    ['sqs', sqs.service],
    ['sns', openSns(assembly, sqs.queues, log)],
  ]);
  const answer = (request: RawRequest) => dispatch(request, services, iam, faults, log);
  const server = own(await listen(host, options.port, MAX_BODY_BYTES, answer));
  const running = opened.move();
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`,
    port: server.port,
    faults,
    kinesis: streams,
    register(signingName, service) {
      services.set(signingName, service);
    },
    onAppend: (streamArn, wake) => streams.onAppend(streamArn, wake),
    close: () => running.disposeAsync(),
  };
}

/** From a raw request to its answer; whatever goes wrong becomes an answer too. */
async function dispatch(
  raw: RawRequest,
  services: ReadonlyMap<string, AwsService>,
  iam: Iam,
  faults: FaultInjector,
  log: Log,
): Promise<AwsResponse> {
  const signed = readSignature(raw.url, raw.headers);
  const name = signed?.service ?? '';
  let requests: readonly AccessRequest[] = [];
  try {
    if (!signed) {
      throw new AwsError(
        'MissingAuthenticationTokenException',
        'Request is missing Authentication Token',
        403,
      );
    }
    const service = services.get(name);
    if (!service) {
      throw new AwsError(
        'UnknownOperationException',
        `the local gateway does not run the service ${name}`,
        404,
      );
    }
    const request: AwsRequest = {
      method: raw.method,
      url: raw.url,
      headers: raw.headers,
      body: raw.body,
      caller: identify(raw, signed, iam),
    };
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

/** @throws {AwsError} when nobody holds the access key, or a presigned URL is not what was signed */
function identify(raw: RawRequest, signed: Signature, iam: Iam): string {
  const caller = iam.identify(signed.accessKeyId, signed.sessionToken);
  if (caller === undefined) throw unknownKey(signed.service);
  if (signed.presigned) {
    const { accessKeyId, secretAccessKey } = iam.operator;
    const secret =
      accessKeyId === signed.accessKeyId ? secretAccessKey : iam.credentialsFor(caller).secretAccessKey;
    checkPresigned(raw, signed, signed.presigned, secret, Date.now());
  }
  return caller;
}
