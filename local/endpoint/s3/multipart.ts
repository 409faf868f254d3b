/** Uploads in parts, kept in memory until they are complete; a restart forgets unfinished ones. */
import { createHash, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { AwsError } from '../../types.ts';
import { element, elements } from '../xml.ts';
import type { Uploaded } from './body.ts';
import {
  type Algorithm,
  algorithmOf,
  type Checksum,
  type ChecksumType,
  checksumOf,
  compositeOf,
  headerName,
} from './checksums.ts';
import { document, timestamp } from './listing.ts';
import type { S3Request } from './request.ts';

interface Part {
  readonly number: number;
  readonly body: Buffer;
  readonly md5: Buffer;
  readonly checksum: Checksum | undefined;
  /** Milliseconds since the epoch. */
  readonly modified: number;
}

interface Upload {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly headers: IncomingHttpHeaders;
  /** What the checksum of the whole is made by; `undefined` when there is none. */
  readonly checksum: { readonly algorithm: Algorithm; readonly type: ChecksumType } | undefined;
  readonly parts: Map<number, Part>;
}

/** An object as its parts make it. */
export interface Whole {
  readonly body: Buffer;
  readonly headers: IncomingHttpHeaders;
  readonly etag: string;
  readonly checksum: Checksum | undefined;
}

/** All parts but the last are at least so large ("Amazon S3 multipart upload limits"). */
const LEAST_PART_BYTES = 5 * 1024 * 1024;

const etagOf = ({ md5 }: Part): string => `"${md5.toString('hex')}"`;

/**
 * What the header `x-amz-checksum-algorithm` of an upload asks for.
 * @throws {AwsError} `InvalidRequest` for a type that the algorithm does not have
 */
function wantedChecksum(headers: IncomingHttpHeaders): Upload['checksum'] {
  const name = headers['x-amz-checksum-algorithm'];
  if (name === undefined) return undefined;
  const algorithm = algorithmOf(String(name));
  const type = headers['x-amz-checksum-type'] ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE');
  const never = algorithm === 'CRC64NVME' ? 'COMPOSITE' : algorithm.startsWith('SHA') ? 'FULL_OBJECT' : '';
  if ((type !== 'FULL_OBJECT' && type !== 'COMPOSITE') || type === never) {
    throw new AwsError(
      'InvalidRequest',
      `The ${String(type)} checksum type cannot be used with the ${algorithm} checksum algorithm.`,
    );
  }
  return { algorithm, type };
}

export class Uploads {
  readonly #uploads = new Map<string, Upload>();

  /** Begins an upload. @returns it; its id is what the client names it by */
  start(bucket: string, key: string, headers: IncomingHttpHeaders): Pick<Upload, 'id' | 'checksum'> {
    const upload = {
      id: randomUUID(),
      bucket,
      key,
      started: Date.now(),
      headers,
      checksum: wantedChecksum(headers),
      parts: new Map(),
    };
    this.#uploads.set(upload.id, upload);
    return upload;
  }

  /** Forgets uploads to a bucket. @param isOver sees their key and when they began */
  abortAll(bucket: string, isOver: (key: string, started: number) => boolean): void {
    for (const [id, upload] of this.#uploads)
      if (upload.bucket === bucket && isOver(upload.key, upload.started)) this.#uploads.delete(id);
  }

  /** Keeps a part. @returns its ETag */
  part(asked: S3Request, { body, checksum }: Uploaded): string {
    const number = Number(asked.query.get('partNumber'));
    if (!Number.isInteger(number) || number < 1 || number > 10_000) {
      throw new AwsError('InvalidArgument', 'Part number must be an integer between 1 and 10000');
    }
    const upload = this.#find(asked);
    const expected = upload.checksum?.algorithm;
    if (expected !== undefined && checksum?.algorithm !== expected) {
      throw new AwsError(
        'InvalidRequest',
        `Checksum Type mismatch occurred, expected checksum Type: ${expected}, actual checksum Type: ${checksum?.algorithm}`,
      );
    }
    const md5 = createHash('md5').update(body).digest();
    const part = { number, body: Buffer.from(body), md5, checksum, modified: Date.now() };
    upload.parts.set(number, part);
    return etagOf(part);
  }

  /** The answer to ListParts: a page of the parts that have come. */
  list(asked: S3Request): string {
    const { id, bucket, key, parts, checksum } = this.#find(asked);
    const after = Number(asked.query.get('part-number-marker') ?? 0);
    const most = Math.min(Number(asked.query.get('max-parts') ?? 1000), 1000);
    if (!(after >= 0 && most >= 0))
      throw new AwsError('InvalidArgument', 'max-parts or part-number-marker is no number');
    const left = [...parts.values()]
      .filter(({ number }) => number > after)
      .toSorted((one, other) => one.number - other.number);
    const page = left.slice(0, most);
    const last = page.at(-1);
    return document(
      'ListPartsResult',
      [
        element('Bucket', bucket),
        element('Key', key),
        element('UploadId', id),
        element('StorageClass', 'STANDARD'),
        element('PartNumberMarker', after),
        last === undefined ? '' : element('NextPartNumberMarker', last.number),
        element('MaxParts', most),
        element('IsTruncated', left.length > page.length),
        checksum === undefined
          ? ''
          : element('ChecksumAlgorithm', checksum.algorithm) + element('ChecksumType', checksum.type),
        ...page.map(
          (part) =>
            `<Part>${element('PartNumber', part.number)}${element('LastModified', timestamp(part.modified))}${element('ETag', etagOf(part))}${element('Size', part.body.length)}${checksumElement(part.checksum)}</Part>`,
        ),
      ].join(''),
    );
  }

  /** Puts the listed parts together. */
  async complete(asked: S3Request, xml: string, headers: IncomingHttpHeaders): Promise<Whole> {
    const upload = this.#find(asked);
    const parts = listedParts(upload, xml);
    const digest = createHash('md5')
      .update(Buffer.concat(parts.map((part) => part.md5)))
      .digest('hex');
    const body = Buffer.concat(parts.map((part) => part.body));
    const checksum = await checksumOfParts(upload, parts, body);
    const given = checksum && headers[headerName(checksum.algorithm)];
    if (given !== undefined && given !== checksum?.value) {
      throw new AwsError(
        'BadDigest',
        `The ${checksum?.algorithm} you specified did not match the calculated checksum.`,
      );
    }
    return { body, headers: upload.headers, etag: `"${digest}-${parts.length}"`, checksum };
  }

  abort(asked: S3Request): void {
    this.#find(asked);
    this.#uploads.delete(asked.query.get('uploadId') ?? '');
  }

  #find(asked: S3Request): Upload {
    const upload = this.#uploads.get(asked.query.get('uploadId') ?? '');
    if (upload?.bucket !== asked.bucket || upload.key !== asked.key) {
      throw new AwsError('NoSuchUpload', 'The specified upload does not exist.', 404);
    }
    return upload;
  }
}

/** The element that tells a checksum in XML, such as `<ChecksumCRC32>`. */
export const checksumElement = (checksum: Checksum | undefined): string =>
  checksum === undefined ? '' : element(`Checksum${checksum.algorithm}`, checksum.value);

/** The parts that a list names, checked against what has come. */
function listedParts({ parts }: Upload, xml: string): readonly Part[] {
  let before = 0;
  const listed = elements(xml, 'Part').map((entry) => {
    const number = Number(elements(entry, 'PartNumber')[0]);
    const part = parts.get(number);
    const etag = (elements(entry, 'ETag')[0] ?? '').replaceAll('"', '');
    if (part === undefined || etag !== part.md5.toString('hex')) {
      throw new AwsError('InvalidPart', `part ${number} was not uploaded, or with another ETag`);
    }
    if (number <= before) {
      throw new AwsError('InvalidPartOrder', 'the parts are not in ascending order');
    }
    before = number;
    const { checksum } = part;
    const [given] = checksum === undefined ? [] : elements(entry, `Checksum${checksum.algorithm}`);
    if (given !== undefined && given !== checksum?.value) {
      throw new AwsError('InvalidPart', `part ${number} was uploaded with another checksum`);
    }
    return part;
  });
  if (listed.length === 0) throw new AwsError('MalformedXML', 'there are no parts');
  if (listed.slice(0, -1).some(({ body }) => body.length < LEAST_PART_BYTES)) {
    throw new AwsError(
      'EntityTooSmall',
      'Your proposed upload is smaller than the minimum allowed size: each part but the last has 5 MiB',
    );
  }
  return listed;
}

async function checksumOfParts(
  { checksum: wanted }: Upload,
  parts: readonly Part[],
  body: Buffer,
): Promise<Checksum | undefined> {
  if (wanted === undefined) return undefined;
  const { algorithm, type } = wanted;
  const value =
    type === 'FULL_OBJECT'
      ? await checksumOf(algorithm, body)
      : await compositeOf(
          algorithm,
          parts.map(({ checksum }) => checksum?.value ?? ''),
        );
  return { algorithm, type, value };
}
