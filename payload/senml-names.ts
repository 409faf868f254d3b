/**
 * Channels of SenML names.
 *
 * The name of a record is its base name and its own name in one (RFC 8428 §4.5.1). Its channel is made so:
 * 1. `urn:dev:TYPE:ID` at the beginning is the device (RFC 9039), which the topic tells already: it is left out with the
 *    `:`, `/` or `_` that follows. No other prefix is: `inlet/temp` and `outlet/temp` are two channels.
 * 2. `:` and `/` become `.`, and capital letters small ones.
 * 3. Where nothing is left, the channel is `value`. Where no letter comes first, `n` is put before it.
 *
 * | name | channel |
 * |---|---|
 * | `urn:dev:ow:10e2073a01080063:inlet/temp` | `inlet.temp` |
 * | `urn:dev:ow:10e2073a01080063_Temp` | `temp` |
 * | `urn:dev:ow:10e2073a01080063` | `value` |
 * | `2001:db8::2/temperature` | `n2001.db8.2.temperature` |
 * | `/3303/0/5700` (LwM2M) | `n3303.0.5700` |
 *
 * Two names of one message that give one channel would overwrite each other's points: the message is refused.
 */
import { UndecodableMessage } from '../contracts/messages/message.ts';

const DEVICE = /^urn:dev:[^:]+:[^:/_]*[:/_]?/i;
/** RFC 8428 §4.5.1, and the `/` before it that LwM2M writes. */
const NAME = /^\/?[A-Za-z0-9][A-Za-z0-9\-:./_]*$/;

/** Whether a name, base name included, is one of SenML. */
export const isSenmlName = (name: string): boolean => NAME.test(name);

/**
 * The channel of a name, by the rule at the top of this file.
 * @param name with its base name; see {@link isSenmlName}
 * @returns a channel name as instrument types declare it, but for its length
 */
export const channelOf = (name: string): string => {
  const words = name
    .replace(DEVICE, '')
    .toLowerCase()
    .split(/[:/.]/)
    .filter((word) => word !== '');
  const channel = words.length === 0 ? 'value' : words.join('.');
  return /^[a-z]/.test(channel) ? channel : `n${channel}`;
};

/** The channels of one message. */
export class SenmlChannels {
  private readonly channels = new Map<string, string>();
  private readonly names = new Map<string, string>();

  /**
   * The channel of a name.
   * @param pointer where the name stands
   * @throws {UndecodableMessage} `ambiguous-channel` when another name has it already
   */
  of(name: string, pointer: string): string {
    const known = this.channels.get(name);
    if (known !== undefined) return known;
    const channel = channelOf(name);
    this.take(channel, name, pointer);
    this.channels.set(name, channel);
    return channel;
  }

  /** As {@link of}, for the sums of a name. */
  sumOf(name: string, pointer: string): string {
    const channel = `${this.of(name, pointer)}.sum`;
    this.take(channel, `the sum of ${name}`, pointer);
    return channel;
  }

  private take(channel: string, name: string, pointer: string): void {
    const other = this.names.get(channel);
    if (other === name) return;
    if (other !== undefined) {
      throw new UndecodableMessage(
        'ambiguous-channel',
        `${other} and ${name} are both the channel ${channel}.`,
        pointer,
      );
    }
    this.names.set(channel, name);
  }
}
