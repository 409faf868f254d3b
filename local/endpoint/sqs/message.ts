/** Messages as they look in requests and replies. */
import { createHash } from 'node:crypto';
import { AwsError } from '../../types.ts';
import type { Fields } from '../json.ts';
import { fields, list, text } from '../json.ts';
import type { Message, MessageAttribute } from './queue.ts';

type Attributes = Readonly<Record<string, MessageAttribute>>;

/** MD5 in hexadecimal, as SQS gives it back with each message. */
export const md5 = (content: string): string => createHash('md5').update(content).digest('hex');

/** @throws {AwsError} `InvalidParameterValue` */
export function messageAttributes(given: unknown): Attributes {
  const attributes: Record<string, MessageAttribute> = {};
  for (const [name, value] of Object.entries(fields(given))) {
    const { DataType, StringValue, BinaryValue } = fields(value);
    const type = text(DataType) ?? '';
    const string = text(StringValue);
    const binary = text(BinaryValue);
    const kind = type.split('.')[0];
    if (kind === 'Binary' && binary !== undefined) {
      attributes[name] = { DataType: type, BinaryValue: binary };
    } else if ((kind === 'String' || kind === 'Number') && string !== undefined) {
      attributes[name] = { DataType: type, StringValue: string };
    } else {
      throw new AwsError(
        'InvalidParameterValue',
        `message attribute ${name} has no value of its type ${type}`,
      );
    }
  }
  return attributes;
}

/** Developer Guide, "Calculating the MD5 message digest for message attributes". */
export function md5OfAttributes(attributes: Attributes): string {
  const hash = createHash('md5');
  const add = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const name of Object.keys(attributes).sort()) {
    const attribute = attributes[name];
    if (!attribute) continue;
    add(Buffer.from(name));
    add(Buffer.from(attribute.DataType));
    hash.update(Buffer.of(attribute.BinaryValue === undefined ? 1 : 2));
    add(
      attribute.BinaryValue === undefined
        ? Buffer.from(attribute.StringValue ?? '')
        : Buffer.from(attribute.BinaryValue, 'base64'),
    );
  }
  return hash.digest('hex');
}

/** A message in the reply of ReceiveMessage, with the attributes that were asked for. */
export function receivedMessage(message: Message, receipt: string, input: Fields): object {
  const system: Record<string, string> = {
    SenderId: message.sender,
    SentTimestamp: String(message.sentAt),
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt ?? 0),
    ...(message.source === undefined ? {} : { DeadLetterQueueSourceArn: message.source }),
  };
  const names = [...list(input['MessageSystemAttributeNames']), ...list(input['AttributeNames'])];
  const shown = chosen(system, names);
  const own = chosen(message.attributes, list(input['MessageAttributeNames']));
  return {
    MessageId: message.id,
    ReceiptHandle: receipt,
    Body: message.body,
    MD5OfBody: md5(message.body),
    ...(Object.keys(shown).length > 0 ? { Attributes: shown } : {}),
    ...(Object.keys(own).length > 0
      ? { MessageAttributes: own, MD5OfMessageAttributes: md5OfAttributes(own) }
      : {}),
  };
}

/** `All`, `.*`, `prefix.*` or plain names. */
function chosen<T>(all: Readonly<Record<string, T>>, names: readonly unknown[]): Record<string, T> {
  const matches = (name: string) =>
    names.some(
      (n) =>
        n === 'All' ||
        n === '.*' ||
        n === name ||
        (typeof n === 'string' && n.endsWith('.*') && name.startsWith(n.slice(0, -1))),
    );
  return Object.fromEntries(Object.entries(all).filter(([name]) => matches(name)));
}
