/**
 * DynamoDB and S3 of the local gateway behind a meter: what each call costs, as the services themselves count it.
 * AWS IoT and all else is not there; whoever calls it fails.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openDynamo } from '../../../local/endpoint/dynamodb/index.ts';
import { openS3 } from '../../../local/endpoint/s3/index.ts';
import { AwsError, type AwsResponse, type AwsService } from '../../../local/types.ts';
import { arn, assembly, OPERATOR, REGION, resource, SmallIam } from '../../support/endpoint.ts';
import { Parts } from './parts.ts';

export const REGISTRY = 'registry';
export const MEASUREMENTS = 'measurements';
export const BUCKET = 'archive';

const table = (name: string) =>
  resource(
    'AWS::DynamoDB::GlobalTable',
    name,
    {
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S',
      })),
      BillingMode: 'PAY_PER_REQUEST',
    },
    arn('dynamodb', `table/${name}`),
  );

/** What was used since the meter was last read. */
export interface Usage {
  /** By action, e.g. `dynamodb:Query`. */
  readonly calls: ReadonlyMap<string, number>;
  /** Of DynamoDB. */
  readonly readUnits: number;
  readonly writeUnits: number;
  /** Write units by kind of item, such as `chunks deleted`. */
  readonly parts: ReadonlyMap<string, number>;
  /** Bytes that DynamoDB and S3 answered with. */
  readonly bytes: number;
}

export const callsOf = ({ calls }: Usage, service: 'dynamodb' | 's3'): number =>
  [...calls].reduce((sum, [action, count]) => sum + (action.startsWith(`${service}:`) ? count : 0), 0);

interface Consumed {
  readonly CapacityUnits: number;
}

export interface Meter extends AsyncDisposable {
  readonly url: string;
  /** What was used since the last call. */
  read(): Usage;
}

const READS = /^(BatchGetItem|GetItem|Query|Scan)$/;

class Counter {
  private calls = new Map<string, number>();
  private units = { read: 0, write: 0 };
  private bytes = 0;
  private readonly parts = new Parts();

  call(action: string, answer: AwsResponse): void {
    this.calls.set(action, (this.calls.get(action) ?? 0) + 1);
    this.bytes += Buffer.byteLength(answer.body);
  }

  consumed(operation: string, body: Buffer, units: number): void {
    const reads = READS.test(operation);
    this.units[reads ? 'read' : 'write'] += units;
    if (!reads) this.parts.count(operation, body.toString(), units);
  }

  read(): Usage {
    const usage = {
      calls: this.calls,
      readUnits: this.units.read,
      writeUnits: this.units.write,
      parts: this.parts.read(),
      bytes: this.bytes,
    };
    this.calls = new Map();
    this.units = { read: 0, write: 0 };
    this.bytes = 0;
    return usage;
  }
}

const METERED = ',"ReturnConsumedCapacity":"TOTAL"}';
const CONSUMED = /"ConsumedCapacity":(\{[^{}]*\}|\[[^[\]]*\])/;
const COUNTED = /^(Batch(Get|Write)|Put|Get|Update|Delete)Item$|^Query$|^Scan$/;

/** Starts the meter and points the environment of this process at it. */
export const startMeter = async (): Promise<Meter> => {
  const iam = new SmallIam();
  const declared = assembly([
    table(REGISTRY),
    table(MEASUREMENTS),
    resource('AWS::S3::Bucket', BUCKET, {}, `arn:aws:s3:::${BUCKET}`),
  ]);
  const dynamo = await openDynamo(declared, undefined, (_level, text) => process.stderr.write(`${text}\n`));
  const { service: s3 } = await openS3(declared, iam, undefined, new Map(), () => undefined);
  const counter = new Counter();

  const run = async (service: AwsService, request: IncomingMessage, body: Buffer): Promise<AwsResponse> => {
    const { method = 'GET', url = '/', headers } = request;
    return await service.handle({ method, url, headers, body, caller: OPERATOR, session: 'local' });
  };
  const toDynamo = async (request: IncomingMessage, body: Buffer): Promise<AwsResponse> => {
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    const counted = COUNTED.test(operation);
    const asked = counted ? Buffer.concat([body.subarray(0, -1), Buffer.from(METERED)]) : body;
    const answer = await run(dynamo.service, request, asked);
    counter.call(`dynamodb:${operation}`, answer);
    const text = CONSUMED.exec(answer.body.toString())?.[1];
    if (text === undefined) {
      if (counted && answer.status === 200) throw new Error(`${operation} does not say what it consumed`);
    } else {
      const consumed = [JSON.parse(text) as Consumed | Consumed[]].flat();
      const units = consumed.reduce((sum, { CapacityUnits }) => sum + CapacityUnits, 0);
      counter.consumed(operation, body, units);
    }
    return answer;
  };
  const toS3 = async (request: IncomingMessage, body: Buffer): Promise<AwsResponse> => {
    const answer = await run(s3, request, body);
    counter.call(`s3:${request.method}`, answer);
    return answer;
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const signed = request.headers.authorization ?? '';
    const service = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(signed)?.[1];
    try {
      if (service !== 'dynamodb' && service !== 's3') throw new Error(`the meter has no ${service}`);
      const answer = await (service === 's3' ? toS3 : toDynamo)(request, body);
      response.writeHead(answer.status, { ...answer.headers });
      response.end(answer.body);
    } catch (error) {
      const [code, status] = error instanceof AwsError ? [error.code, error.status] : ['Failure', 500];
      response.writeHead(status, { 'x-amzn-errortype': code, 'content-type': 'application/json' });
      response.end(JSON.stringify({ __type: code, message: String(error) }));
    }
  };
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: iam.operator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: iam.operator.secretAccessKey,
    AWS_SESSION_TOKEN: iam.operator.sessionToken,
    REGISTRY_TABLE: REGISTRY,
    MEASUREMENTS_TABLE: MEASUREMENTS,
    ARCHIVE_BUCKET: BUCKET,
    STREAM_NAME: 'stream',
    COMPACT_AFTER_MINUTES: '10',
    INGEST_WINDOW_SECONDS: '30',
    ARCHIVE_AFTER_HOURS: '24',
    RETENTION: JSON.stringify({ default: { hotDays: 30, rollupYears: 10, archiveDays: null }, sites: {} }),
    POWERTOOLS_SERVICE_NAME: 'bench',
    POWERTOOLS_METRICS_NAMESPACE: 'labgate',
  });
  return {
    url,
    read: () => counter.read(),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await dynamo.close();
    },
  };
};
