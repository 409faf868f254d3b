/** The S3 API (path style) over the objects of the declared buckets. */
import type { AccessRequest, Assembly, AwsRequest, AwsResponse, AwsService, Iam } from '../../types.ts';
import { AwsError } from '../../types.ts';
import { customerKey, keyUse } from '../kms.ts';
import { element, elements } from '../xml.ts';
import { type Uploaded, uploadedBody, whole } from './body.ts';
import { type Checksum, checksumHeaders, checksumOf } from './checksums.ts';
import { document, listObjects, timestamp } from './listing.ts';
import { locked } from './lock.ts';
import { checksumElement, type Uploads } from './multipart.ts';
import { checkWrite, getObject, newHead } from './object.ts';
import type { S3Request } from './request.ts';
import { copySource, parseS3 } from './request.ts';
import type { Bucket } from './store.ts';
import { listVersions } from './versions.ts';

const xmlReply = (body: string): AwsResponse => ({
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body,
});

export class S3Service implements AwsService {
  readonly #assembly: Assembly;
  readonly #iam: Iam;
  readonly #buckets: ReadonlyMap<string, Bucket>;
  readonly #uploads: Uploads;

  constructor(assembly: Assembly, iam: Iam, buckets: ReadonlyMap<string, Bucket>, uploads: Uploads) {
    this.#assembly = assembly;
    this.#iam = iam;
    this.#buckets = buckets;
    this.#uploads = uploads;
  }

  access(request: AwsRequest): readonly AccessRequest[] {
    const asked = parseS3(request.method, request.url, request.headers);
    const onBucket = `arn:aws:s3:::${asked.bucket}`;
    const onObject = `${onBucket}/${asked.key}`;
    const givenKey = request.headers['x-amz-server-side-encryption-aws-kms-key-id'];
    switch (asked.operation) {
      case 'ListBuckets':
        return [{ action: 's3:ListAllMyBuckets', resource: '*' }];
      case 'HeadBucket':
        return [{ action: 's3:ListBucket', resource: onBucket }];
      case 'ListObjectsV2':
        return [{ action: 's3:ListBucket', resource: onBucket, context: listContext(asked.query) }];
      case 'ListObjectVersions':
        return [{ action: 's3:ListBucketVersions', resource: onBucket }];
      case 'GetBucketLocation':
        return [{ action: 's3:GetBucketLocation', resource: onBucket }];
      case 'GetObject':
      case 'HeadObject':
        return this.#reads(asked.bucket, asked.key);
      case 'PutObject':
      case 'CreateMultipartUpload':
        return this.#writes(asked, onObject, givenKey);
      case 'UploadPart':
      case 'CompleteMultipartUpload':
        // Parts are decrypted when they are put together.
        return [...this.#writes(asked, onObject, givenKey), ...this.#key(asked.bucket, 'Decrypt')];
      case 'CopyObject': {
        const source = copySource(request.headers);
        return [...this.#reads(source.bucket, source.key), ...this.#writes(asked, onObject, givenKey)];
      }
      case 'ListParts':
        return [{ action: 's3:ListMultipartUploadParts', resource: onObject }];
      case 'AbortMultipartUpload':
        return [{ action: 's3:AbortMultipartUpload', resource: onObject }];
      case 'DeleteObject':
        return [{ action: 's3:DeleteObject', resource: onObject }];
      case 'DeleteObjects': {
        const keys = deletedKeys(request);
        return keys.map((key) => ({ action: 's3:DeleteObject', resource: `${onBucket}/${key}` }));
      }
    }
  }

  async handle(request: AwsRequest): Promise<AwsResponse> {
    const asked = parseS3(request.method, request.url, request.headers);
    if (asked.operation === 'ListBuckets') return this.#listBuckets();
    const bucket = this.#bucket(asked.bucket);
    switch (asked.operation) {
      case 'HeadBucket':
        return { status: 200, headers: { 'x-amz-bucket-region': this.#assembly.region }, body: '' };
      case 'GetBucketLocation':
        // us-east-1 is the empty constraint.
        return xmlReply(document('LocationConstraint', this.#assembly.region.replace(/^us-east-1$/, '')));
      case 'ListObjectsV2':
        return xmlReply(listObjects(bucket, asked.query));
      case 'ListObjectVersions':
        return xmlReply(listVersions(bucket, asked.query));
      case 'GetObject':
      case 'HeadObject':
        return bucket.alone(asked.key, () =>
          getObject(bucket, asked, request.headers, () => this.#absent(request.caller, asked.bucket)),
        );
      case 'PutObject':
        return this.#put(bucket, asked.key, await uploadedBody(request.body, request.headers), request);
      case 'CopyObject':
        return this.#copy(bucket, asked.key, request);
      case 'DeleteObject':
        await bucket.delete(asked.key);
        return { status: 204, headers: {}, body: '' };
      case 'DeleteObjects':
        return deleteObjects(bucket, request);
      case 'CreateMultipartUpload':
        return this.#startUpload(bucket, asked, request);
      case 'UploadPart': {
        const uploaded = await uploadedBody(request.body, request.headers);
        const etag = this.#uploads.part(asked, uploaded);
        return { status: 200, headers: { etag, ...checksumHeaders(uploaded.checksum) }, body: '' };
      }
      case 'ListParts':
        return xmlReply(this.#uploads.list(asked));
      case 'CompleteMultipartUpload':
        return this.#completeUpload(bucket, asked, request);
      case 'AbortMultipartUpload':
        this.#uploads.abort(asked);
        return { status: 204, headers: {}, body: '' };
    }
  }

  async #put(
    bucket: Bucket,
    key: string,
    { body, checksum }: Uploaded,
    request: AwsRequest,
  ): Promise<AwsResponse> {
    const head = locked(bucket.retention, request.headers, newHead(key, body, checksum, request.headers));
    await bucket.put(head, body, (before) => checkWrite(request.headers, before));
    return {
      status: 200,
      headers: { etag: head.etag, ...checksumHeaders(checksum), ...encryption(bucket) },
      body: '',
    };
  }

  async #copy(bucket: Bucket, key: string, request: AwsRequest): Promise<AwsResponse> {
    const source = copySource(request.headers);
    const from = this.#bucket(source.bucket);
    const { found, body } = await from.alone(source.key, async () => {
      const found = from.head(source.key) ?? this.#absent(request.caller, source.bucket);
      return { found, body: await from.read(found) };
    });
    const replace = request.headers['x-amz-metadata-directive'] === 'REPLACE';
    const checksum = await wholeChecksum(found.checksum, body);
    const made = newHead(key, body, checksum, replace ? request.headers : found.headers);
    const head = locked(bucket.retention, request.headers, made);
    await bucket.put(head, body, (before) => checkWrite(request.headers, before));
    return xmlReply(
      document(
        'CopyObjectResult',
        `${element('ETag', head.etag)}${element('LastModified', timestamp(head.modified))}${checksumElement(checksum)}`,
      ),
    );
  }

  #startUpload(bucket: Bucket, { key }: S3Request, { headers }: AwsRequest): AwsResponse {
    const { id, checksum } = this.#uploads.start(bucket.name, key, headers);
    const reply = xmlReply(
      document(
        'InitiateMultipartUploadResult',
        `${element('Bucket', bucket.name)}${element('Key', key)}${element('UploadId', id)}`,
      ),
    );
    if (checksum === undefined) return reply;
    const { algorithm, type } = checksum;
    const told = { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': type };
    return { ...reply, headers: { ...reply.headers, ...told } };
  }

  async #completeUpload(bucket: Bucket, asked: S3Request, request: AwsRequest): Promise<AwsResponse> {
    const { body, headers, etag, checksum } = await this.#uploads.complete(
      asked,
      request.body.toString('utf8'),
      request.headers,
    );
    const made = { ...newHead(asked.key, body, checksum, headers), etag };
    const head = locked(bucket.retention, request.headers, made);
    await bucket.put(head, body, (before) => checkWrite(request.headers, before));
    this.#uploads.abort(asked);
    const type = checksum === undefined ? '' : element('ChecksumType', checksum.type);
    return xmlReply(
      document(
        'CompleteMultipartUploadResult',
        `${element('Bucket', bucket.name)}${element('Key', asked.key)}${element('ETag', etag)}${checksumElement(checksum)}${type}`,
      ),
    );
  }

  #listBuckets(): AwsResponse {
    const { account } = this.#assembly;
    const buckets = [...this.#buckets.values()].map(
      ({ name, created }) =>
        `<Bucket>${element('Name', name)}${element('CreationDate', timestamp(created))}</Bucket>`,
    );
    const owner = `<Owner>${element('ID', account)}</Owner>`;
    return xmlReply(document('ListAllMyBucketsResult', `${owner}<Buckets>${buckets.join('')}</Buckets>`));
  }

  #bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (!bucket) throw new AwsError('NoSuchBucket', `The specified bucket does not exist: ${name}`, 404);
    return bucket;
  }

  /** That a key is not there is told only to those who may list the bucket. */
  #absent(caller: string, bucket: string): never {
    this.#iam.authorize(caller, { action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}` });
    throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
  }

  #reads(bucket: string, key: string): AccessRequest[] {
    return [
      { action: 's3:GetObject', resource: `arn:aws:s3:::${bucket}/${key}` },
      ...this.#key(bucket, 'Decrypt'),
    ];
  }

  /** @param givenKey key that the request itself asks for instead of the bucket's */
  #writes(asked: S3Request, onObject: string, givenKey: unknown): AccessRequest[] {
    const own = { action: 's3:PutObject', resource: onObject };
    if (givenKey === undefined) return [own, ...this.#key(asked.bucket, 'GenerateDataKey')];
    const key = customerKey(this.#assembly, givenKey);
    return [own, ...keyUse(this.#assembly, key, 's3', ['GenerateDataKey'])];
  }

  #key(bucket: string, action: 'Decrypt' | 'GenerateDataKey'): AccessRequest[] {
    return keyUse(this.#assembly, this.#buckets.get(bucket)?.keyArn, 's3', [action]);
  }
}

/** A copy is one piece, whatever parts its source was made of. */
const wholeChecksum = async (checksum: Checksum | undefined, body: Buffer): Promise<Checksum | undefined> =>
  checksum?.type === 'COMPOSITE'
    ? { ...checksum, type: 'FULL_OBJECT', value: await checksumOf(checksum.algorithm, body) }
    : checksum;

const encryption = (bucket: Bucket): Record<string, string> =>
  bucket.keyArn === undefined
    ? { 'x-amz-server-side-encryption': 'AES256' }
    : {
        'x-amz-server-side-encryption': 'aws:kms',
        'x-amz-server-side-encryption-aws-kms-key-id': bucket.keyArn,
      };

function listContext(query: URLSearchParams): Record<string, string> {
  const context: Record<string, string> = {};
  for (const name of ['prefix', 'delimiter', 'max-keys']) {
    const value = query.get(name);
    if (value !== null) context[`s3:${name}`] = value;
  }
  return context;
}

function deletedKeys(request: AwsRequest): string[] {
  const keys = elements(whole(request.body, request.headers).body.toString('utf8'), 'Key');
  if (keys.length === 0 || keys.length > 1000) {
    throw new AwsError('MalformedXML', `1 to 1000 keys can be deleted at once, not ${keys.length}`);
  }
  return keys;
}

async function deleteObjects(bucket: Bucket, request: AwsRequest): Promise<AwsResponse> {
  const keys = deletedKeys(request);
  await uploadedBody(request.body, request.headers);
  const results = await Promise.all(keys.map((key) => deleteOne(bucket, key)));
  return xmlReply(document('DeleteResult', results.join('')));
}

/** What becomes of one key of many: one that may not go keeps none of the others. */
async function deleteOne(bucket: Bucket, key: string): Promise<string> {
  try {
    await bucket.delete(key);
    return `<Deleted>${element('Key', key)}</Deleted>`;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const { code, message } = error;
    return `<Error>${element('Key', key)}${element('Code', code)}${element('Message', message)}</Error>`;
  }
}
