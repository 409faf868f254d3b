/** JSON text in UTF-8, read strictly. */
import { UndecodableMessage } from '../contracts/messages/message.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses a JSON document. A byte order mark is skipped, as RFC 8259 §8.1 allows.
 * @throws UndecodableMessage `malformed-json` for text that is not UTF-8 or not JSON
 */
export const parseJson = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (error) {
    throw new UndecodableMessage(
      'malformed-json',
      error instanceof SyntaxError ? error.message : 'The text is not UTF-8.',
    );
  }
};
