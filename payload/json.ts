/** JSON text in UTF-8, read strictly: names of an object are unique, as RFC 8259 §4 asks. */
import { UndecodableMessage } from '../contracts/messages/message.ts';
import { duplicateName, hasUniqueNames } from './unique-names.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses a JSON document. A byte order mark is skipped, as RFC 8259 §8.1 allows.
 * @throws {UndecodableMessage} `malformed-json` for text that is not UTF-8 or not JSON, `invalid-structure` for an
 * object in which a name stands twice
 */
export const parseJson = (bytes: Uint8Array): unknown => {
  let text: string;
  let document: unknown;
  try {
    text = utf8.decode(bytes);
    document = JSON.parse(text);
  } catch (error) {
    throw new UndecodableMessage(
      'malformed-json',
      error instanceof SyntaxError ? error.message : 'The text is not UTF-8.',
    );
  }
  if (hasUniqueNames(bytes, text, document)) return document;
  const { name, pointer } = duplicateName(text);
  throw new UndecodableMessage('invalid-structure', `The name ${name} stands twice in one object.`, pointer);
};
