/** Uploads in parts, kept in memory until they are complete; a restart forgets unfinished ones. */
import { createHash, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { AwsError } from '../../types.ts';
import { elements } from '../xml.ts';
import type { S3Request } from './request.ts';

interface Upload {
  readonly bucket: string;
  readonly key: string;
  readonly headers: IncomingHttpHeaders;
  readonly parts: Map<number, { readonly body: Buffer; readonly md5: Buffer }>;
}

const etagOf = (md5: Buffer) => `"${md5.toString('hex')}"`;

export class Uploads {
  readonly #uploads = new Map<string, Upload>();

  /** @returns the upload id */
  start(bucket: string, key: string, headers: IncomingHttpHeaders): string {
    const id = randomUUID();
    this.#uploads.set(id, { bucket, key, headers, parts: new Map() });
    return id;
  }

  /** @returns ETag of the part */
  part(asked: S3Request, body: Buffer): string {
    const partNumber = Number(asked.query.get('partNumber'));
    if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > 10_000) {
      throw new AwsError('InvalidArgument', 'Part number must be an integer between 1 and 10000');
    }
    const md5 = createHash('md5').update(body).digest();
    this.#find(asked).parts.set(partNumber, { body: Buffer.from(body), md5 });
    return etagOf(md5);
  }

  /** Puts the listed parts together. */
  complete(asked: S3Request, xml: string): { body: Buffer; headers: IncomingHttpHeaders; etag: string } {
    const upload = this.#find(asked);
    let before = 0;
    const parts = elements(xml, 'Part').map((part) => {
      const partNumber = Number(elements(part, 'PartNumber')[0]);
      const found = upload.parts.get(partNumber);
      const etag = (elements(part, 'ETag')[0] ?? '').replaceAll('"', '');
      if (!found || etag !== found.md5.toString('hex')) {
        throw new AwsError('InvalidPart', `part ${partNumber} was not uploaded, or with another ETag`);
      }
      if (partNumber <= before)
        throw new AwsError('InvalidPartOrder', 'the parts are not in ascending order');
      before = partNumber;
      return found;
    });
    if (parts.length === 0) throw new AwsError('MalformedXML', 'there are no parts');
    const digest = createHash('md5')
      .update(Buffer.concat(parts.map((part) => part.md5)))
      .digest('hex');
    return {
      body: Buffer.concat(parts.map((part) => part.body)),
      headers: upload.headers,
      etag: `"${digest}-${parts.length}"`,
    };
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
