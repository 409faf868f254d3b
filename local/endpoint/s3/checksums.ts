/**
 * Checksums that come with objects: compared with what arrived, kept, and given back ("Checking object integrity" of the
 * S3 user guide).
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Crc32cJs, Crc64NvmeJs } from '@aws-sdk/checksums/crc';
import { AwsError } from '../../types.ts';

/** Checksums of a whole, or of the checksums of its parts. */
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE';

export interface Checksum {
  readonly algorithm: Algorithm;
  readonly type: ChecksumType;
  /** Base64; of a composite `-N` with the number of parts behind it. */
  readonly value: string;
}

const bytesOf = (number: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
};

const ALGORITHMS = {
  CRC32: (data: Buffer) => bytesOf(crc32(data)),
  CRC32C: async (data: Buffer) => {
    const sum = new Crc32cJs();
    sum.update(data);
    return Buffer.from(await sum.digest());
  },
  CRC64NVME: async (data: Buffer) => {
    const sum = new Crc64NvmeJs();
    sum.update(data);
    return Buffer.from(await sum.digest());
  },
  SHA1: (data: Buffer) => createHash('sha1').update(data).digest(),
  SHA256: (data: Buffer) => createHash('sha256').update(data).digest(),
} as const;
export type Algorithm = keyof typeof ALGORITHMS;

/** Name of the header that carries a checksum; in XML it is `ChecksumCRC32`. */
export const headerName = (algorithm: Algorithm): string => `x-amz-checksum-${algorithm.toLowerCase()}`;

/** @returns base64 */
export const checksumOf = async (algorithm: Algorithm, data: Buffer): Promise<string> =>
  (await ALGORITHMS[algorithm](data)).toString('base64');

/**
 * The algorithm of a name as headers have it.
 * @throws {AwsError} `NotImplemented`, naming it
 */
export function algorithmOf(name: string): Algorithm {
  const known = name.toUpperCase();
  if (Object.hasOwn(ALGORITHMS, known)) return known as Algorithm;
  throw new AwsError('NotImplemented', `the local S3 does not know the checksum ${name}`, 501);
}

/** The checksum of the checksums of parts. */
export async function compositeOf(algorithm: Algorithm, parts: readonly string[]): Promise<string> {
  const joined = Buffer.concat(parts.map((part) => Buffer.from(part, 'base64')));
  return `${await checksumOf(algorithm, joined)}-${parts.length}`;
}

/** Headers that speak of checksums and are none. */
const ABOUT = new Set(['x-amz-checksum-mode', 'x-amz-checksum-algorithm', 'x-amz-checksum-type']);

/**
 * The checksum that came with a body, in its headers or behind it.
 * @throws {AwsError} `InvalidRequest` for two, or when there is none though one was announced; `BadDigest` when it does
 *   not fit; `NotImplemented` for an algorithm that is not known here
 */
export async function checkChecksum(
  body: Buffer,
  headers: ReadonlyMap<string, string>,
): Promise<Checksum | undefined> {
  const found = [...headers].filter(([name]) => name.startsWith('x-amz-checksum-') && !ABOUT.has(name));
  if (found.length > 1) {
    throw new AwsError(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  }
  const [[name, value] = []] = found;
  if (name === undefined || value === undefined) {
    if (headers.has('x-amz-sdk-checksum-algorithm')) {
      throw new AwsError(
        'InvalidRequest',
        'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
      );
    }
    return undefined;
  }
  const algorithm = algorithmOf(name.slice('x-amz-checksum-'.length));
  if ((await checksumOf(algorithm, body)) !== value) {
    throw new AwsError('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`);
  }
  return { algorithm, type: 'FULL_OBJECT', value };
}

/** Headers that tell a checksum. */
export const checksumHeaders = (checksum: Checksum | undefined): Record<string, string> =>
  checksum === undefined
    ? {}
    : { [headerName(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type };
