/** The little XML that S3 and the query protocol need. */
import { randomUUID } from 'node:crypto';
import type { AwsResponse } from '../types.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Text made safe for XML; control characters, which XML cannot hold, become `?`. */
export const xml = (text: string): string =>
  text.replace(/[^\P{Cc}\t\n\r]/gu, '?').replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);

/** An element that holds text. */
export const element = (name: string, content: string | number | boolean): string =>
  `<${name}>${xml(String(content))}</${name}>`;

/** Texts of the elements of one name; enough for the small documents that S3 takes. */
export function elements(body: string, name: string): string[] {
  return [...body.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, 'g'))].map((match) =>
    (match[1] ?? '').replace(/&(amp|lt|gt|quot|apos|#x?[\da-f]+);/gi, entity),
  );
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function entity(whole: string, name: string): string {
  if (!name.startsWith('#')) return NAMED[name.toLowerCase()] ?? whole;
  const hex = /^#x/i.test(name);
  return String.fromCodePoint(Number.parseInt(name.slice(hex ? 2 : 1), hex ? 16 : 10));
}

/**
 * The answer to an action of the query protocol.
 * @param namespace address that names the version of the service
 * @param result content of the element `<ACTIONResult>`
 */
export const queryReply = (action: string, namespace: string, result: string): AwsResponse => ({
  status: 200,
  headers: { 'content-type': 'text/xml' },
  body: `<${action}Response xmlns="${namespace}"><${action}Result>${result}</${action}Result><ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${action}Response>`,
});
